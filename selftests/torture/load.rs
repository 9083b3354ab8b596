// SPDX-License-Identifier: GPL-2.0

//! The actors, when all of them pause, and what is checked then; a test from start to end.

use harness::{
    doze,
    move_to,
    now_ns,
    patience,
    prelude::*,
    resched, //
};
use kernel::{
    fmt,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
};

use crate::{
    hotplug,
    invariants::{
        injected,
        violated,
        violations,
        Invariant, //
    },
    ledger::Count,
    operations::{
        schedule,
        Actor, //
    },
    params,
    rng::Rng,
    slot::{
        Place,
        Slot,
        User,
        SLOTS, //
    },
    windows::{
        self,
        saw,
        saw_if,
        Window, //
    },
};

/// The module is about to be unloaded.
static QUIT: Count = Count::new();
/// The actors shall end.
static STOP: Count = Count::new();
/// The actors shall pause, and how many do.
static PAUSE: Count = Count::new();
static PAUSED: Count = Count::new();

/// How long anything may take.
const PATIENCE_S: u64 = 60;
/// How long one timer is used.
const STORM_NS: u64 = 200_000_000;

/// Ends the test.
pub(crate) fn stop() {
    QUIT.set(1);
}

/// Whether the actors shall pause.
pub(crate) fn pausing() -> bool {
    PAUSE.get() != 0
}

pub(crate) fn sleep_ms(ms: u32) {
    let end = now_ns() + u64::from(ms) * 1_000_000;
    while now_ns() < end && !pausing() {
        fsleep(Delta::from_millis(i64::from(u32::min(ms, 20))));
    }
}

/// Between two operations: pauses as long as it must. True: the actor shall end.
pub(crate) fn absorb_stutter() -> bool {
    if pausing() {
        PAUSED.add();
        while pausing() {
            fsleep(Delta::from_millis(2));
        }
        PAUSED.sub();
    }
    STOP.get() != 0
}

/// Thread number `actor`, which operates.
fn operate(actor: u32) {
    let p = params::get();
    let mut step: u32 = 0;

    while !absorb_stutter() {
        let mut thread = Actor::new(Place::Thread, Rng::of_step(p.seed, actor, step));
        thread.step();
        if thread.rng.per_mille(p.shuffle) {
            let count = cpus().count() as u32;
            if let Some(cpu) = cpus().nth(thread.rng.below(count) as usize) {
                saw_if(Window::Shuffled, move_to(cpu));
            }
        }
        step = step.wrapping_add(1);
        if step % 256 == 0 {
            // Lets threads have the CPU that `resched()` does not consider.
            doze();
        } else if step % 8 == 0 {
            resched();
        }
    }
}

/// The actors that are timers, counted from here by their CPU.
const TIMERS: u32 = 2000;
/// The same for handlers, by their slot. They are not replayed, because the order of runs is not.
const HANDLERS: u32 = 1000;

/// A thread under which a timer interrupts `cpu`.
fn interrupt(cpu: u32) {
    let p = params::get();
    let step = Atomic::new(0u32);

    while !absorb_stutter() {
        if !move_to(cpu) {
            sleep_ms(20);
            continue;
        }
        let end = now_ns() + STORM_NS;
        storm(
            p.irq_us,
            || {
                // A timer has one interrupt at a time.
                let now = step.load(Relaxed);
                step.store(now.wrapping_add(1), Relaxed);
                let mut timer =
                    Actor::new(Place::Interrupt, Rng::of_step(p.seed, TIMERS + cpu, now));
                timer.step();
                timer.step();
            },
            || {
                while now_ns() < end && !pausing() {
                    fsleep(Delta::from_millis(5));
                }
            },
        );
    }
}

/// Sleeps until `condition` holds. If it does not in time, logs what it waited for.
fn wait_for(invariant: Invariant, what: fmt::Arguments<'_>, condition: impl Fn() -> bool) -> bool {
    let end = now_ns() + patience(PATIENCE_S * 1_000_000_000);
    while !condition() {
        if now_ns() > end && !condition() {
            violated(invariant, what);
            return false;
        }
        doze();
    }
    true
}

/// Has all `actors` pause, and checks every tasklet. False: they do not.
fn rest(actors: u32) -> bool {
    PAUSE.set(1);
    if !wait_for(Invariant::Hang, fmt!("an operation does not end"), || {
        PAUSED.get() == actors
    }) {
        return false;
    }
    if injected(Invariant::Hang) {
        violated(Invariant::Hang, fmt!("no operation hangs"));
        return false;
    }
    for slot in &SLOTS {
        slot.collect();
        if let Some(user) = slot.get(Place::Thread) {
            check(slot, &user);
        }
    }
    saw(Window::Stutters);
    true
}

