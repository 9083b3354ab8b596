// SPDX-License-Identifier: GPL-2.0

//! The life of a bottom half: going live, being killed, getting an owner and losing it.
//!
//! What is said of a tasklet here is as true of a work item: see [`work`](super::work).
//!
//! ```text
//!          first schedule                  kill                    SCHED is ours, RUN is clear
//!   Fresh ----------------> Live -+----------> Draining ----+----------------------> Parked
//!     |                      ^ ^   |                         |                         | |
//!     |                      | |   |  module unloaded        | by the callback         | |
//!     |                      | |   +----------> Discarding --+----> Claimed ---> Parked or Buried
//!     |                      | |                                                       | |
//!     |       revive         | +-------------------------------------------------------+ |
//!     |                      |                                                           |
//!     |       handle made    +---- Unowned <---------------------------------------------+
//!     |                                              handle dropped
//!     +---- kill ----> Parked
//! ```
//!
//! A tasklet that is not live is **parked** by this trick: its SCHED bit is set although it is on no
//! queue. To the kernel it looks pending, so `tasklet_schedule()` leaves it alone, in the same
//! instruction that would have claimed it. No check is added to that path, and there is no moment between
//! a check and the queueing. A fresh tasklet is parked too; the path for "already pending", which has
//! time, notices and makes it live.
//!
//! # Killing
//!
//! `tasklet_kill()` claims SCHED and waits for RUN, then gives SCHED back. A kill here keeps it. Two
//! things could make the claim wait for ever, and both are prevented:
//!
//! - A disable depth above zero: the kernel would keep a pending tasklet queued until it is enabled.
//!   In the same step that begins the kill, the kernel's count stops being the depth. So the kernel
//!   calls the callback, which finds the depth in our word and discards the run.
//! - A handler that always schedules itself, and other CPUs that do. SCHED is clear for an instant only, and a
//!   task that has to be woken comes too late. So the callback claims SCHED, right after the kernel has cleared
//!   it and before the handler is called, and hands it over. Every schedule that returned `true` has its run.
//!
//! A kill does not enable anything: when it ends, the count is the depth again.
//!
//! # What protects which change
//!
//! A tasklet enters and leaves the registry under the registry lock, and only its holder takes a
//! tasklet out of `Unowned` and `Parked`. All other changes are one read-modify-write of the word.

use core::ptr::NonNull;

use super::{
    export::export_symbol_gpl,
    node::{
        RawTasklet,
        Vtable, //
    },
    prim::{
        warning,
        Priority,
        Result, //
    },
    registry::{
        self,
        Locked, //
    },
    state::{
        Life,
        StateWord, //
    },
};

/// Going live.
impl RawTasklet {
    /// Schedules a tasklet that was not live a moment ago.
    #[cold]
    #[inline(never)]
    pub(super) fn schedule_parked(&self, priority: Priority) -> bool {
        let state = self.state.load();
        if state.is_unreported() {
            self.report_unowned();
        }
        if state.life() != Life::Fresh {
            return false;
        }
        let mut registry = registry::lock();
        // If another CPU is first, its run begins after we found SCHED set.
        if registry.is_going(self.vtable())
            || self.state.change_life(Life::Fresh, Life::Live).is_err()
        {
            return false;
        }
        // SAFETY: It was fresh, so it is in no list; its drop parks it, which removes it. It is used by
        // reference, so it is pinned: constructors only give pinned tasklets. SCHED was set from birth.
        unsafe { registry.add(self) };
        drop(registry);
        // SAFETY: It is live, and SCHED was set from birth, for us to use.
        unsafe { self.kernel().queue(priority) };
        true
    }

    /// Reports, once, that a tasklet was scheduled that never had an owner.
    fn report_unowned(&self) {
        // While the lock is held, the tasklet gets no owner, and with it another vtable.
        let registry = registry::lock();
        let vtable = self.state.report_once().then(|| self.vtable());
        drop(registry);
        if let Some(vtable) = vtable {
            warning!(
                "{}{} was scheduled without a TaskletHandle: nothing runs\n",
                (vtable.name)(),
                vtable.field,
            );
        }
    }

    /// Makes a parked tasklet live. Under the lock, `from` does not change.
    fn go_live(&self, from: Life, registry: &mut Locked) {
        // SAFETY: It is parked, so it is in no list and SCHED is set; its drop parks it, which removes it.
        unsafe { registry.add(self) };
        // SCHED first: a kill that finds the tasklet live must not wait for a SCHED that nobody will use. Code
        // that runs before the life changes treats it as live: see `run_while_killed()` and `park()`.
        // SAFETY: It is parked, so SCHED is set and it is on no queue.
        unsafe { self.kernel().release_sched() };
        let _ = self.state.change_life(from, Life::Live);
    }

    /// Puts a killed tasklet back into service; `true` if it was parked.
    #[inline(never)]
    pub(crate) fn revive(&self) -> bool {
        let mut registry = registry::lock();
        if self.state.load().life() != Life::Parked || registry.is_going(self.vtable()) {
            return false;
        }
        self.go_live(Life::Parked, &mut registry);
        true
    }

    /// Gives an embedded tasklet an owner and puts it into service; `false` if it has an owner already.
    ///
    /// # Safety
    ///
    /// `vtable` must be right for it, and the owner must keep it where it is until it is disowned.
    #[inline(never)]
    pub(crate) unsafe fn own(&self, vtable: &'static Vtable) -> bool {
        let mut registry = registry::lock();
        if self.state.load().life() != Life::Unowned || registry.is_going(vtable) {
            return false;
        }
        // The same functions, but maybe another module's copies, and the registry looks at them.
        // SAFETY: It has no owner, so nobody reads it; the lock is held.
        unsafe { self.vtable.set(vtable) };
        self.go_live(Life::Unowned, &mut registry);
        true
    }
}

