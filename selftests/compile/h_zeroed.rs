// SPDX-License-Identifier: GPL-2.0

//! Class H: a driver from `kzalloc()` is used with its tasklet all zeroes, which calls a null pointer.
//!
//! Rejected: a tasklet of zeroes is no tasklet.

use kernel::prelude::*;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

fn driver() -> Result {
    #[cfg(fault)]
    let rx: Pin<KBox<Tasklet<Rx>>> = KBox::pin_init(pin_init::init_zeroed(), GFP_KERNEL)?; //~ E0277 `BottomHalf<Rx, TaskletContext>: Zeroable` is not satisfied
    #[cfg(not(fault))]
    let rx: Pin<KBox<Tasklet<Rx>>> = KBox::pin_init(Tasklet::new(Rx), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
