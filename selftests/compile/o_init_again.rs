// SPDX-License-Identifier: GPL-2.0

//! Class O: `tasklet_setup()` on a tasklet that is queued.
//!
//! Rejected: there is no value of a tasklet to assign, only a recipe for a fresh place.

use core::pin::Pin;
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

fn driver(mut rx: Pin<KBox<Tasklet<Rx>>>) -> Result {
    rx.schedule();
    #[cfg(fault)]
    rx.set(Tasklet::new(Rx)); //~ E0308
    #[cfg(not(fault))]
    {
        rx = KBox::pin_init(Tasklet::new(Rx), GFP_KERNEL)?;
    }
    rx.schedule();
    Ok(())
}
