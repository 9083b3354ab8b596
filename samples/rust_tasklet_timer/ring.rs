// SPDX-License-Identifier: GPL-2.0

//! The queue from the top half to a bottom half.
//!
//! It has no lock, because no simple lock is right here: the producer runs in hard interrupt context,
//! where a `SpinLock` must not be taken on a PREEMPT_RT kernel, because it sleeps there. One producer and
//! one consumer need none: a timer callback never overlaps itself, and neither does a tasklet handler.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    }, //
};

use crate::zeros;

/// How many time stamps fit in; a power of two, so that the indices may wrap.
const LEN: usize = 1024;

/// A queue of time stamps with one producer and one consumer.
///
/// `head - tail` is the number of stamps inside. Both indices only ever grow, and wrap.
pub(crate) struct Ring {
    slots: KVec<Atomic<u64>>,
    /// The index of the next stamp; written by the producer only.
    head: Atomic<usize>,
    /// The index of the oldest stamp; written by the consumer only.
    tail: Atomic<usize>,
}

impl Ring {
    /// Returns an empty ring.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            slots: zeros(LEN)?,
            head: Atomic::new(0),
            tail: Atomic::new(0),
        })
    }

    /// Adds a stamp; returns false if the ring is full and the stamp was dropped.
    pub(crate) fn push(&self, stamp: u64) -> bool {
        let head = self.head.load(Relaxed);
        // Acquire: the consumer must have read a slot before it is written again.
        if head.wrapping_sub(self.tail.load(Acquire)) >= LEN {
            return false;
        }
        self.slots[head % LEN].store(stamp, Relaxed);
        // Release: a consumer that sees the new head must see the stamp.
        self.head.store(head.wrapping_add(1), Release);
        true
    }

    /// Takes out the stamps that are inside now, the oldest first.
    ///
    /// Stamps that are pushed later stay inside, so a fast producer cannot keep the consumer busy for ever.
    /// The producer's next schedule makes the consumer run once more.
    pub(crate) fn drain(&self) -> Drain<'_> {
        Drain {
            ring: self,
            end: self.head.load(Acquire),
        }
    }

    /// Returns how many stamps are inside.
    pub(crate) fn len(&self) -> usize {
        let tail = self.tail.load(Relaxed);
        self.head.load(Relaxed).wrapping_sub(tail)
    }
}

/// The stamps that were in a [`Ring`] when [`Ring::drain`] was called.
pub(crate) struct Drain<'a> {
    ring: &'a Ring,
    end: usize,
}

impl Iterator for Drain<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let tail = self.ring.tail.load(Relaxed);
        if tail == self.end {
            return None;
        }
        let stamp = self.ring.slots[tail % LEN].load(Relaxed);
        self.ring.tail.store(tail.wrapping_add(1), Release);
        Some(stamp)
    }
}
