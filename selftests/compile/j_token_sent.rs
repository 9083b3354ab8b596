// SPDX-License-Identifier: GPL-2.0

//! Class J: the proof of softirq context is used by a thread.
//!
//! Rejected: the token cannot be sent to another thread.

use kernel::{
    prelude::*,
    sync::Arc,
    workqueue, //
};
use rust_tasklet::{
    SpinLockBh,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    packets: Arc<SpinLockBh<u32>>,
}

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        let packets = self.packets.clone();
        let context = cx;
        *packets.lock_with(context) += 1;
        #[cfg(fault)]
        let later = move || *packets.lock_with(context) = 0;
        #[cfg(not(fault))]
        let later = move || *packets.lock() = 0;
        // Out of memory: then not.
        let _ = workqueue::system().try_spawn(GFP_ATOMIC, later); //~ E0277 cannot be shared between threads safely
    }
}
