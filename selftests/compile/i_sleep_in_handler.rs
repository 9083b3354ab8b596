// SPDX-License-Identifier: GPL-2.0

//! Class I: a callback waits for an event with a lock held, that is, sleeps.
//!
//! Rejected: the guard of a handler's lock is not one that a `CondVar` can wait with.

use kernel::{
    prelude::*,
    sync::CondVar, //
};
use rust_tasklet::{
    SpinLockBh,
    TaskletContext,
    TaskletHandler, //
};

#[pin_data]
struct Rx {
    #[pin]
    packets: SpinLockBh<u32>,
    #[pin]
    more: CondVar,
}

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        let mut packets = self.packets.lock_with(cx);
        *packets += 1;
        #[cfg(fault)]
        self.more.wait(&mut packets); //~ E0308
        #[cfg(not(fault))]
        self.more.notify_all();
    }
}
