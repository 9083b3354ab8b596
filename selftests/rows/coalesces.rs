// SPDX-License-Identifier: GPL-2.0

//! `coalesces`: N schedules before the handler runs give one run; the first returns `true`, the others
//! `false`.
//!
//! The tasklet is kept pending while it is scheduled over and over: by holding the softirqs of the
//! CPU, or, for schedules from several CPUs, by disabling it.

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

suite! {
    "coalesces",
    "Schedules of a pending tasklet give one run",
    both [normal_first, hi_first, every_cpu, anew_after_each_run, sees_what_was_written]
}

fn mixed<C: Kind>(t: &Test, hi_first: bool) -> Result {
    let tasklet = probe_at::<C>(hi_first)?;

    let (first, others) = Context::SoftirqsHeld.run(|| {
        let schedule = |hi| schedule_at(&tasklet, hi);
        let first = schedule(hi_first);
        let others = (0..100).filter(|i| schedule(i % 2 == 0)).count();
        check!(t, tasklet.is_scheduled());
        check_eq!(t, tasklet.handler().runs(), 0);
        (first, others)
    });
    check!(t, first);
    check_eq!(t, others, 0);
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    tasklet.handler().check_sane(t);
    Ok(())
}

fn normal_first<C: Kind>(t: &Test) -> Result {
    mixed::<C>(t, false)
}

fn hi_first<C: Kind>(t: &Test) -> Result {
    mixed::<C>(t, true)
}

/// All CPUs schedule a tasklet that is new and disabled, for the first time together. Returns how many of these
/// schedules met another.
fn first_together<C: Kind>(t: &Test) -> Result<u32> {
    const ROUNDS: u32 = 50;
    let all = cpus().count() as u32;
    let (arrived, inside, met) = (Counter::new(), Counter::new(), Counter::new());
    let mut tasklets = KVec::new();

    for _ in 0..ROUNDS {
        let tasklet = C::make_disabled(Probe::new())?;
        tasklets.push((tasklet, Counter::new()), GFP_KERNEL)?;
    }
    let together = |times| {
        arrived.add(1);
        check!(t, spin_until(|| arrived.get() >= times * all));
    };
    scope(|s| {
        for cpu in cpus() {
            let (tasklets, inside, met, together) = (&tasklets, &inside, &met, &together);
            s.spawn(cpu, move || {
                for (round, (tasklet, queued)) in (0..).zip(tasklets) {
                    together(2 * round + 1);
                    let others = inside.add(1);
                    let first = tasklet.schedule();
                    inside.sub1();
                    met.add(u32::from(others != 0));
                    queued.add(u32::from(first));
                    for _ in 0..5 {
                        queued.add(u32::from(tasklet.schedule()));
                        queued.add(u32::from(C::hi_schedule(tasklet)));
                    }
                    together(2 * round + 2);
                    if cpu == 0 {
                        check!(t, tasklet.is_scheduled());
                        check_eq!(t, tasklet.handler().runs(), 0);
                        check_eq!(t, tasklet.enable(), Ok(()));
                    }
                    if t.failed() {
                        break;
                    }
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    wait!(
        t,
        tasklets
            .iter()
            .all(|(tasklet, _)| tasklet.handler().left() == 1)
    );
    drain();
    for (tasklet, queued) in &tasklets {
        check_eq!(t, queued.get(), 1);
        check_eq!(t, tasklet.handler().runs(), 1);
        if t.failed() {
            break;
        }
    }
    Ok(met.get())
}

fn every_cpu<C: Kind>(t: &Test) -> Result {
    let mut met = 0;

    for _ in 0..100 {
        met += first_together::<C>(t)?;
        if met >= 10 || t.failed() {
            break;
        }
    }
    check!(t, met >= 10, "but {}", met);
    Ok(())
}

fn anew_after_each_run<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    for run in 1..=50 {
        let answers = Context::SoftirqsHeld.run(|| [(); 3].map(|()| tasklet.schedule()));
        check_eq!(t, answers, [true, false, false]);
        wait!(t, tasklet.handler().left() == run && !tasklet.is_running());
    }
    drain();
    check_eq!(t, tasklet.handler().runs(), 50);
    Ok(())
}

/// Data that two threads write and a handler reads. Only `schedule()` orders these accesses.
struct Mail {
    written: [Atomic<u32>; 2],
    seen: [Atomic<u32>; 2],
}

impl<C: Kind> TaskletHandler<C> for Mail {
    fn run(&self, _cx: &C) {
        for (written, seen) in self.written.iter().zip(&self.seen) {
            seen.store(written.load(Relaxed), Relaxed);
        }
    }
}

/// Whether a schedule queues the tasklet or coalesces: a run follows that sees what was written before.
fn sees_what_was_written<C: Kind>(t: &Test) -> Result {
    const ROUNDS: u32 = 100;
    const MEETINGS: u32 = 50;
    const LIMIT: u32 = 50;
    let tasklet = C::make(Mail {
        written: [const { Atomic::new(0) }; 2],
        seen: [const { Atomic::new(0) }; 2],
    })?;
    let mail = tasklet.handler();
    let (arrived, awake, coalesced) = (Counter::new(), Counter::new(), Counter::new());

    let mut first = 1;
    while coalesced.get() < MEETINGS && first < LIMIT * ROUNDS && !t.failed() {
        let rounds = first..first + ROUNDS;
        first = rounds.end;
        scope(|s| {
            for (me, cpu) in [1, 2].into_iter().enumerate() {
                let (tasklet, arrived, awake, coalesced) = (&tasklet, &arrived, &awake, &coalesced);
                let rounds = rounds.clone();
                s.spawn(cpu, move || {
                    for round in rounds {
                        // Both continue together, and neither schedules until both have seen their run.
                        arrived.add(1);
                        check!(t, spin_until(|| arrived.get() >= 2 * round));
                        awake.add(1);
                        // Runs it when this ends, unless the other has queued it.
                        let queued = Context::BhDisable.run(|| {
                            mail.written[me].store(round, Relaxed);
                            let queued = tasklet.schedule();
                            // The other is about to write and to schedule.
                            check!(t, spin_until(|| awake.get() >= 2 * round));
                            spin_for(round % 4);
                            queued
                        });
                        coalesced.add(u32::from(!queued));
                        check!(t, spin_until(|| mail.seen[me].load(Relaxed) == round));
                        if t.failed() {
                            break;
                        }
                    }
                })?;
            }
            Ok::<(), Error>(())
        })?;
        check_eq!(t, mail.seen[0].load(Relaxed), first - 1);
        check_eq!(t, mail.seen[1].load(Relaxed), first - 1);
    }
    // The situation arose.
    check!(t, coalesced.get() >= MEETINGS, "but {}", coalesced.get());
    Ok(())
}
