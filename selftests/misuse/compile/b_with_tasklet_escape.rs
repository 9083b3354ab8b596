// SPDX-License-Identifier: GPL-2.0

//! Class B: a tasklet that is live during a call only is kept and scheduled after the call.
//!
//! Rejected: the reference is good within the closure of `with_tasklet` only.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    with_tasklet,
    EmbeddedTasklet,
    TaskletContext,
    TaskletItem, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletItem for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
}

fn driver(nic: Pin<&Nic>) -> Result<bool> {
    #[cfg(fault)]
    let rx: &EmbeddedTasklet<Nic> = with_tasklet(nic, |rx: &EmbeddedTasklet<Nic>| rx)?; //~ lifetime may not live long enough
    #[cfg(fault)]
    let queued = rx.schedule();
    #[cfg(not(fault))]
    let queued = with_tasklet(nic, |rx: &EmbeddedTasklet<Nic>| rx.schedule())?;
    Ok(queued)
}
