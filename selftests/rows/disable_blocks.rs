// SPDX-License-Identifier: GPL-2.0

//! `disable_blocks`: while disabled, a tasklet does not run; the depth nests; a pending run happens
//! exactly once after the last enable.
//!
//! A tasklet is scheduled while disabled, so that it is pending and due, and given every chance to
//! run; then it is enabled step by step.

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

suite! {
    "disable_blocks",
    "A disabled tasklet does not run, and runs once when it is enabled",
    both [
        one_guard,
        nested,
        kept,
        scheduled_first,
        from_atomic_contexts,
        by_many_threads,
        sees_what_was_written,
        from_its_own_handler,
    ]
}

/// Expects that `tasklet` is pending and cannot run.
fn check_blocked<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>, runs: u32, depth: u32) {
    drain();
    check!(t, tasklet.is_scheduled());
    check!(t, !tasklet.handler().inside());
    check_eq!(t, tasklet.handler().runs(), runs);
    check_eq!(t, tasklet.disable_depth(), depth);
}

/// Expects that `tasklet` runs once more, and no more.
fn check_runs_once<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>, runs: u32) {
    wait!(t, tasklet.handler().left() == runs);
    drain();
    check_eq!(t, tasklet.handler().runs(), runs);
    check_eq!(t, tasklet.disable_depth(), 0);
    tasklet.handler().check_sane(t);
}

fn one_guard<C: Kind>(t: &Test) -> Result {
    for hi in [false, true] {
        let tasklet = probe_at::<C>(hi)?;
        let off = tasklet.disable()?;

        let schedule = || schedule_at(&tasklet, hi);
        check_eq!(t, tasklet.disable_depth(), 1);
        check!(t, schedule());
        check!(t, !schedule());
        check_blocked(t, &tasklet, 0, 1);
        drop(off);
        check_runs_once(t, &tasklet, 1);
    }
    Ok(())
}

fn nested<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let outer = tasklet.disable()?;
    let middle = tasklet.disable_nosync();
    let inner = tasklet.disable()?;
    check!(t, tasklet.schedule());
    check_blocked(t, &tasklet, 0, 3);
    // In no particular order.
    outer.enable();
    check_blocked(t, &tasklet, 0, 2);
    drop(inner);
    check_blocked(t, &tasklet, 0, 1);
    middle.enable();
    check_runs_once(t, &tasklet, 1);
    Ok(())
}

fn kept<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    tasklet.disable()?.keep();
    tasklet.disable_nosync().keep();
    check!(t, tasklet.schedule());
    check_blocked(t, &tasklet, 0, 2);
    tasklet.enable()?;
    check_blocked(t, &tasklet, 0, 1);
    tasklet.enable()?;
    check_runs_once(t, &tasklet, 1);
    Ok(())
}

/// The tasklet is disabled while it is pending already.
fn scheduled_first<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = Context::SoftirqsHeld.run(|| {
        check!(t, tasklet.schedule());
        tasklet.disable_nosync()
    });
    check_blocked(t, &tasklet, 0, 1);
    drop(off);
    check_runs_once(t, &tasklet, 1);
    Ok(())
}

fn from_atomic_contexts<C: Kind>(t: &Test) -> Result {
    for context in Context::ATOMIC {
        let tasklet = probe::<C>()?;

        let off = context.run(|| tasklet.disable_nosync());
        context.run(|| tasklet.disable_nosync().keep());
        check!(t, tasklet.schedule());
        check_blocked(t, &tasklet, 0, 2);
        context.run(|| drop(off));
        check_blocked(t, &tasklet, 0, 1);
        check_eq!(t, context.run(|| tasklet.enable()), Ok(()));
        check_runs_once(t, &tasklet, 1);
    }
    Ok(())
}

/// How often a disable must meet a run.
const MEETINGS: u32 = 50;

/// Every CPU disables, schedules, and checks whether a run overlaps its disabled section.
fn by_many_threads<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let (violations, met) = (Counter::new(), Counter::new());

    probe.dawdle(20);
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                for round in 0..20_000 {
                    if round >= 200 && met.get() >= MEETINGS {
                        break;
                    }
                    // Runs it at once, unless it is disabled or another CPU does.
                    Context::BhDisable.run(|| tasklet.schedule());
                    let inside = (0..50).any(|_| {
                        spin_for(1);
                        probe.inside()
                    });
                    if let Ok(off) = tasklet.disable() {
                        let runs = probe.runs();
                        met.add(u32::from(inside));
                        tasklet.schedule();
                        for _ in 0..100 {
                            core::hint::spin_loop();
                        }
                        violations.add(u32::from(probe.inside() || probe.runs() != runs));
                        off.enable();
                    }
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check!(t, met.get() >= MEETINGS, "but {}", met.get());
    check_eq!(t, violations.get(), 0);
    wait!(t, !tasklet.is_scheduled() && !tasklet.is_running());
    drain();
    check!(t, probe.runs() > 0);
    check_eq!(t, tasklet.disable_depth(), 0);
    probe.check_sane(t);
    Ok(())
}

/// Data that a driver changes while the tasklet is disabled. Only the enable orders these accesses.
struct Settings {
    written: Atomic<u32>,
    seen: Atomic<u32>,
    runs: Counter,
}

impl<C: BottomHalfContext> TaskletHandler<C> for Settings {
    fn run(&self, _cx: &C) {
        self.seen.store(self.written.load(Relaxed), Relaxed);
        self.runs.add(1);
    }
}

/// The run that an enable lets happen sees what was written before, whatever enables.
fn sees_what_was_written<C: Kind>(t: &Test) -> Result {
    let tasklet = C::make(Settings {
        written: Atomic::new(0),
        seen: Atomic::new(0),
        runs: Counter::new(),
    })?;
    let settings = tasklet.handler();

    for round in 1..=50 {
        let off = tasklet.disable()?;
        // Softirqs of that CPU try to run it all the time.
        check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
        if round % 2 == 0 {
            off.keep();
            settings.written.store(round, Relaxed);
            check_eq!(t, tasklet.enable(), Ok(()));
        } else {
            settings.written.store(round, Relaxed);
            drop(off);
        }
        wait!(t, settings.runs.get() == round);
        check_eq!(t, settings.seen.load(Relaxed), round);
        if t.failed() {
            break;
        }
    }
    Ok(())
}

struct Pausing {
    runs: Counter,
}

impl<C: HasPausing> TaskletHandler<C> for Pausing {
    fn run(&self, cx: &C) {
        if self.runs.add(1) == 0 {
            C::pausing().disable_nosync().keep();
            cx.schedule();
        }
    }
}

static_of_both!(HasPausing::pausing: Pausing = Pausing { runs: Counter::new() });

/// A handler that disables and reschedules itself: the second run waits for the enable.
fn from_its_own_handler<C: HasPausing>(t: &Test) -> Result {
    let tasklet = C::pausing();
    let runs = &tasklet.handler().runs;

    check!(t, tasklet.schedule());
    wait!(t, runs.get() == 1 && !tasklet.is_running());
    drain();
    check!(t, tasklet.is_scheduled());
    check_eq!(t, runs.get(), 1);
    check_eq!(t, tasklet.enable(), Ok(()));
    wait!(t, runs.get() == 2);
    tasklet.kill()
}
