// SPDX-License-Identifier: GPL-2.0

//! Class J: the driver reads what a closure changes without a lock while it runs.
//!
//! Rejected: a closure is not shown to anybody; data to be looked at is in a handler type.

#[cfg(fault)]
use rust_tasklet::TaskletFn;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    packets: u32,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

#[cfg(fault)]
fn packets<F: FnMut(&TaskletContext) + Send>(rx: &Tasklet<TaskletFn<F>>) {
    let _ = rx.handler(); //~ E0599
}

#[cfg(not(fault))]
fn packets(rx: &Tasklet<Rx>) {
    let _ = rx.handler();
}
