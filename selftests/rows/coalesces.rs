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

fn every_cpu<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let queued = Counter::new();

    let off = tasklet.disable_nosync();
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                for _ in 0..300 {
                    queued.add(u32::from(tasklet.schedule()));
                    queued.add(u32::from(C::hi_schedule(&tasklet)));
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check_eq!(t, queued.get(), 1);
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 0);
    off.enable();
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
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
    const ROUNDS: u32 = 300;
    let tasklet = C::make(Mail {
        written: [const { Atomic::new(0) }; 2],
        seen: [const { Atomic::new(0) }; 2],
    })?;
    let mail = tasklet.handler();
    let (arrived, coalesced) = (Counter::new(), Counter::new());

    scope(|s| {
        for (me, cpu) in [1, 2].into_iter().enumerate() {
            let (tasklet, arrived, coalesced) = (&tasklet, &arrived, &coalesced);
            s.spawn(cpu, move || {
                for round in 1..=ROUNDS {
                    // Both continue together, and neither schedules until both have seen their run.
                    arrived.add(1);
                    wait!(t, arrived.get() >= 2 * round);
                    mail.written[me].store(round, Relaxed);
                    coalesced.add(u32::from(!tasklet.schedule()));
                    wait!(t, mail.seen[me].load(Relaxed) == round);
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check_eq!(t, mail.seen[0].load(Relaxed), ROUNDS);
    check_eq!(t, mail.seen[1].load(Relaxed), ROUNDS);
    // The situation arose.
    check!(t, coalesced.get() > 0);
    Ok(())
}
