// SPDX-License-Identifier: GPL-2.0

//! Class J: shared data is used without its lock.
//!
//! Rejected: the data is inside of the lock.

use rust_tasklet::SpinLockBh;

struct Stats {
    packets: u32,
}

fn packets(stats: &SpinLockBh<Stats>) -> u32 {
    #[cfg(not(fault))]
    let stats = stats.lock();
    stats.packets //~ E0609
}
