// SPDX-License-Identifier: GPL-2.0

//! Class J: a driver holds a mutex, and whichever thread drops its last reference would unlock it.
//!
//! Rejected: a live driver may be freed by another thread, so it must be `Send`, and a guard is not.

#[cfg(fault)]
use kernel::sync::lock::{
    mutex::MutexBackend,
    Guard, //
};
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

#[cfg(fault)]
type State = Guard<'static, u32, MutexBackend>;
#[cfg(not(fault))]
type State = u32;

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
    state: State,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

fn driver(state: State) -> Result {
    let nic = Arc::pin_init(
        pin_init!(Nic { rx <- Tasklet::embedded(), state }),
        GFP_KERNEL,
    )?;
    let _nic = TaskletHandle::<_>::activate(nic)?; //~ E0277 `*mut ()` cannot be sent between threads safely
    Ok(())
}
