// SPDX-License-Identifier: GPL-2.0

//! The data of a handler, which notices whether anything else writes to it, and its runs.

use core::array;

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

use crate::{
    invariants::{
        injected,
        violated,
        Invariant, //
    },
    operations,
    slot::Slot, //
};

const ALIVE: u32 = 0x7a5c_1e70;
const DROPPED: u32 = 0xdead_7a5c;

/// The data of a handler.
pub(crate) struct Payload {
    canary: Atomic<u32>,
    /// Of the slot, when this was made.
    generation: Atomic<u32>,
    slot: &'static Slot,
    /// Each run writes to it, without a lock: runs do not overlap.
    words: [Atomic<u64>; 8],
    /// Of the words.
    sum: Atomic<u64>,
}

impl Payload {
    pub(crate) const fn new(slot: &'static Slot, generation: u32) -> Self {
        Self {
            canary: Atomic::new(ALIVE),
            generation: Atomic::new(generation),
            slot,
            words: [const { Atomic::new(0) }; 8],
            sum: Atomic::new(0),
        }
    }

    /// For a static, which is used again.
    pub(crate) fn renew(&self, generation: u32) {
        self.generation.store(generation, Relaxed);
    }

    fn compute_sum(&self) -> u64 {
        self.words
            .iter()
            .fold(0, |sum: u64, word| sum.rotate_left(7) ^ word.load(Relaxed))
    }

    /// Whether it is unchanged since the last run.
    fn is_intact(&self) -> bool {
        let sum = self.compute_sum() ^ u64::from(injected(Invariant::Payload));
        sum == self.sum.load(Relaxed)
    }

    /// A run, of whatever tasklet has this.
    pub(crate) fn run<C: Kind>(&self, cx: &C) {
        match self.canary.load(Relaxed) {
            ALIVE => (),
            DROPPED => return violated(Invariant::LateRun, fmt!("its data was dropped")),
            other => return violated(Invariant::Payload, fmt!("canary {other:x}")),
        }
        if self.generation.load(Relaxed) != self.slot.generation() {
            return violated(
                Invariant::LateRun,
                fmt!("its slot has the next tasklet already"),
            );
        }
        let ledger = &self.slot.ledger;

        ledger.enter();
        if !in_softirq() || in_hardirq() || irqs_disabled() {
            violated(Invariant::Context, fmt!("a run outside of softirq context"));
        }
        if !self.is_intact() {
            violated(Invariant::Payload, fmt!("it changed between two runs"));
        }
        let mut rng = self.slot.handler_rng();
        let words: [u64; 8] = array::from_fn(|_| rng.next());
        for (word, to) in self.words.iter().zip(words) {
            word.store(to, Relaxed);
        }
        self.sum.store(self.compute_sum(), Relaxed);

        operations::in_handler(self.slot, cx, &mut rng);

        if !self
            .words
            .iter()
            .zip(words)
            .all(|(word, is)| word.load(Relaxed) == is)
        {
            violated(Invariant::Payload, fmt!("it changed during a run"));
        }
        self.slot.keep_handler_rng(rng);
        ledger.leave();
    }
}

impl<C: Kind> TaskletHandler<C> for Payload {
    fn run(&self, cx: &C) {
        self.run(cx);
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        let canary = self.canary.xchg(DROPPED, kernel::sync::atomic::Full);
        if canary != ALIVE || injected(Invariant::DropCount) {
            violated(Invariant::DropCount, fmt!("dropped with canary {canary:x}"));
        }
        if canary != ALIVE {
            return;
        }
        if !self.is_intact() {
            violated(Invariant::Payload, fmt!("it changed before its drop"));
        }
        self.slot.payload_dropped(self.generation.load(Relaxed));
    }
}
