// SPDX-License-Identifier: GPL-2.0

//! Class J: shared data is used after the lock was released.
//!
//! Rejected: a reference to the data borrows the guard.

use rust_tasklet::{
    SpinLockBh,
    TaskletContext, //
};

fn handler(packets: &SpinLockBh<u32>, cx: &TaskletContext) {
    let mut guard = packets.lock_with(cx);
    let packets = &mut *guard;
    *packets += 1;
    #[cfg(fault)]
    drop(guard); //~ E0505
    *packets += 1;
}
