// SPDX-License-Identifier: GPL-2.0

//! Class J: the handler writes a field that the driver reads.
//!
//! Rejected: a handler has its data by shared reference; what changes is behind an atomic or a lock.

#[cfg(not(fault))]
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    #[cfg(fault)]
    packets: u32,
    #[cfg(not(fault))]
    packets: Atomic<u32>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        #[cfg(fault)]
        {
            self.packets += 1; //~ E0594
        }
        #[cfg(not(fault))]
        self.packets.fetch_add(1, Relaxed);
    }
}
