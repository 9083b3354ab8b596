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

use crate::bindings;

use super::{
    KernelTasklet,
    Word, //
};

impl Word {
    #[inline(always)]
    fn as_rust(&self) -> &AtomicU64 {
        // SAFETY: The word is valid while it is borrowed, and all access to it is atomic.
        unsafe { AtomicU64::from_ptr(self.0.as_ptr()) }
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> u64 {
        // SAFETY: The word is valid; this is READ_ONCE().
        unsafe { self.0.as_ptr().read_volatile() }
    }

    #[inline(always)]
    pub(crate) fn load_acquire(&self) -> u64 {
        self.as_rust().load(Acquire)
    }

    #[inline]
    pub(crate) fn cmpxchg(&self, old: u64, new: u64) -> Result<(), u64> {
        self.as_rust()
            .compare_exchange(old, new, SeqCst, SeqCst)
            .map(drop)
    }

    #[inline(always)]
    pub(crate) fn fetch_add(&self, n: u64) -> u64 {
        self.as_rust().fetch_add(n, SeqCst)
    }
}

impl KernelTasklet {
    #[inline(always)]
    fn state_word(&self) -> &AtomicUsize {
        // SAFETY: It is initialised, by the type invariant; all access to the word is atomic.
        unsafe { AtomicUsize::from_ptr(&raw mut (*self.0.get()).state) }
    }

    #[inline(always)]
    pub(crate) fn test_and_set_sched(&self) -> bool {
        const SCHED: usize = 1 << bindings::TASKLET_STATE_SCHED;
        // `lock bts` and a jump.
        self.state_word().fetch_or(SCHED, SeqCst) & SCHED != 0
    }

    #[inline(always)]
    pub(crate) fn add_count(&self, n: i32) {
        // SAFETY: It is initialised, by the type invariant; all access to the count is atomic.
        unsafe { AtomicI32::from_ptr(&raw mut (*self.0.get()).count.counter) }.fetch_add(n, SeqCst);
    }

    #[inline]
    pub(super) fn state(&self) -> usize {
        self.state_word().load(Acquire)
    }
}