/// Running, while it is not live.
impl RawTasklet {
    /// What the callback does if the tasklet is not live.
    #[cold]
    #[inline(never)]
    pub(super) fn run_while_killed(&self) {
        let state = self.state.load();
        // If SCHED is set again, this will be called once more. Otherwise SCHED is ours now, and we give it to
        // the kill, which waits for RUN and so cannot end before we return.
        let claimed = state.is_killing() && !self.kernel().test_and_set_sched();
        if claimed {
            self.state.claim();
        }
        // If it is parked or unowned, another CPU is just making it live, and has released SCHED already.
        if !state.is_killing() || state.runs_while_killed() {
            self.map.enter();
            // SAFETY: This is its callback.
            unsafe { (self.vtable().run)(self) };
            self.map.exit();
        }
        if claimed {
            StateWord::wake_waiters(&self.state);
        }
    }
}

/// Being killed.
impl RawTasklet {
    /// Takes the tasklet out of service. Changes nothing if the caller may not wait.
    ///
    /// Ordering: what handlers wrote is visible afterwards.
    #[inline(never)]
    pub(crate) fn kill(&self) -> Result {
        self.prepare_to_wait()?;
        self.park();
        Ok(())
    }

    /// Parks the tasklet, or waits for the thread that is doing so. The caller may sleep.
    pub(super) fn park(&self) {
        while !self.begin_kill(Life::Draining) {
            if self.is_parked_without_kill() {
                return;
            }
        }
        self.finish_kill(Life::Parked);
    }

    /// Parks a tasklet that was not live a moment ago. `false` if it is live now.
    #[cold]
    #[inline(never)]
    fn is_parked_without_kill(&self) -> bool {
        match self.state.load().life() {
            Life::Live => false,
            Life::Fresh => self.state.change_life(Life::Fresh, Life::Parked).is_ok(),
            Life::Draining | Life::Discarding | Life::Claimed => {
                self.state.wait_until_killed();
                true
            }
            Life::Unowned | Life::Parked | Life::Buried => {
                // Another CPU may be making it live, and somebody may have scheduled it since. The lock is
                // held meanwhile.
                let _registry = registry::lock();
                self.is_parked()
            }
        }
    }

    /// Starts to kill the tasklet if it is live. The caller has to finish the kill if this returns `true`.
    ///
    /// Ordering: the life changes before the kill looks at SCHED and at RUN. The kernel sets RUN and clears
    /// SCHED before the callback looks at the life. All of these are fully ordered, so a callback that finds
    /// the tasklet live is waited for.
    pub(super) fn begin_kill(&self, first: Life) -> bool {
        let Ok(state) = self.state.change_life(Life::Live, first) else {
            return false;
        };
        // The count stopped being the depth with this change.
        let depth = state.depth() as i32;
        self.kernel().add_count(depth.wrapping_neg());
        true
    }

    /// Waits until the tasklet is parked. If `end` is [`Life::Buried`], this does not touch the tasklet after
    /// it is buried, because its owner may be waiting for that and may free it then.
    #[inline(always)]
    pub(super) fn finish_kill(&self, end: Life) {
        let kernel = self.kernel();
        if kernel.test_and_set_sched() {
            // It is queued, and the count will be zero. The CPU that takes it from the queue clears SCHED
            // after we found it set, so its callback finds that this is a kill.
            self.state.wait_until_claimed();
        }
        // SCHED is ours.
        kernel.wait_until_idle();

        let word: *const StateWord = &self.state;
        let mut registry = registry::lock();
        registry.remove(self);
        // INVARIANT: SCHED is ours and no callback runs: parked.
        let last = self.state.end_kill(end);
        if end == Life::Parked {
            // The count is the depth again. Nobody makes it live before we drop the lock.
            kernel.add_count(last.depth() as i32);
        }
        drop(registry);
        if last.is_awaited() {
            StateWord::wake_waiters(word);
        }
    }
}

/// Losing its owner.
impl RawTasklet {
    /// Parks a tasklet whose owner is dropped, and returns the function that drops the rest of the owner.
    ///
    /// # Safety
    ///
    /// The caller must be its owner or stand for it. The vtable must have a `release`. The caller may sleep.
    pub(super) unsafe fn disown(&self) -> unsafe fn(NonNull<RawTasklet>) {
        // Read first: once it has no owner, it may get another one, and with it another vtable.
        let release = self.vtable().release;
        self.park();
        // Under the lock: the thread that parked it may be using it until it has dropped the lock.
        let registry = registry::lock();
        self.state.disown();
        drop(registry);
        // SAFETY: By the contract of this function.
        unsafe { release.unwrap_unchecked() }
    }

    /// Parks a tasklet whose memory will be freed.
    #[cold]
    #[inline(never)]
    fn park_on_drop(&self) {
        if self.kill().is_err() {
            panic!(
                "{} of {}{} dropped in atomic context: kill() it first, or drop it where sleeping is allowed",
                self.vtable().kind(),
                (self.vtable().name)(),
                self.vtable().field,
            );
        }
    }
}

impl Drop for RawTasklet {
    /// # Panics
    ///
    /// If the tasklet is in service and this is atomic context: the drop cannot wait, and must not return.
    #[inline]
    fn drop(&mut self) {
        let state = self.state.load_acquire();
        // Otherwise no callback runs it, and none ever will.
        if state.is_live() || state.is_killing() {
            self.park_on_drop();
        }
    }
}

// The functions that code in a driver's module calls.
export_symbol_gpl!(
    RawTasklet::schedule_parked,
    RawTasklet::run_while_killed,
    RawTasklet::revive,
    RawTasklet::own,
    RawTasklet::kill,
    RawTasklet::park_on_drop,
);
