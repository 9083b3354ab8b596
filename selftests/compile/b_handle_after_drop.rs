// SPDX-License-Identifier: GPL-2.0

//! Class B: the tasklet of a driver is scheduled after the driver was freed.
//!
//! Rejected: the handle that owned it was dropped.

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
    let nic = TaskletHandle::<_>::activate(nic)?;
    #[cfg(fault)]
    drop(nic);
    nic.rx.schedule(); //~ E0382
    Ok(())
}
