// SPDX-License-Identifier: GPL-2.0

//! Latencies in buckets of powers of two.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// Bucket `i` counts the latencies of 2^i to 2^(i+1)-1 nanoseconds, and bucket 0 also those of 0.
pub(crate) const BUCKETS: usize = 64;

/// A histogram of latencies.
///
/// Only a tasklet handler adds to it, and a handler never overlaps itself: one writer, so it takes
/// neither a lock nor a read-modify-write. Readers may look at any time.
pub(crate) struct Latency {
    buckets: [Atomic<u64>; BUCKETS],
    sum: Atomic<u64>,
    min: Atomic<u64>,
    max: Atomic<u64>,
}

impl Latency {
    pub(crate) const fn new() -> Self {
        Self {
            buckets: [const { Atomic::new(0) }; BUCKETS],
            sum: Atomic::new(0),
            min: Atomic::new(u64::MAX),
            max: Atomic::new(0),
        }
    }

    /// Counts one latency.
    pub(crate) fn add(&self, ns: u64) {
        let bucket = &self.buckets[ns.max(1).ilog2() as usize];

        self.min.store(self.min.load(Relaxed).min(ns), Relaxed);
        self.max.store(self.max.load(Relaxed).max(ns), Relaxed);
        let sum = self.sum.load(Relaxed).wrapping_add(ns);
        self.sum.store(sum, Relaxed);
        bucket.store(bucket.load(Relaxed) + 1, Relaxed);
    }

    /// Sets everything to zero; the handler must not be able to run.
    pub(crate) fn clear(&self) {
        for bucket in &self.buckets {
            bucket.store(0, Relaxed);
        }
        self.sum.store(0, Relaxed);
        self.min.store(u64::MAX, Relaxed);
        self.max.store(0, Relaxed);
    }

    /// Copies the numbers, so that all results are computed from the same ones.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let buckets = core::array::from_fn(|i| self.buckets[i].load(Relaxed));

        Snapshot {
            samples: buckets.iter().sum(),
            buckets,
            sum: self.sum.load(Relaxed),
            min: self.min.load(Relaxed),
            max: self.max.load(Relaxed),
        }
    }
}

/// The numbers of a [`Latency`] at one time.
pub(crate) struct Snapshot {
    pub(crate) buckets: [u64; BUCKETS],
    pub(crate) samples: u64,
    sum: u64,
    min: u64,
    max: u64,
}

impl Snapshot {
    /// Returns the shortest latency, in nanoseconds like all the following.
    pub(crate) fn min(&self) -> Option<u64> {
        (self.samples > 0).then_some(self.min)
    }

    /// Returns the longest latency.
    pub(crate) fn max(&self) -> Option<u64> {
        (self.samples > 0).then_some(self.max)
    }

    /// Returns the arithmetic mean, rounded down.
    pub(crate) fn mean(&self) -> Option<u64> {
        self.sum.checked_div(self.samples)
    }

    /// Returns a bound that `percent` of the latencies do not exceed.
    ///
    /// A histogram does not know the exact percentile, only its bucket. This is the upper end of
    /// that bucket, or the longest latency where that is less: never too low, and less than twice
    /// the exact value.
    pub(crate) fn percentile(&self, percent: u64) -> Option<u64> {
        // `samples * percent / 100`, rounded up, and without an overflow on the way.
        let (hundreds, rest) = (self.samples / 100, self.samples % 100);
        let rank = hundreds * percent + (rest * percent).div_ceil(100);
        let mut seen = 0;

        for (i, &count) in self.buckets.iter().enumerate() {
            seen += count;
            if count > 0 && seen >= rank {
                return Some(bounds(i).1.min(self.max));
            }
        }
        None
    }
}

/// Returns the least and the greatest latency that bucket `i` counts.
pub(crate) fn bounds(i: usize) -> (u64, u64) {
    let least = 1 << i;

    (if i == 0 { 0 } else { least }, least | (least - 1))
}
