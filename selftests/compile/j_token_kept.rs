// SPDX-License-Identifier: GPL-2.0

//! Class J: the proof of softirq context is kept until after the softirq.
//!
//! Rejected: the token lives no longer than the run.

use rust_tasklet::{
    SoftirqContext,
    TaskletContext,
    TaskletHandler, //
};

fn keep<T: 'static>(_later: T) {}

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        let context: &SoftirqContext = cx;
        #[cfg(fault)]
        keep(context); //~ E0521
        #[cfg(not(fault))]
        let _ = context;
    }
}
