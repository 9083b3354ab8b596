// SPDX-License-Identifier: GPL-2.0

//! Counters, flags and sequences, for any context.

use kernel::{
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
    types::ScopeGuard, //
};

use crate::c;

/// A counter for any context.
pub struct Counter(Atomic<u32>);

impl Counter {
    /// A counter at zero.
    #[inline]
    pub const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Adds to the counter; returns what it was.
    #[inline]
    pub fn add(&self, by: u32) -> u32 {
        self.0.fetch_add(by, Full)
    }

    /// Subtracts one.
    #[inline]
    pub fn sub1(&self) {
        self.0.fetch_add(u32::MAX, Full);
    }

    /// The count.
    #[inline]
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Overwrites the count; returns what it was.
    #[inline]
    pub fn set(&self, to: u32) -> u32 {
        self.0.xchg(to, Full)
    }
}

/// A flag for any context. Setting it orders like a release, seeing it set like an acquire.
pub struct Flag(Counter);

impl Flag {
    /// A flag that is not set.
    #[inline]
    pub const fn new() -> Self {
        Self(Counter::new())
    }

    /// Sets the flag.
    #[inline]
    pub fn set(&self) {
        self.0.set(1);
    }

    /// Clears the flag.
    #[inline]
    pub fn clear(&self) {
        self.0.set(0);
    }

    /// Whether it is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.add(0) != 0
    }

    /// Sleeps until it is set, for as long as that takes: for threads that accompany a case.
    #[inline]
    pub fn wait(&self) {
        while !self.is_set() {
            c::selftest_doze();
        }
    }

    /// Sets the flag when the guard goes out of scope, however that happens.
    #[inline]
    pub fn set_on_drop(&self) -> impl Drop + use<'_> {
        ScopeGuard::new(|| self.set())
    }
}

/// The order in which things happened, at most 32 of them.
pub struct Sequence {
    next: Counter,
    entries: [Atomic<u32>; Self::SIZE],
}

impl Sequence {
    const SIZE: usize = 32;

    /// Nothing has happened yet.
    #[inline]
    pub const fn new() -> Self {
        Self {
            next: Counter::new(),
            entries: [const { Atomic::new(u32::MAX) }; Self::SIZE],
        }
    }

    /// `what` happened now.
    #[inline]
    pub fn push(&self, what: u32) {
        if let Some(entry) = self.entries.get(self.next.add(1) as usize) {
            entry.xchg(what, Full);
        }
    }

    /// How many things have happened.
    #[inline]
    pub fn len(&self) -> usize {
        self.next.get() as usize
    }

    /// Whether nothing has happened yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether exactly `expected` happened, in this order.
    #[inline]
    pub fn is(&self, expected: &[u32]) -> bool {
        self.len() == expected.len()
            && expected
                .iter()
                .zip(&self.entries)
                .all(|(&what, entry)| entry.load(Relaxed) == what)
    }

    /// The `index`th thing that happened.
    #[inline]
    pub fn get(&self, index: usize) -> Option<u32> {
        (index < self.len()).then(|| self.entries.get(index).map(|entry| entry.load(Relaxed)))?
    }

    /// Forgets everything.
    #[inline]
    pub fn clear(&self) {
        self.next.set(0);
    }
}

/// Counters in the harness, which outlive the module that counts. Returns the old value.
#[inline]
pub fn tally(index: u32, by: u32) -> u32 {
    c::selftest_tally_add(index, by)
}
