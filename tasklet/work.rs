// SPDX-License-Identifier: GPL-2.0

//! A work item on a BH workqueue that can be scheduled, run and disabled as a tasklet can.
//!
//! The kernel's own disabling discards a pending run, and its waiting spins. So a word of ours does here what the
//! `state` and the `count` of a `tasklet_struct` do there, with the same meaning; [`life`](super::life) uses either.
//!
//! | tasklet | here |
//! |---|---|
//! | SCHED is set: it is on a queue, or parked | the same, or it is WANTED |
//! | the core sets RUN, looks at the count, clears SCHED | [`KernelWork::begin`] does all that in one step |
//! | the core clears RUN | [`KernelWork::end`] |
//! | a disabled one stays on its queue, and the core tries again and again | it leaves the queue and is **WANTED**: whoever brings the count to zero queues it |
//!
//! One work item on two queues would overlap itself, so its priority never changes.

use super::prim::{
    Priority,
    Word,
    WorkFunction, //
    WorkStruct,
};

/// The work item, and its state.
///
/// # Invariants
///
/// - It is on a queue, or its function was called and has not got to [`Self::begin`], only if SCHED is set and
///   WANTED is clear.
/// - WANTED is set only if SCHED is.
#[repr(C)]
pub(crate) struct KernelWork {
    // First: the kernel's pointer to it is a pointer to all of it.
    work: WorkStruct,
    word: Word,
}

impl KernelWork {
    const SCHED: u64 = 1 << 0;
    const RUN: u64 = 1 << 1;
    /// A thread waits for the end of the run that is under way.
    const AWAITED: u64 = 1 << 2;
    const WANTED: u64 = 1 << 3;
    const HIGH: u64 = 1 << 4;
    /// 27 bits.
    const NUMBER_ONE: u64 = 1 << 5;
    /// 32 bits, and what overflows leaves the word.
    const COUNT_ONE: u64 = 1 << 32;

    /// Looks pending to us, but is on no queue. [`Self::set_callback`] comes before [`Self::queue`].
    #[inline]
    pub(crate) const fn new(priority: Priority, count: i32) -> Self {
        let high = match priority {
            Priority::Normal => 0,
            Priority::High => Self::HIGH,
        };
        Self {
            work: WorkStruct::uninit(),
            word: Word::new(Self::SCHED | high | Self::counts(count)),
        }
    }

    #[inline(always)]
    const fn counts(n: i32) -> u64 {
        (n as u64).wrapping_mul(Self::COUNT_ONE)
    }

    #[inline(always)]
    const fn count_is_zero(word: u64) -> bool {
        word < Self::COUNT_ONE
    }

    /// Sets the function.
    ///
    /// # Safety
    ///
    /// It must not be on a queue, and no other CPU may be able to queue it.
    pub(crate) unsafe fn set_callback(&self, function: WorkFunction) {
        // SAFETY: By the contract of this function.
        unsafe { self.work.init(function) };
    }

    #[inline(always)]
    pub(crate) fn test_and_set_sched(&self) -> bool {
        // It is stored again if it is set already: a full barrier in any case.
        let (Ok(old) | Err(old)) = self.word.update(|word| Some(word | Self::SCHED));
        old & Self::SCHED != 0
    }

    /// Clears SCHED. The next CPU that sets it sees what was written before.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED: it must be set, and the work item on no queue and not wanted.
    pub(crate) unsafe fn release_sched(&self) {
        self.word.fetch_add(Self::SCHED.wrapping_neg());
    }

    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.word.load() & Self::SCHED != 0
    }

    /// If this returns `false`, what the last run wrote is visible.
    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.word.load_acquire() & Self::RUN != 0
    }

    /// Queues it on this CPU, or on one that still runs its function.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED and gives it away with this call. It must stay where it is until it has run.
    #[inline(always)]
    pub(crate) unsafe fn queue(&self) {
        let priority = if self.word.constant(Self::HIGH) == 0 {
            Priority::Normal
        } else {
            Priority::High
        };
        // SAFETY: By the contract of this function. With SCHED comes a work item that is on no queue, and went live
        // with a function.
        unsafe { self.work.queue(priority) };
    }

    /// Adds to the count. If it comes to zero, and a run was held up, that run is queued.
    pub(crate) fn add_count(&self, n: i32) {
        let n = Self::counts(n);
        let now = self.word.fetch_add(n).wrapping_add(n);
        if Self::count_is_zero(now) && now & Self::WANTED != 0 {
            self.queue_wanted();
        }
    }

    #[cold]
    fn queue_wanted(&self) {
        let taken = self.word.update(|word| {
            let wanted = Self::count_is_zero(word) && word & Self::WANTED != 0;
            wanted.then_some(word & !Self::WANTED)
        });
        // Otherwise the count was raised again, or another CPU was first.
        if taken.is_ok() {
            // SAFETY: SCHED was held up with the run, and whoever clears WANTED has it.
            unsafe { self.queue() };
        }
    }

    /// The function calls this first. If it returns `true`, a run has begun, which [`Self::end`] ends. Otherwise
    /// the run is held up by the count, and the function must not use the work item any more.
    #[inline(always)]
    pub(crate) fn begin(&self) -> bool {
        let (Ok(old) | Err(old)) = self.word.update(|word| {
            Some(if Self::count_is_zero(word) {
                // Threads that wait for the run before have been woken.
                word & !(Self::SCHED | Self::AWAITED) | Self::RUN
            } else {
                word | Self::WANTED
            })
        });
        Self::count_is_zero(old)
    }

    /// Ends a run. After this, the work item may be freed.
    ///
    /// # Safety
    ///
    /// The caller must be the function, and [`Self::begin`] must have returned `true`.
    #[inline(always)]
    pub(crate) unsafe fn end(this: *const Self) {
        // SAFETY: It is valid until RUN is clear.
        let word = unsafe { &raw const (*this).word };
        // SAFETY: As above.
        if unsafe { (*word).fetch_add(Self::RUN.wrapping_neg()) } & Self::AWAITED != 0 {
            Word::wake(word);
        }
    }

    /// Sleeps until the run that is under way has ended, if there is one. What it wrote is then visible.
    ///
    /// There is no barrier before the first look.
    pub(crate) fn wait_until_idle(&self) {
        if !self.is_running() {
            return;
        }
        let _ = self
            .word
            .update(|word| (word & Self::RUN != 0).then_some(word | Self::AWAITED));
        // A run that begins after this one has not got the bit.
        const AWAITED_RUN: u64 = KernelWork::RUN | KernelWork::AWAITED;
        self.word.wait_while(AWAITED_RUN as u32, 1 << AWAITED_RUN);
    }

    /// The number that [`Self::set_number`] gave it.
    pub(crate) fn number(&self) -> usize {
        ((self.word.load() % Self::COUNT_ONE) / Self::NUMBER_ONE) as usize
    }

    /// Gives it a number, for people who want to tell it from others; only the lowest 27 bits count.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock, and it must have no number.
    pub(crate) unsafe fn set_number(&self, number: usize) {
        let number = number as u64 % (Self::COUNT_ONE / Self::NUMBER_ONE);
        self.word.fetch_add(number * Self::NUMBER_ONE);
    }
}
