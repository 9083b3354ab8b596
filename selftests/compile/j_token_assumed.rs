// SPDX-License-Identifier: GPL-2.0

//! Class J: process context locks like a handler, which then interrupts it and waits for ever.
//!
//! Rejected: code that has no token would have to vouch for the context.

#[cfg(fault)]
use rust_tasklet::SoftirqContext;
use rust_tasklet::SpinLockBh;

fn packets(packets: &SpinLockBh<u32>) -> u32 {
    #[cfg(fault)]
    let packets = packets.lock_with(SoftirqContext::assume()); //~ E0133
    #[cfg(not(fault))]
    let packets = packets.lock();
    *packets
}
