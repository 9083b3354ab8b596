// SPDX-License-Identifier: GPL-2.0

//! Any architecture: the kernel's own atomics, and C helpers.

use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed, //
};

use crate::bindings;

#[inline]
pub(super) fn load(word: &Atomic<u64>) -> u64 {
    word.load(Relaxed)
}

#[inline]
pub(super) fn load_acquire(word: &Atomic<u64>) -> u64 {
    word.load(Acquire)
}

#[inline]
pub(super) fn cmpxchg(word: &Atomic<u64>, old: u64, new: u64) -> Result<(), u64> {
    word.cmpxchg(old, new, Full).map(drop)
}

#[inline]
pub(super) fn fetch_add(word: &Atomic<u64>, n: u64) -> u64 {
    word.fetch_add(n, Full)
}

/// # Safety
///
/// `t` must be initialised.
#[inline]
pub(super) unsafe fn test_and_set_sched(t: *mut bindings::tasklet_struct) -> bool {
    // SAFETY: By the contract of this function.
    unsafe { bindings::rust_tasklet_test_and_set_sched(t) }
}

/// # Safety
///
/// `t` must be initialised.
#[inline]
pub(super) unsafe fn add_count(t: *mut bindings::tasklet_struct, n: i32) {
    // SAFETY: By the contract of this function.
    unsafe { bindings::rust_tasklet_add_count(t, n) };
}

/// # Safety
///
/// `t` must be initialised.
#[inline]
pub(super) unsafe fn state(t: *mut bindings::tasklet_struct) -> usize {
    // SAFETY: By the contract of this function; all access to the word is atomic.
    unsafe { Atomic::<usize>::from_ptr(&raw mut (*t).state) }.load(Acquire)
}
