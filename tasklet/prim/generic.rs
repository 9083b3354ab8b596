// SPDX-License-Identifier: GPL-2.0

//! Any architecture: the kernel's own atomics, and C helpers.

use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed, //
};

use crate::bindings;

use super::{
    KernelTasklet,
    Word, //
};

impl Word {
    #[inline]
    pub(crate) fn load(&self) -> u64 {
        self.0.load(Relaxed)
    }

    #[inline]
    pub(crate) fn load_acquire(&self) -> u64 {
        self.0.load(Acquire)
    }

    #[inline]
    pub(crate) fn cmpxchg(&self, old: u64, new: u64) -> Result<(), u64> {
        self.0.cmpxchg(old, new, Full).map(drop)
    }

    #[inline]
    pub(crate) fn fetch_add(&self, n: u64) -> u64 {
        self.0.fetch_add(n, Full)
    }
}

impl KernelTasklet {
    #[inline]
    pub(crate) fn test_and_set_sched(&self) -> bool {
        // SAFETY: It is initialised, by the type invariant.
        unsafe { bindings::rust_tasklet_test_and_set_sched(self.0.get()) }
    }

    #[inline]
    pub(crate) fn add_count(&self, n: i32) {
        // SAFETY: It is initialised, by the type invariant.
        unsafe { bindings::rust_tasklet_add_count(self.0.get(), n) };
    }

    #[inline]
    pub(super) fn state(&self) -> usize {
        // SAFETY: It is initialised, by the type invariant; all access to the word is atomic.
        unsafe { Atomic::<usize>::from_ptr(&raw mut (*self.0.get()).state) }.load(Acquire)
    }
}
