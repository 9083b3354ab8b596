// SPDX-License-Identifier: GPL-2.0

//! What a tasklet was asked to do, what it has done, and when the two must agree.
//!
//! Counters come in pairs, of which one is raised before an operation and the other one after it. If
//! the second is read first, and both are equal, then no such operation was under way when the first
//! was read; if the first is the same later, then none has begun since.
//!
//! Each successful schedule must be followed by a run of its own, with three excuses:
//!
//! - it was made during a kill, or
//! - it was pending when a kill began, and the tasklet was disabled at some time during that kill (so may
//!   the run for the schedule before it have been, see below; then the kill discards both), or
//! - it was pending when a kill began, and so was the run for the schedule before it: the kernel had
//!   taken that one from its queue, but had not called the handler. The kill lets one of them run,
//!   which begins after both schedules, and serves both.
//!
//! The number of schedules is exact when their run begins: it is counted with interrupts off on the
//! CPU that will run it.

use harness::prelude::*;
use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full, //
};

use crate::{
    invariants::{
        injected,
        violated,
        Invariant, //
    },
    order::Stamp,
    windows::{
        saw,
        saw_if,
        Window, //
    },
};

/// A counter, ordered against everything before and after it.
pub(crate) struct Count(Atomic<u32>);

impl Count {
    pub(crate) const fn new() -> Self {
        Self(Atomic::new(0))
    }

    pub(crate) fn add(&self) -> u32 {
        self.0.fetch_add(1, Full)
    }

    pub(crate) fn sub(&self) {
        self.0.fetch_add(u32::MAX, Full);
    }

    pub(crate) fn set(&self, to: u32) -> u32 {
        self.0.xchg(to, Full)
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Acquire)
    }
}

/// Everything that is known of a tasklet.
pub(crate) struct Ledger {
    /// Schedules, before and after.
    calls: Count,
    returned: Count,
    /// Those that returned `true`.
    accepted: Count,
    /// Those of them that a kill may have discarded.
    excused: Count,
    /// How many schedules had no run, and how many were excused, when they were last compared.
    missing: Count,
    pardoned: Count,
    /// Runs that have begun, and that have ended.
    begun: Count,
    ended: Count,
    /// Zero, or one more than the CPU where it runs.
    inside: Count,
    /// Depth, raised before and lowered after the operation.
    raised: Count,
    lowered: Count,
    /// Guards whose `disable()` has returned.
    holders: Count,
    /// Guards that were forgotten.
    forgotten: Count,
    kills_begun: Count,
    kills_ended: Count,
    revives_begun: Count,
    revives_ended: Count,
    /// Zero, or one more than what `revives_begun` was when a kill had returned.
    killed: Count,
    stamp: Stamp,
}

/// The state that a kill found when it began.
pub(crate) struct Kill {
    lowered: u32,
    /// No revive was under way.
    no_revive: bool,
    revives: u32,
    /// More than one run was due.
    several_due: bool,
    begun: u32,
}

/// The state that a wait for the handler found when it began.
pub(crate) struct Wait {
    ended: u32,
    runs: bool,
}

impl Wait {
    /// Whether the handler was running when the wait began.
    pub(crate) fn met_run(&self) -> bool {
        self.runs
    }
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self {
            calls: Count::new(),
            returned: Count::new(),
            accepted: Count::new(),
            excused: Count::new(),
            missing: Count::new(),
            pardoned: Count::new(),
            begun: Count::new(),
            ended: Count::new(),
            inside: Count::new(),
            raised: Count::new(),
            lowered: Count::new(),
            holders: Count::new(),
            forgotten: Count::new(),
            kills_begun: Count::new(),
            kills_ended: Count::new(),
            revives_begun: Count::new(),
            revives_ended: Count::new(),
            killed: Count::new(),
            stamp: Stamp::new(),
        }
    }

    /// For a new tasklet.
    pub(crate) fn open(&self) {
        self.forgotten.set(0);
        self.killed.set(0);
        self.raised.set(0);
        self.lowered.set(0);
        self.stamp.clear();
        self.forget_runs();
    }

    /// Nothing is pending, and what was due has been checked.
    fn forget_runs(&self) {
        for count in [
            &self.accepted,
            &self.excused,
            &self.missing,
            &self.pardoned,
            &self.begun,
            &self.ended,
        ] {
            count.set(0);
        }
    }

    pub(crate) fn raised(&self) -> u32 {
        self.raised.get()
    }

    pub(crate) fn lowered(&self) -> u32 {
        self.lowered.get()
    }

    pub(crate) fn runs(&self) -> u32 {
        self.begun.get()
    }

    /// The CPU that runs it.
    pub(crate) fn running_on(&self) -> Option<u32> {
        self.inside.get().checked_sub(1)
    }

    /// Guards that are never dropped.
    pub(crate) fn forgotten(&self) -> u32 {
        self.forgotten.get()
    }

    pub(crate) fn forget_guard(&self) {
        self.forgotten.add();
    }
}

