// SPDX-License-Identifier: GPL-2.0

//! Class O: an operation that the driver must vouch for, in the value that is given to `new_spinlock_bh!`.
//!
//! Rejected: no `unsafe` code of a macro extends to the value.

use kernel::prelude::*;
use rust_tasklet::{
    new_spinlock_bh,
    SpinLockBh, //
};

fn packets() -> impl PinInit<SpinLockBh<u32>> {
    #[cfg(fault)]
    let packets = new_spinlock_bh!(1u32.unchecked_add(1), "packets"); //~ E0133
    #[cfg(not(fault))]
    let packets = new_spinlock_bh!(1 + 1, "packets");
    packets
}
