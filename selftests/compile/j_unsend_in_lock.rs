// SPDX-License-Identifier: GPL-2.0

//! Class J: a lock around data that is tied to one thread.
//!
//! Rejected: a thread that takes the lock may drop the data, so a shared lock takes only what is `Send`.

use kernel::prelude::*;
#[cfg(fault)]
use kernel::sync::lock::{
    mutex::MutexBackend,
    Guard, //
};
use rust_tasklet::{
    SpinLockBh,
    TaskletContext,
    TaskletHandler, //
};

#[cfg(fault)]
type State = Guard<'static, u32, MutexBackend>;
#[cfg(not(fault))]
type State = u32;

#[pin_data]
struct Rx {
    #[pin]
    state: SpinLockBh<State>,
}

impl TaskletHandler for Rx {
    //~^ E0277 `*mut ()` cannot be sent between threads safely
    fn run(&self, _cx: &TaskletContext) {}
}
