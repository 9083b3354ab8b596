// SPDX-License-Identifier: GPL-2.0

//! Class F: a handler kills its own tasklet, and waits for itself.
//!
//! Rejected: what a handler is given can schedule the tasklet, and do nothing that waits.

use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        #[cfg(fault)]
        let _ = cx.kill(); //~ E0599 no method named `kill`
        #[cfg(not(fault))]
        cx.hi_schedule();
    }
}
