// SPDX-License-Identifier: GPL-2.0

//! Class D: the handler takes the proof of being in the handler out of its reference, to keep it.
//!
//! Rejected: there is no value of it to be had, only a reference.

use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

fn keep<T: 'static>(_later: T) {}

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        #[cfg(fault)]
        keep(*cx); //~ E0507
        #[cfg(not(fault))]
        keep(cx.schedule());
    }
}
