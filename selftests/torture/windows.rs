// SPDX-License-Identifier: GPL-2.0

//! How often something happened: the windows, which must arise, and what is merely of interest.
//!
//! Every CPU has counters of its own, so that counting does not make the CPUs wait for each other.

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
    order::MAX_CPUS,
    params::Params, //
};

macro_rules! windows {
    ($($variant:ident = $name:literal, $arises:expr;)*) => {
        /// Something to be counted.
        #[derive(Clone, Copy)]
        pub(crate) enum Window {
            $($variant,)*
        }

        /// Its name, and whether it must arise with these parameters.
        const WINDOWS: &[(&str, fn(&Params) -> bool)] = &[$(($name, $arises)),*];
    };
}

fn never(_: &Params) -> bool {
    false
}

fn always(_: &Params) -> bool {
    true
}

fn threads_schedule(p: &Params) -> bool {
    p.schedule + p.hi_schedule != 0
}

fn scheduled_and(p: &Params, wanted: bool) -> bool {
    threads_schedule(p) && wanted
}

fn interrupts(p: &Params) -> bool {
    p.irq_us != 0
}

fn owners_for_interrupts(p: &Params) -> bool {
    p.form_box + p.form_arc + p.form_kbox + p.form_bh_box + p.form_bh_arc != 0
}

fn guards(p: &Params) -> bool {
    p.disable + p.disable_nosync != 0
}

windows! {
    // Which actor did what. Of these only the runs must arise.
    ThreadOps = "operations of threads", always;
    InterruptOps = "operations of interrupts", |p| interrupts(p);
    HandlerOps = "operations of handlers", |p| {
        scheduled_and(p, p.handler_ops + p.self_schedule + p.self_hi_schedule + p.self_close != 0)
    };
    Runs = "runs", threads_schedule;
    NormalRuns = "runs at normal priority", |p| p.schedule != 0;
    HiRuns = "runs at high priority", |p| p.hi_schedule != 0;
    // Scheduling.
    Coalesced = "coalesced", threads_schedule;
    ScheduledWhileRunning = "scheduled while running on another CPU", threads_schedule;
    ScheduledItself = "scheduled itself", |p| scheduled_and(p, p.self_schedule != 0);
    ScheduledItselfHi = "scheduled itself at high priority", |p| {
        scheduled_and(p, p.self_hi_schedule != 0)
    };
    ScheduledWhileKilled = "scheduled while killed", |p| scheduled_and(p, p.kill != 0);
    InOrder = "runs held against the order of their schedules", threads_schedule;
    Requeued = "runs queued again, without an order", |p| scheduled_and(p, guards(p));
    // Disabling.
    DisableMetRun = "disable met a running handler", |p| scheduled_and(p, p.disable != 0);
    RanAfterEnable = "disabled and pending until enabled", |p| scheduled_and(p, guards(p));
    GuardOutlivedKill = "guard outlived a kill", |p| guards(p) && p.kill != 0;
    DisabledDuringKill = "disabled in the middle of a kill", |p| guards(p) && p.kill != 0;
    KeptAndEnabled = "kept and enabled", |p| p.keep != 0;
    Forgotten = "guards forgotten", |p| p.forget != 0;
    SynchronizeMetRun = "synchronize met a running handler", |p| scheduled_and(p, p.synchronize != 0);
    // Killing.
    KilledIdle = "killed while idle", |p| p.kill != 0;
    KilledPending = "killed while pending", |p| scheduled_and(p, p.kill != 0);
    KilledRunning = "killed while running", |p| scheduled_and(p, p.kill != 0);
    KilledDisabledPending = "killed while disabled and pending", |p| {
        scheduled_and(p, guards(p) && p.kill != 0)
    };
    Discarded = "schedules whose run a kill discarded", |p| scheduled_and(p, guards(p) && p.kill != 0);
    ServedTogether = "kills that met two runs due, and let one serve both", never;
    KilledTwice = "killed during a kill", |p| p.kill != 0 && p.nthreads > 1;
    Revived = "revived", |p| p.kill != 0;
    ReviveRacedSchedule = "scheduled during a revive", |p| scheduled_and(p, p.kill != 0);
    // Being told that this is no place to wait.
    WouldBlock = "waiting refused in atomic context", |p| {
        (interrupts(p) || p.handler_ops != 0) && p.disable + p.kill + p.synchronize != 0
    };
    OwnHandler = "waiting refused in the own handler", |p| scheduled_and(p, p.handler_ops != 0);
    // Owners.
    Made = "made", always;
    MadeInline = "made: Tasklet", |p| p.form_inline != 0;
    MadeBox = "made: TaskletBox", |p| p.form_box != 0;
    MadeArc = "made: TaskletHandle of an Arc", |p| p.form_arc != 0;
    MadeKBox = "made: TaskletHandle of a KBox", |p| p.form_kbox != 0;
    MadeStatic = "made: static_tasklet!", |p| p.form_static != 0;
    MadeBhBox = "made: BhWorkBox", |p| p.form_bh_box != 0;
    MadeBhArc = "made: TaskletHandle of an Arc with a BhWork", |p| p.form_bh_arc != 0;
    NotMade = "not made, for want of memory", never;
    DroppedInTask = "dropped in a thread", |p| p.close != 0;
    DroppedInSoftirq = "dropped in a handler", |p| {
        scheduled_and(p, p.handler_ops != 0 && p.close != 0 && owners_for_interrupts(p))
    };
    DroppedInHardirq = "dropped in an interrupt", |p| {
        interrupts(p) && p.close != 0 && owners_for_interrupts(p)
    };
    DroppedByItself = "dropped in the own handler", |p| {
        scheduled_and(p, p.self_close != 0 && owners_for_interrupts(p))
    };
    DroppedPending = "dropped while pending", |p| scheduled_and(p, p.close != 0);
    DroppedRunning = "dropped while running elsewhere", |p| scheduled_and(p, p.close != 0);
    DroppedDisabledPending = "dropped while disabled and pending", |p| {
        scheduled_and(p, p.forget != 0)
    };
    LeftToThreads = "left to threads, as it must not be dropped here", |p| {
        p.close != 0 && (interrupts(p) || p.self_close != 0) && p.form_inline + p.form_static != 0
    };
    Settled = "accounts settled, to the run", always;
    // The rest of the world.
    Stutters = "stutters", always;
    Shuffled = "threads moved", |p| p.shuffle != 0;
    Offline = "CPUs taken offline", |p| p.onoff_ms != 0 && cpus().count() > 1;
    Online = "CPUs taken online", |p| p.onoff_ms != 0 && cpus().count() > 1;
    OnoffFailed = "CPUs that did not want to", never;
    RanAfterOffline = "ran elsewhere, as their CPU went offline", |p| {
        scheduled_and(p, p.onoff_ms != 0 && cpus().count() > 1)
    };
}

