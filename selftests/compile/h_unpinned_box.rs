// SPDX-License-Identifier: GPL-2.0

//! Class H: a tasklet is made where it may be moved afterwards.
//!
//! Rejected: its recipe works for pinned places only.

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
    let rx = KBox::<Tasklet<Rx>>::init(Tasklet::new(Rx), GFP_KERNEL)?; //~ E0277
    #[cfg(not(fault))]
    let rx = KBox::pin_init(Tasklet::new(Rx), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
