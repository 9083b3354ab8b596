// SPDX-License-Identifier: GPL-2.0

//! x86-64: the hot path as the instructions that C compiles to.

use core::sync::atomic::{
    AtomicI32,
    AtomicU64,
    AtomicUsize,
    Ordering::{
        Acquire,
        SeqCst, //
    }, //
};

use kernel::sync::atomic::Atomic;

use crate::bindings;

#[inline(always)]
fn rust_atomic(word: &Atomic<u64>) -> &AtomicU64 {
    // SAFETY: The word is valid while it is borrowed, and all access to it is atomic.
    unsafe { AtomicU64::from_ptr(word.as_ptr()) }
}

#[inline(always)]
pub(super) fn load(word: &Atomic<u64>) -> u64 {
    // SAFETY: The word is valid; this is READ_ONCE().
    unsafe { word.as_ptr().read_volatile() }
}

#[inline(always)]
pub(super) fn load_acquire(word: &Atomic<u64>) -> u64 {
    rust_atomic(word).load(Acquire)
}

#[inline]
pub(super) fn cmpxchg(word: &Atomic<u64>, old: u64, new: u64) -> Result<(), u64> {
    rust_atomic(word)
        .compare_exchange(old, new, SeqCst, SeqCst)
        .map(drop)
}

#[inline(always)]
pub(super) fn fetch_add(word: &Atomic<u64>, n: u64) -> u64 {
    rust_atomic(word).fetch_add(n, SeqCst)
}

/// # Safety
///
/// `t` must be initialised.
#[inline(always)]
pub(super) unsafe fn test_and_set_sched(t: *mut bindings::tasklet_struct) -> bool {
    const SCHED: usize = 1 << bindings::TASKLET_STATE_SCHED;
    // SAFETY: By the contract of this function; all access to the word is atomic.
    let state = unsafe { AtomicUsize::from_ptr(&raw mut (*t).state) };
    // `lock bts` and a jump.
    state.fetch_or(SCHED, SeqCst) & SCHED != 0
}

/// # Safety
///
/// `t` must be initialised.
#[inline(always)]
pub(super) unsafe fn add_count(t: *mut bindings::tasklet_struct, n: i32) {
    // SAFETY: By the contract of this function; all access to the count is atomic.
    unsafe { AtomicI32::from_ptr(&raw mut (*t).count.counter) }.fetch_add(n, SeqCst);
}

/// # Safety
///
/// `t` must be initialised.
#[inline]
pub(super) unsafe fn state(t: *mut bindings::tasklet_struct) -> usize {
    // SAFETY: By the contract of this function; all access to the word is atomic.
    unsafe { AtomicUsize::from_ptr(&raw mut (*t).state) }.load(Acquire)
}
