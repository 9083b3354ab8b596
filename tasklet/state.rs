// SPDX-License-Identifier: GPL-2.0

//! The state of a tasklet in one word: its life, and the counters that belong to it.

use super::prim::Word;

impl Word {
    /// Changes the value to what `new` returns for it. Returns the old value; or, if `new` returns nothing,
    /// the unchanged value as an error.
    #[inline(always)]
    pub(crate) fn update(&self, new: impl Fn(u64) -> Option<u64>) -> Result<u64, u64> {
        let mut old = self.load();
        loop {
            let Some(new) = new(old) else {
                return Err(old);
            };
            match self.cmpxchg(old, new) {
                Ok(()) => return Ok(old),
                Err(now) => old = now,
            }
        }
    }
}

/// The life of a tasklet; see [`life`](super::life) for what leads from one value to another.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Life {
    /// In service: SCHED means what it means in C.
    Live,
    /// Parked since it was made; its first schedule makes it live.
    Fresh,
    /// Parked, and without an owner: only a handle makes it live.
    Unowned,
    /// Parked.
    Parked,
    /// Being killed. A run that is due calls the handler, unless the tasklet is disabled.
    Draining,
    /// Being killed. A run that is due calls nothing.
    Discarding,
    /// Being killed. SCHED belongs to the kill, so no other run will be due.
    Claimed,
    /// Parked for ever: its module was unloaded.
    Buried,
}

impl Life {
    const MASK: u64 = 7;

    /// Being killed.
    const KILLING: u32 = 1 << Self::Draining as u32 | Self::UNCLAIMED | 1 << Self::Claimed as u32;
    /// Being killed, and SCHED still belongs to a run that is due.
    const UNCLAIMED: u32 = 1 << Self::Draining as u32 | 1 << Self::Discarding as u32;

    /// Out of service, and not by being fresh.
    #[inline]
    pub(crate) const fn is_parked(self) -> bool {
        matches!(self, Self::Unowned | Self::Parked | Self::Buried)
    }
}

/// A value of the word.
///
/// From the lowest bit: the life (3 bits), whether a schedule without an owner needs no report (1), whether
/// a thread waits for the end of a kill (1), whether it is that of a work item (1, which never changes), how many
/// of the raised depths are kept (26), the disable depth (32). The depth overflows out of the word, as it does in C after 2^32 forgotten guards.
#[derive(Clone, Copy)]
pub(crate) struct State(u64);

impl State {
    const REPORTED: u64 = 1 << 3;
    const AWAITED: u64 = 1 << 4;
    const WORK: u64 = 1 << 5;
    const KEPT_ONE: u64 = 1 << 6;
    const KEPT_MAX: u64 = (1 << 26) - 1;
    const DEPTH_ONE: u64 = 1 << 32;

    #[inline(always)]
    pub(crate) const fn life(self) -> Life {
        use Life::*;
        const BY_NUMBER: [Life; 8] = [
            Live, Fresh, Unowned, Parked, Draining, Discarding, Claimed, Buried,
        ];
        BY_NUMBER[(self.0 & Life::MASK) as usize]
    }

    /// Whether the life is one of a set.
    #[inline(always)]
    const fn is_one_of(self, lives: u32) -> bool {
        (1 << (self.0 & Life::MASK)) & lives != 0
    }

    /// Whether it is being killed.
    #[inline]
    pub(crate) const fn is_killing(self) -> bool {
        self.is_one_of(Life::KILLING)
    }

    /// Whether SCHED tells that a run is due.
    #[inline]
    pub(crate) const fn may_be_due(self) -> bool {
        self.is_one_of(1 << Life::Live as u32 | Life::UNCLAIMED)
    }

    /// Whether a run that is due during a kill calls the handler.
    pub(crate) fn runs_while_killed(self) -> bool {
        self.life() == Life::Draining && self.depth() == 0
    }

    #[inline(always)]
    pub(crate) const fn is_live(self) -> bool {
        self.0 & Life::MASK == Life::Live as u64
    }

    /// Whether the kernel's count is the disable depth. During a kill it is not, and has to come to zero.
    #[inline(always)]
    pub(crate) const fn count_is_depth(self) -> bool {
        self.0 & Life::Draining as u64 == 0
    }

    /// The same, and it is a tasklet: in one test.
    #[inline(always)]
    pub(crate) const fn tasklet_count_is_depth(self) -> bool {
        self.0 & (Life::Draining as u64 | Self::WORK) == 0
    }

    /// Whether a schedule is to be reported, as it never had an owner.
    pub(crate) const fn is_unreported(self) -> bool {
        self.is_one_of(1 << Life::Unowned as u32) && self.0 & Self::REPORTED == 0
    }

