// SPDX-License-Identifier: GPL-2.0

//! Class N: a work that replaced a tasklet is queued on both BH workqueues, and runs on two CPUs at once.
//!
//! Rejected: a work has one priority from the start, so neither the work nor its handler has a `hi_schedule`.

use rust_tasklet::{
    BhContext,
    BhWork,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler<BhContext> for Rx {
    fn run(&self, cx: &BhContext) {
        cx.schedule();
        #[cfg(fault)]
        cx.hi_schedule(); //~ E0599 no method named `hi_schedule`
    }
}

fn top_half(rx: &BhWork<Rx>) {
    rx.schedule();
    #[cfg(fault)]
    rx.hi_schedule(); //~ E0599 no method named `hi_schedule`
}
