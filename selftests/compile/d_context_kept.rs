// SPDX-License-Identifier: GPL-2.0

//! Class D: the handler keeps the proof of being in the handler for later.
//!
//! Rejected: the token lives no longer than the run.

use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

fn keep<T: 'static>(_later: T) {}

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        #[cfg(fault)]
        keep(cx); //~ E0521 borrowed data escapes
        #[cfg(not(fault))]
        keep(cx.schedule());
    }
}
