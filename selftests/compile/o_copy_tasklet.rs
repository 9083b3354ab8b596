// SPDX-License-Identifier: GPL-2.0

//! Class O: a queued tasklet is copied with its state word and its links.
//!
//! Rejected: a tasklet cannot be copied.

use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

#[cfg_attr(fault, derive(Clone))]
struct Nic {
    rx: Tasklet<Rx>, //~ E0277 `BottomHalf<Rx, TaskletContext>: Clone` is not satisfied
}

#[derive(Clone)]
struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}
