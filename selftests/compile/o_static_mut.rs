// SPDX-License-Identifier: GPL-2.0

//! Class O: a static tasklet that may be swapped for another one while it is queued.
//!
//! Rejected: `static_tasklet!` has no `mut`.

use rust_tasklet::{
    static_tasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

static_tasklet! {
    #[cfg(not(fault))]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(fault)]
static_tasklet! {
    static mut RX: Tasklet<Rx> = Rx; //~ no rules expected
}