    /// The disable depth: the number of guards, dropped ones excepted, and of depths that are kept.
    #[inline]
    pub(crate) const fn depth(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn kept(self) -> u64 {
        self.0 / Self::KEPT_ONE & Self::KEPT_MAX
    }

    /// Whether a thread waits for the end of the kill.
    pub(crate) const fn is_awaited(self) -> bool {
        self.0 & Self::AWAITED != 0
    }

    const fn with_life(self, life: Life) -> Self {
        Self(self.0 & !Life::MASK | life as u64)
    }
}

/// The word itself. All changes are fully ordered.
pub(crate) struct StateWord(Word);

impl StateWord {
    #[inline]
    pub(crate) const fn new(life: Life, disabled: bool, work: bool) -> Self {
        // A tasklet that is made disabled has one depth that is kept.
        let depth = disabled as u64 * (State::DEPTH_ONE + State::KEPT_ONE);
        Self(Word::new(life as u64 | work as u64 * State::WORK | depth))
    }

    /// Whether it is the state of a work item.
    #[inline]
    pub(crate) fn is_work(&self) -> bool {
        self.0.constant(State::WORK) != 0
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> State {
        State(self.0.load())
    }

    /// What was written before the value was stored is visible.
    #[inline]
    pub(crate) fn load_acquire(&self) -> State {
        State(self.0.load_acquire())
    }

    /// Changes the value to what `new` returns for it. Returns the old value; or, if `new` returns nothing,
    /// the unchanged value as an error.
    #[inline(always)]
    fn update(&self, new: impl Fn(State) -> Option<State>) -> Result<State, State> {
        let result = self.0.update(|old| Some(new(State(old))?.0));
        result.map(State).map_err(State)
    }

    /// Changes the life from `from` to `to`. Returns the old value; if the life was another one, as an error.
    pub(crate) fn change_life(&self, from: Life, to: Life) -> Result<State, State> {
        self.update(|state| {
            state
                .is_one_of(1 << from as u32)
                .then(|| state.with_life(to))
        })
    }

    /// Gives SCHED to the kill, which the caller has to wake.
    pub(crate) fn claim(&self) {
        let _ = self.update(|state| {
            let unclaimed = state.is_one_of(Life::UNCLAIMED);
            unclaimed.then(|| state.with_life(Life::Claimed))
        });
    }

    /// Ends a kill. Returns the last value during the kill. If that [`is_awaited`](State::is_awaited), the
    /// caller has to call [`Self::wake_waiters`].
    pub(crate) fn end_kill(&self, end: Life) -> State {
        // It does not fail: only this function ends a kill.
        let (Ok(last) | Err(last)) =
            self.update(|state| Some(State(state.0 & !State::AWAITED).with_life(end)));
        last
    }

    /// Wakes the threads that wait for the end of a kill. The word at this address may have been freed.
    pub(crate) fn wake_waiters(this: *const Self) {
        Word::wake(this.cast());
    }

    /// Sleeps until SCHED belongs to the kill.
    pub(crate) fn wait_until_claimed(&self) {
        self.0.wait_while(Life::MASK as u32, Life::UNCLAIMED);
    }

    /// If a kill is under way, sleeps until it is over.
    pub(crate) fn wait_until_killed(&self) {
        let _ = self.update(|state| {
            state
                .is_killing()
                .then_some(State(state.0 | State::AWAITED))
        });
        // A kill that begins after this one has not got the bit.
        self.0.wait_while(
            (Life::MASK | State::AWAITED) as u32,
            Life::KILLING << State::AWAITED,
        );
    }

    /// Raises the depth. Returns the old value.
    #[inline(always)]
    pub(crate) fn raise_depth(&self) -> State {
        State(self.0.fetch_add(State::DEPTH_ONE))
    }

    /// Lowers the depth. Returns the old value.
    #[inline(always)]
    pub(crate) fn lower_depth(&self) -> State {
        State(self.0.fetch_add(State::DEPTH_ONE.wrapping_neg()))
    }

    /// Leaves one depth raised until [`Self::lower_kept`]. After 2^26 of them, the depth stays raised for
    /// ever.
    pub(crate) fn keep_depth(&self) {
        let _ = self.update(|state| {
            (state.kept() < State::KEPT_MAX).then_some(State(state.0 + State::KEPT_ONE))
        });
    }

    /// Lowers a depth that was kept, if there is one. Returns the old value.
    pub(crate) fn lower_kept(&self) -> Option<State> {
        self.update(|state| {
            (state.kept() > 0)
                .then(|| State(state.0.wrapping_sub(State::KEPT_ONE + State::DEPTH_ONE)))
        })
        .ok()
    }

    /// Takes the owner from a parked tasklet. A later schedule is not reported: it is no mistake, only an
    /// interrupt that stops a little later.
    pub(crate) fn disown(&self) {
        let _ = self.update(|state| {
            (state.life() == Life::Parked)
                .then(|| State(state.with_life(Life::Unowned).0 | State::REPORTED))
        });
    }

    /// Whether a schedule without an owner is to be reported, which this says once.
    pub(crate) fn report_once(&self) -> bool {
        self.update(|state| {
            state
                .is_unreported()
                .then_some(State(state.0 | State::REPORTED))
        })
        .is_ok()
    }
}
