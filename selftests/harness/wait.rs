// SPDX-License-Identifier: GPL-2.0

//! Waiting for events that must happen, and giving time to those that must not.
//!
//! Limits are those of an idle machine; on a slow one, [`patience`] makes them longer.

use crate::c;

/// How long [`wait!`] and [`spin_until`] wait before they call it a failure.
pub(crate) const PATIENCE_MS: u64 = 10_000;
/// How long they wait in a case that has failed already.
pub(crate) const NO_PATIENCE_MS: u64 = 500;

#[inline]
pub(crate) fn poll(limit_ms: u64, condition: impl Fn() -> bool, pause: extern "C" fn()) -> bool {
    let end = c::selftest_now_ns() + patience(limit_ms * 1_000_000);
    loop {
        if condition() {
            return true;
        }
        if c::selftest_now_ns() > end {
            // It may have come true since, on a host that stalled this CPU.
            return condition();
        }
        pause();
    }
}

/// The limit for this machine that is `limit` on an idle one.
#[inline]
pub fn patience(limit: u64) -> u64 {
    c::selftest_scale(limit)
}

/// Spins until `condition` holds, in any context. False: it did not come true in time.
#[inline]
pub fn spin_until(condition: impl Fn() -> bool) -> bool {
    poll(PATIENCE_MS, condition, c::selftest_relax)
}

/// Spins for a while, in any context.
#[inline]
pub fn spin_for(microseconds: u32) {
    let end = c::selftest_now_ns() + 1000 * u64::from(microseconds);
    while c::selftest_now_ns() < end {
        c::selftest_relax();
    }
}

/// Calls `f` and returns how many microseconds that took.
#[inline]
pub fn microseconds(f: impl FnOnce()) -> u64 {
    let start = c::selftest_now_ns();
    f();
    (c::selftest_now_ns() - start) / 1000
}

/// Gives code that should wait, and might not, time to show it.
///
/// Never needed for a correct implementation to pass.
#[inline]
pub fn temptation() {
    let end = c::selftest_now_ns() + patience(30_000_000);
    while c::selftest_now_ns() < end {
        c::selftest_doze();
    }
}

/// `mem::forget()`, for tests that leak on purpose: kmemleak keeps quiet about what `value` owns.
#[inline]
pub fn forget<T>(value: T) {
    // SAFETY: `value` is valid for reads of its size.
    unsafe { c::selftest_remember((&raw const value).cast(), size_of::<T>()) };
    core::mem::forget(value);
}

/// Nanoseconds since some time in the past, for any context.
#[inline]
pub fn now_ns() -> u64 {
    c::selftest_now_ns()
}

/// Sleeps for a moment.
#[inline]
pub fn doze() {
    c::selftest_doze()
}

/// Lets other threads have the CPU, if there are any.
#[inline]
pub fn resched() {
    c::selftest_resched()
}

/// Returns when every tasklet that was due on any CPU at the time of the call has run.
///
/// Must not be called while a handler is held: it would wait for that handler's CPU.
#[inline]
pub fn drain() {
    c::selftest_drain()
}
