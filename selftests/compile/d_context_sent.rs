// SPDX-License-Identifier: GPL-2.0

//! Class D: the handler hands the proof of being in the handler to a thread.
//!
//! Rejected: the token cannot be sent to another thread.

use kernel::{
    prelude::*,
    workqueue, //
};
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        #[cfg(fault)]
        let later = move || _ = cx.schedule();
        #[cfg(not(fault))]
        let later = || {};
        #[cfg(not(fault))]
        cx.schedule();
        // Out of memory: then not.
        let _ = workqueue::system().try_spawn(GFP_ATOMIC, later); //~ E0277 cannot be shared between threads safely
    }
}
