// SPDX-License-Identifier: GPL-2.0

//! Class C: the callback frees its own data, with the tasklet that the kernel still writes to.
//!
//! Rejected: a handler has its data by shared reference, and the owner is elsewhere.

use kernel::prelude::*;
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    #[cfg(fault)]
    fn run(self: KBox<Self>, _cx: &TaskletContext) {
        //~^ E0053
        drop(self);
    }
    #[cfg(not(fault))]
    fn run(&self, _cx: &TaskletContext) {
        let _ = KBox::new(Rx, GFP_ATOMIC);
    }
}
