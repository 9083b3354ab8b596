// SPDX-License-Identifier: GPL-2.0

//! The bottom half: the same for the two tasklets and for the BH work.

use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::udelay,
        Delta, //
    }, //
};
use rust_tasklet::{
    BottomHalfContext,
    TaskletHandler, //
};

use crate::{
    driver::{
        count,
        Clock,
        Config, //
    },
    latency::{
        Latency,
        Snapshot, //
    },
    ring::Ring,
    zeros, //
};

/// The handler, and its data.
///
/// A bottom half gives shared references to its handler, so the top half and `stats` can use it too. Each
/// counter has one writer, the top half or the handler; they are atomic because `stats` reads them meanwhile.
pub(crate) struct BottomHalf {
    name: &'static str,
    clock: Clock,
    config: Config,
    ring: Ring,

    // Written by the top half.
    queued: Atomic<u64>,
    coalesced: Atomic<u64>,
    dropped: Atomic<u64>,

    // Written by the handler.
    latency: Latency,
    /// How often the handler ran on each CPU.
    runs: KVec<Atomic<u64>>,
}

impl BottomHalf {
    pub(crate) fn new(name: &'static str, clock: Clock, config: Config) -> Result<Self> {
        Ok(Self {
            name,
            clock,
            config,
            ring: Ring::new()?,
            queued: Atomic::new(0),
            coalesced: Atomic::new(0),
            dropped: Atomic::new(0),
            latency: Latency::new(),
            runs: zeros(nr_cpu_ids() as usize)?,
        })
    }

    /// Hands over a time stamp; called by the top half, before it schedules the tasklet.
    pub(crate) fn post(&self, stamp: u64) {
        if !self.ring.push(stamp) {
            count(&self.dropped, 1);
        }
    }

    /// Counts what `schedule` returned to the top half.
    pub(crate) fn count_schedule(&self, newly_queued: bool) {
        if newly_queued {
            count(&self.queued, 1);
        } else {
            count(&self.coalesced, 1);
        }
    }

    /// Sets everything to zero; neither half may run meanwhile.
    pub(crate) fn clear(&self) {
        // Nothing else drains now, so this one may.
        self.ring.drain().for_each(drop);
        self.latency.clear();
        for counter in [&self.queued, &self.coalesced, &self.dropped] {
            counter.store(0, Relaxed);
        }
        for counter in &self.runs {
            counter.store(0, Relaxed);
        }
    }

    /// Reads all counters at once, so that they are as consistent as possible.
    pub(crate) fn counters(&self) -> Counters {
        Counters {
            queued: self.queued.load(Relaxed),
            coalesced: self.coalesced.load(Relaxed),
            runs: self.runs.iter().map(|runs| runs.load(Relaxed)).sum(),
            dropped: self.dropped.load(Relaxed),
            waiting: self.ring.len(),
            latency: self.latency.snapshot(),
        }
    }

    /// Returns how often the handler ran on one CPU.
    pub(crate) fn runs_on(&self, cpu: usize) -> u64 {
        self.runs[cpu].load(Relaxed)
    }
}

impl<C: BottomHalfContext> TaskletHandler<C> for BottomHalf {
    fn run(&self, _cx: &C) {
        // In this order: a stamp that is in the ring was taken before now.
        let stamps = self.ring.drain();
        let now = self.clock.now_ns();

        for stamp in stamps {
            self.latency.add(now.saturating_sub(stamp));
        }

        // A softirq stays on its CPU.
        count(&self.runs[CpuId::current().as_u32() as usize], 1);

        if self.config.work_us > 0 {
            udelay(Delta::from_micros(self.config.work_us.into()));
        }
    }
}

impl Drop for BottomHalf {
    // A tasklet drops its handler after the last run, so nothing moves these numbers any more.
    fn drop(&mut self) {
        let Counters { queued, runs, .. } = self.counters();

        pr_info!("{}: queued {queued} times, ran {runs} times\n", self.name);
    }
}

/// The counters of a [`BottomHalf`] at one time.
pub(crate) struct Counters {
    /// How many schedules queued the tasklet.
    pub(crate) queued: u64,
    /// How many schedules found it queued already.
    pub(crate) coalesced: u64,
    /// How often the handler ran.
    pub(crate) runs: u64,
    /// How many time stamps were dropped, because the ring was full.
    pub(crate) dropped: u64,
    /// How many time stamps wait for the handler.
    pub(crate) waiting: usize,
    /// How long the others took.
    pub(crate) latency: Snapshot,
}