/// At rest: every run that was due must have happened, and one more run happens if it is scheduled.
fn check(slot: &Slot, user: &User) {
    let owner = user.owner();
    let is_idle = || !owner.is_scheduled() && slot.ledger.running_on().is_none();
    let number = slot.index();

    if !wait_for(
        Invariant::LostRun,
        fmt!("tasklet {number} stays pending"),
        is_idle,
    ) {
        return;
    }
    slot.ledger.settle_at_rest();
    let depth = owner.disable_depth() + u32::from(injected(Invariant::Depth));
    if depth != 0 || owner.enable() != Err(EINVAL) {
        violated(
            Invariant::Depth,
            fmt!("tasklet {number} was left at depth {depth}"),
        );
        return;
    }
    let runs = slot.ledger.runs();
    schedule(user, Place::Thread, false);
    wait_for(
        Invariant::LostRun,
        fmt!("tasklet {number} does not run any more"),
        || slot.ledger.runs() != runs && is_idle(),
    );
    slot.ledger.settle_at_rest();
}

/// Ends a pause. False: it does not end.
fn resume() -> bool {
    PAUSE.set(0);
    wait_for(Invariant::Hang, fmt!("a pause does not end"), || {
        PAUSED.get() == 0
    })
}

/// All of the test.
pub(crate) fn run() {
    let p = params::get();
    let start = now_ns();
    let elapsed_ms = || (now_ns() - start) / 1_000_000;

    for (actor, slot) in (HANDLERS..).zip(&SLOTS) {
        slot.keep_handler_rng(Rng::of_step(p.seed, actor, 0));
    }
    let mut reported = false;
    scope(|s| {
        let mut actors = 0;
        let mut started = |result: Result| match result {
            Ok(()) => actors += 1,
            Err(e) => violated(Invariant::Hang, fmt!("cannot start a thread: {e:?}")),
        };
        for (actor, cpu) in (0..p.nthreads).zip(cpus().cycle()) {
            started(s.spawn(cpu, move || operate(actor)));
        }
        if p.irq_us != 0 {
            for cpu in cpus() {
                started(s.spawn(cpu, move || interrupt(cpu)));
            }
        }
        if p.onoff_ms != 0 {
            started(s.spawn(0, hotplug::run));
        }

        let mut rested = true;
        let mut next_stutter = u64::from(p.stutter_ms);
        while rested
            && QUIT.get() == 0
            && (p.seconds == 0 || elapsed_ms() < u64::from(p.seconds) * 1000)
            && (p.ops == 0 || windows::operations() < p.ops)
        {
            fsleep(Delta::from_millis(20));
            if p.stutter_ms != 0 && elapsed_ms() >= next_stutter {
                rested = rest(actors) && resume();
                next_stutter = elapsed_ms() + u64::from(p.stutter_ms);
            }
        }
        if !rested || !rest(actors) {
            // Hanging actors may hang for ever, and this thread with them.
            report(elapsed_ms());
            reported = true;
        }
        STOP.set(1);
        PAUSE.set(0);
    });
    for slot in &SLOTS {
        slot.close(Place::Thread);
        slot.collect();
    }
    for slot in &SLOTS {
        wait_for(
            Invariant::DropCount,
            fmt!("the data of tasklet {} was never dropped", slot.index()),
            || slot.is_empty(),
        );
    }
    if !reported {
        report(elapsed_ms());
    }
}

/// The counters, and the line that sums them up.
fn report(ms: u64) {
    struct Violations;

    impl fmt::Display for Violations {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            for &invariant in Invariant::ALL {
                let count = violations(invariant);
                if count != 0 {
                    f.write_fmt(fmt!(" {}={count}", invariant.name()))?;
                }
            }
            Ok(())
        }
    }

    let p = params::get();
    windows::report(p);
    let operations = windows::operations();
    pr_info!(
        "{operations} operations in {}.{:03} s, {} op/s\n",
        ms / 1000,
        ms % 1000,
        operations * 1000 / u64::max(ms, 1)
    );
    if Invariant::ALL
        .iter()
        .all(|&invariant| violations(invariant) == 0)
    {
        p.announce(fmt!("End of test: SUCCESS"));
    } else {
        p.announce(fmt!("End of test: FAILURE:{Violations}"));
    }
}
