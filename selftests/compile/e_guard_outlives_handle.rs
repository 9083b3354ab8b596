// SPDX-License-Identifier: GPL-2.0

//! Class E: the driver is freed while its tasklet is disabled, and the guard enables freed memory.
//!
//! Rejected: the guard borrows the handle, which owns the driver.

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
    let off = nic.rx.disable()?;
    #[cfg(not(fault))]
    drop(off);
    drop(nic); //~ E0505
    #[cfg(fault)]
    drop(off);
    Ok(())
}
