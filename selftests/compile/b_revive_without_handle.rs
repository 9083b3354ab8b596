// SPDX-License-Identifier: GPL-2.0

//! Class B: the tasklet of a driver is put back into service although nothing keeps the driver.
//!
//! Rejected: only the handle of an embedded tasklet can revive it, and the handle keeps the driver.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    Tasklet,
    TaskletCallback, //
    TaskletContext,
    TaskletHandle,
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext) {}
}

fn driver() -> Result {
    let nic = KBox::pin_init(pin_init!(Nic { rx <- Tasklet::embedded() }), GFP_KERNEL)?;
    #[cfg(not(fault))]
    let nic = TaskletHandle::<_>::activate(nic)?;
    nic.rx.kill()?;
    #[cfg(fault)]
    nic.rx.revive(); //~ E0277 if it is embedded, its `TaskletHandle` revives it
    #[cfg(not(fault))]
    nic.revive();
    Ok(())
}
