// SPDX-License-Identifier: GPL-2.0

//! `disable()` while holding a lock that the handler takes: lockdep reports it. It reports once a boot, so
//! this is for `misuse/expect-reports`, which boots a kernel for it.

use harness::prelude::*;

#[path = "misuse/lock_order.rs"]
pub mod lock_order;

suite! {
    "lockdep_disable",
    "Reported by lockdep: disable() under a lock that the handler takes",
    [without_the_fault, disable_under_lock]
}

fn without_the_fault(t: &Test) -> Result {
    lock_order::wait_for_handler(t, false, |tasklet| tasklet.disable().map(|_| ()))
}

fn disable_under_lock(t: &Test) -> Result {
    lock_order::wait_for_handler(t, true, |tasklet| tasklet.disable().map(|_| ()))
}
