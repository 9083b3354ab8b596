// SPDX-License-Identifier: GPL-2.0

//! Class J: a driver and its handler count in one variable without a lock.
//!
//! Rejected: a live driver is seen by two CPUs, so it must be `Sync`, and a `Cell` is not.

#[cfg(fault)]
use core::cell::Cell;
#[cfg(not(fault))]
use kernel::sync::atomic::Atomic;
use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
};
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
    #[cfg(fault)]
    state: Cell<u32>,
    #[cfg(not(fault))]
    state: Atomic<u32>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

fn driver() -> Result {
    #[cfg(fault)]
    let state = Cell::new(0);
    #[cfg(not(fault))]
    let state = Atomic::new(0);
    let nic = Arc::pin_init(
        pin_init!(Nic { rx <- Tasklet::embedded(), state }),
        GFP_KERNEL,
    )?;
    let _nic = TaskletHandle::<_>::activate(nic)?; //~ E0277 `Cell<u32>` cannot be shared between threads safely
    Ok(())
}
