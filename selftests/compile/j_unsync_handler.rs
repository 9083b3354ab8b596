// SPDX-License-Identifier: GPL-2.0

//! Class J: handler and driver count in one variable without a lock.
//!
//! Rejected: a handler is looked at by two CPUs, so it must be `Sync`, and a `Cell` is not.

#[cfg(fault)]
use core::cell::Cell;
#[cfg(not(fault))]
use kernel::sync::atomic::Atomic;
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    #[cfg(fault)]
    packets: Cell<u32>,
    #[cfg(not(fault))]
    packets: Atomic<u32>,
}

impl TaskletHandler for Rx {
    //~^ E0277 `Cell<u32>` cannot be shared between threads safely
    fn run(&self, _cx: &TaskletContext) {}
}