/// Scheduling.
impl Ledger {
    /// Whether a kill had returned, and no revive has begun since.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.get() == self.revives_begun.get().wrapping_add(1)
    }

    /// Schedules by calling `schedule`; `is_running` is that of the tasklet. `in_own_handler` is not said of works,
    /// and `is_running` always, because they are not due in an order.
    pub(crate) fn schedule(
        &self,
        hi: bool,
        in_own_handler: bool,
        schedule: impl FnOnce() -> bool,
        is_running: impl FnOnce() -> bool,
    ) -> bool {
        self.calls.add();
        Context::IrqDisable.run(|| {
            let was_killed = self.is_killed();
            let kills_ended = self.kills_ended.get();
            let kills = self.kills_begun.get();
            let number = Stamp::draw(hi);

            let mut accepted = schedule();
            if accepted {
                let running = is_running();
                self.accepted.add();
                if kills != kills_ended || kills != self.kills_begun.get() {
                    self.excused.add();
                }
                self.stamp.write(number, in_own_handler || !running, self);
                saw_if(
                    Window::ScheduledWhileRunning,
                    self.running_on().is_some_and(|runs_on| runs_on != cpu()),
                );
            } else if was_killed {
                saw(Window::ScheduledWhileKilled);
            } else {
                saw(Window::Coalesced);
            }
            if was_killed && injected(Invariant::LateSchedule) {
                accepted = true;
            }
            if accepted && was_killed && self.is_killed() {
                violated(
                    Invariant::LateSchedule,
                    fmt!("it was killed and not revived"),
                );
            }
            self.returned.add();
            accepted
        })
    }
}

/// Running.
impl Ledger {
    /// A run begins.
    pub(crate) fn enter(&self) {
        let mut inside = self.inside.set(cpu() + 1);
        if injected(Invariant::Overlap) {
            inside = 1;
        }
        if inside != 0 {
            violated(
                Invariant::Overlap,
                fmt!(
                    "a run began on CPU {} during one on CPU {}",
                    cpu(),
                    inside - 1
                ),
            );
        }
        saw(Window::Runs);
        self.stamp.check(self);
        let mut runs = self.begun.add().wrapping_add(1);
        if injected(Invariant::ExtraRun) {
            runs = u32::MAX;
        }
        // A work may run on another CPU before the schedule that it is for has been counted.
        for _ in 0..300_000 {
            if self.accepted.get() >= runs {
                break;
            }
            core::hint::spin_loop();
        }
        let accepted = self.accepted.get();
        if runs > accepted {
            violated(
                Invariant::ExtraRun,
                fmt!("run number {runs} after {accepted} successful schedules"),
            );
        }
        self.check_allowed();
    }

    /// A run ends.
    pub(crate) fn leave(&self) {
        self.check_allowed();
        let inside = self.inside.set(0);
        if inside != cpu() + 1 {
            violated(
                Invariant::Overlap,
                fmt!("another run began during a run on CPU {}", cpu()),
            );
        }
        self.ended.add();
    }

    /// Checks that the run is allowed.
    fn check_allowed(&self) {
        let mut holders = self.holders.get();
        if injected(Invariant::DisabledRun) {
            holders += 1;
        }
        if holders != 0 {
            violated(
                Invariant::DisabledRun,
                fmt!("disable() has returned {holders} times"),
            );
        }
        if self.is_killed() || injected(Invariant::LateRun) {
            violated(Invariant::LateRun, fmt!("kill() has returned"));
        }
    }
}

/// Disabling and waiting.
impl Ledger {
    pub(crate) fn before_raise(&self) {
        self.raised.add();
    }

    pub(crate) fn after_lower(&self) {
        self.lowered.add();
    }

    /// Before a wait for the handler.
    pub(crate) fn before_wait(&self) -> Wait {
        // In this order: the end of the run that is found here is not counted yet.
        let ended = self.ended.get();
        Wait {
            ended,
            runs: self.running_on().is_some(),
        }
    }

    /// The wait is over, so the run that it found must be over too.
    pub(crate) fn after_wait(&self, wait: &Wait, met: Window) {
        if !wait.runs {
            return;
        }
        saw(met);
        if self.ended.get() == wait.ended || injected(Invariant::EarlyReturn) {
            violated(Invariant::EarlyReturn, fmt!("the run that it met goes on"));
        }
    }

    /// `disable()` has returned; returns the number of runs, which must not grow.
    pub(crate) fn hold(&self) -> u32 {
        self.holders.add();
        if let Some(cpu) = self.running_on() {
            violated(
                Invariant::EarlyReturn,
                fmt!("disabled while it runs on CPU {cpu}"),
            );
        }
        self.runs()
    }

