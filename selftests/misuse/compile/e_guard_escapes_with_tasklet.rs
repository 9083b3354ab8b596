// SPDX-License-Identifier: GPL-2.0

//! Class E: a guard leaves the call during which its tasklet is live.
//!
//! Rejected: it borrows a reference that is good within the closure of `with_tasklet` only.

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

fn driver(nic: Pin<&Nic>) -> Result {
    #[cfg(fault)]
    with_tasklet(nic, |rx: &EmbeddedTasklet<Nic>| rx.disable_nosync())?.enable(); //~ lifetime may not live long enough
    #[cfg(not(fault))]
    with_tasklet(nic, |rx: &EmbeddedTasklet<Nic>| {
        rx.disable_nosync().enable()
    })?;
    Ok(())
}
