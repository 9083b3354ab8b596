// SPDX-License-Identifier: GPL-2.0

//! Class J: a handler locks, and a thread unlocks, with the handler's lock held all the while.
//!
//! Rejected: a guard cannot be sent to another thread.

use kernel::{
    prelude::*,
    workqueue, //
};
use rust_tasklet::{
    SpinLockBh,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    packets: &'static SpinLockBh<u32>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let guard = self.packets.lock();
        #[cfg(fault)]
        let later = move || drop(guard);
        #[cfg(not(fault))]
        drop(guard);
        #[cfg(not(fault))]
        let later = || {};
        // Out of memory: then not.
        let _ = workqueue::system().try_spawn(GFP_ATOMIC, later); //~ E0277 cannot be sent between threads safely
    }
}