#[repr(align(64))]
struct PerCpu([Atomic<u64>; WINDOWS.len()]);

static COUNTS: [PerCpu; MAX_CPUS] =
    [const { PerCpu([const { Atomic::new(0) }; WINDOWS.len()]) }; MAX_CPUS];

/// It happened. Any context.
#[inline]
pub(crate) fn saw(window: Window) {
    COUNTS[cpu() as usize % MAX_CPUS].0[window as usize].fetch_add(1, Relaxed);
}

/// It happened, if `condition`.
#[inline]
pub(crate) fn saw_if(window: Window, condition: bool) {
    if condition {
        saw(window);
    }
}

fn sum(window: usize) -> u64 {
    COUNTS.iter().map(|cpu| cpu.0[window].load(Relaxed)).sum()
}

/// How many operations there were.
pub(crate) fn operations() -> u64 {
    [Window::ThreadOps, Window::InterruptOps, Window::HandlerOps]
        .iter()
        .map(|&window| sum(window as usize))
        .sum()
}

/// Prints all counters, and expects that what had to arise did.
pub(crate) fn report(params: &Params) {
    for (window, (name, arises)) in WINDOWS.iter().enumerate() {
        let mut count = sum(window);
        if arises(params) && injected(Invariant::Vacuous) {
            count = 0;
        }
        if count != 0 || arises(params) {
            pr_info!("{count:>10} {name}\n");
        }
        if count == 0 && arises(params) {
            violated(Invariant::Vacuous, fmt!("never saw: {name}"));
        }
    }
}
