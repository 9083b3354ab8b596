// SPDX-License-Identifier: GPL-2.0

//! Class J: the callback returns with the lock held.
//!
//! Rejected: the guard of a handler's lock borrows the token, which lives no longer than the run.

use rust_tasklet::{
    SpinLockBh,
    TaskletContext,
    TaskletHandler, //
};

fn keep<T: 'static>(_later: T) {}

struct Rx {
    packets: &'static SpinLockBh<u32>,
}

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        #[cfg(fault)]
        keep(self.packets.lock_with(cx)); //~ E0521
        #[cfg(not(fault))]
        keep(*self.packets.lock_with(cx));
    }
}
