// SPDX-License-Identifier: GPL-2.0

//! Class J: the data of a lock is changed without taking it, while a guard of it is alive.
//!
//! Rejected: the guard borrows the lock.

use core::pin::Pin;
use rust_tasklet::SpinLockBh;

fn reset(mut packets: Pin<&mut SpinLockBh<u32>>) {
    let packets_now = packets.lock();
    #[cfg(not(fault))]
    drop(packets_now);
    *SpinLockBh::get_mut(packets.as_mut()) = 0; //~ E0502
    #[cfg(fault)]
    drop(packets_now);
}
