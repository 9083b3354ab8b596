// SPDX-License-Identifier: GPL-2.0

//! Class J: the data of a lock is changed without taking it, while others can take it.
//!
//! Rejected: that takes exclusive access to the lock.

use core::pin::Pin;
use rust_tasklet::SpinLockBh;

#[cfg(fault)]
fn reset(packets: Pin<&SpinLockBh<u32>>) {
    *SpinLockBh::get_mut(packets) = 0; //~ E0308
}

#[cfg(not(fault))]
fn reset(packets: Pin<&mut SpinLockBh<u32>>) {
    *SpinLockBh::get_mut(packets) = 0;
}
