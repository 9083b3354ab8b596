// SPDX-License-Identifier: GPL-2.0

//! `synchronize()` while holding a lock that the handler takes: lockdep reports it. It reports once a boot, so
//! this is for `misuse/expect-reports`, which boots a kernel for it.

use harness::prelude::*;

#[path = "misuse/lock_order.rs"]
pub mod lock_order;

suite! {
    "lockdep_synchronize",
    "Reported by lockdep: synchronize() under a lock that the handler takes",
    [without_the_fault, synchronize_under_lock]
}

fn without_the_fault(t: &Test) -> Result {
    lock_order::wait_for_handler(t, false, |tasklet| tasklet.synchronize())
}

fn synchronize_under_lock(t: &Test) -> Result {
    lock_order::wait_for_handler(t, true, |tasklet| tasklet.synchronize())
}