    /// The guard of [`Ledger::hold`] is about to be dropped.
    pub(crate) fn unhold(&self, runs: u32) {
        let now = self.runs();
        if now != runs {
            violated(
                Invariant::DisabledRun,
                fmt!("{} runs while it was disabled", now.wrapping_sub(runs)),
            );
        }
        self.holders.sub();
    }

    /// For [`Ledger::killed_since`].
    pub(crate) fn kills(&self) -> u32 {
        self.kills_ended.get()
    }

    pub(crate) fn killed_since(&self, kills: u32) -> bool {
        self.kills_ended.get() != kills
    }
}

/// Killing.
impl Ledger {
    /// Before a kill, or before the drop of an owner.
    pub(crate) fn before_kill(&self) -> Kill {
        let begun = self.kills_begun.add();
        saw_if(Window::KilledTwice, begun != self.kills_ended.get());
        // In this order, see above.
        let revives_ended = self.revives_ended.get();
        let revives = self.revives_begun.get();
        // A schedule that is not counted yet finds that this kill has begun.
        let begun = self.begun.get();
        let due = self
            .accepted
            .get()
            .wrapping_sub(begun)
            .wrapping_sub(self.missing.get());
        Kill {
            several_due: due > 1,
            begun,
            lowered: self.lowered.get(),
            no_revive: revives == revives_ended,
            revives,
        }
    }

    /// After it.
    pub(crate) fn after_kill(&self, kill: &Kill) {
        let inside = self.running_on();
        if self.raised.get() != kill.lowered {
            saw(Window::DisabledDuringKill);
            self.excused.add();
            if kill.several_due {
                self.excused.add();
            }
        } else if kill.several_due && self.begun.get() != kill.begun {
            saw(Window::ServedTogether);
            self.excused.add();
        }
        let is_alone = || self.kills_begun.get() == self.kills_ended.get().wrapping_add(1);
        let is_parked = || kill.no_revive && self.revives_begun.get() == kill.revives;
        if is_parked() {
            if let Some(cpu) = inside {
                violated(
                    Invariant::EarlyReturn,
                    fmt!("killed while it runs on CPU {cpu}"),
                );
            }
            // A work may have run on another CPU before the actor that scheduled it has counted that.
            let returned = self.returned.get();
            let is_counted = self.calls.get() == returned;
            let account = self.account();
            // Another kill might have discarded something, and not have excused it yet.
            if is_counted && is_alone() && is_parked() {
                self.settle(&account);
            }
            self.killed.set(kill.revives.wrapping_add(1));
        }
        self.kills_ended.add();
    }

    /// Revives by calling `revive`.
    pub(crate) fn revive(&self, revive: impl FnOnce() -> bool) {
        self.revives_begun.add();
        let calls = self.calls.get();
        let revived = revive();
        let raced = calls != self.calls.get();
        self.revives_ended.add();
        if revived {
            saw(Window::Revived);
            saw_if(Window::ReviveRacedSchedule, raced);
        }
    }
}

/// The numbers to compare.
struct Account {
    accepted: u32,
    begun: u32,
    excused: u32,
}

/// Settling.
impl Ledger {
    fn account(&self) -> Account {
        Account {
            accepted: self.accepted.get(),
            begun: self.begun.get(),
            excused: self.excused.get(),
        }
    }

    /// Nothing was pending or running, and nothing was scheduled: each schedule must have had its run.
    fn settle(&self, account: &Account) {
        let missing = account.accepted.wrapping_sub(account.begun);
        let excused = account
            .excused
            .wrapping_sub(self.pardoned.set(account.excused));
        let mut lost = missing.wrapping_sub(self.missing.set(missing)) as i32;

        if excused == 0 && account.accepted != 0 && injected(Invariant::LostRun) {
            lost += 1;
        }
        if lost < 0 {
            violated(
                Invariant::ExtraRun,
                fmt!(
                    "{} runs after {} successful schedules",
                    account.begun,
                    account.accepted
                ),
            );
        } else if lost as u32 > excused {
            violated(
                Invariant::LostRun,
                fmt!(
                    "{lost} of {} successful schedules had no run, {excused} excused",
                    account.accepted
                ),
            );
        } else if lost != 0 {
            saw(Window::Discarded);
        }
        saw_if(Window::Settled, account.accepted != 0 && excused == 0);
    }

    /// The same at rest.
    pub(crate) fn settle_at_rest(&self) {
        self.settle(&self.account());
        self.forget_runs();
    }

    /// The data of the handler is dropped, the kill that preceded began with `kill`.
    pub(crate) fn settle_for_good(&self, kill: &Kill) {
        if let Some(cpu) = self.running_on() {
            violated(
                Invariant::DropCount,
                fmt!("dropped while it runs on CPU {cpu}"),
            );
        }
        self.after_kill(kill);
        self.settle_at_rest();
    }
}
