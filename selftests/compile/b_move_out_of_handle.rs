// SPDX-License-Identifier: GPL-2.0

//! Class B: a driver with a live tasklet is taken out of the handle that would have parked it.
//!
//! Rejected: a handle lends the driver, and never gives it back.

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
    let handle = TaskletHandle::<_>::activate(nic)?;
    #[cfg(fault)]
    let nic: Nic = *handle; //~ E0507
    #[cfg(not(fault))]
    let nic: &Nic = &handle;
    nic.rx.schedule();
    Ok(())
}
