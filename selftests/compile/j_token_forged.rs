// SPDX-License-Identifier: GPL-2.0

//! Class J: the proof of softirq context is made up.
//!
//! Rejected: it has no public parts.

#[cfg(fault)]
use kernel::types::NotThreadSafe;
#[cfg(fault)]
use rust_tasklet::SoftirqContext;
use rust_tasklet::SpinLockBh;

fn packets(packets: &SpinLockBh<u32>) -> u32 {
    #[cfg(fault)]
    let context = SoftirqContext(NotThreadSafe); //~ E0423
    #[cfg(fault)]
    let packets = packets.lock_with(&context);
    #[cfg(not(fault))]
    let packets = packets.lock();
    *packets
}
