// SPDX-License-Identifier: GPL-2.0

//! Random numbers, cheap and reproducible.

/// A generator; each actor has one of its own.
pub(crate) struct Rng(u64);

impl Rng {
    /// The generator number `stream` of a seed.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut this = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        // Near seeds must not give near numbers.
        this.0 = this.next();
        this
    }

    /// The generator for one step of an actor: its operations do not depend on how the last one ended.
    pub(crate) fn of_step(seed: u64, actor: u32, step: u32) -> Self {
        Self::new(seed, (u64::from(actor) << 32) | u64::from(step))
    }

    /// A generator that continues where [`Rng::state`] was read.
    pub(crate) fn resume(state: u64) -> Self {
        Self(state)
    }

    /// For [`Rng::resume`].
    pub(crate) fn state(&self) -> u64 {
        self.0
    }

    /// The next number; a Weyl sequence, and a multiply and shift to mix its bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ (mixed >> 32)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// True `chance` times in a thousand.
    pub(crate) fn per_mille(&mut self, chance: u32) -> bool {
        chance != 0 && self.below(1000) < chance
    }

    /// An index, as often as its weight says. `None`: all weights are zero.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let sum = weights.iter().sum();
        if sum == 0 {
            return None;
        }
        let mut at = self.below(sum);
        weights.iter().position(|&weight| {
            let found = at < weight;
            at = at.wrapping_sub(weight);
            found
        })
    }
}
