// SPDX-License-Identifier: GPL-2.0

//! Class H: a tasklet is put together by hand, half of it missing.
//!
//! Rejected: its parts are private.

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
    let rx = Tasklet { handler: Rx }; //~ with struct literal syntax due to private fields
    #[cfg(not(fault))]
    let rx = KBox::pin_init(Tasklet::new(Rx), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
