// SPDX-License-Identifier: GPL-2.0

//! `serialised`: under schedules from every CPU the handler never overlaps itself.
//!
//! Threads on all CPUs, and interrupts on top of them, schedule one tasklet at both priorities. They
//! continue until they have often found it running, and it has run on several CPUs.

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

suite! {
    "serialised",
    "The runs of one tasklet never overlap",
    both [threads, interrupts, unlocked_state]
}

/// How often a schedule must queue the tasklet while it runs on another CPU before a case ends.
const MEETINGS: u32 = 50;

/// What happened so far.
struct Meetings<'a, C> {
    tasklet: &'a BottomHalf<Probe, C>,
    met_running: Counter,
}

impl<'a, C: Kind> Meetings<'a, C> {
    fn new(tasklet: &'a BottomHalf<Probe, C>, run_us: u32) -> Self {
        tasklet.handler().dawdle(run_us);
        Self {
            tasklet,
            met_running: Counter::new(),
        }
    }

    /// To be called where no softirq can run on this CPU.
    fn schedule(&self) {
        let queued = schedule_at(self.tasklet, cpu() % 2 != 0);
        let elsewhere = self.tasklet.is_running() && self.tasklet.handler().last_cpu() != cpu();
        self.met_running.add(u32::from(queued && elsewhere));
    }

    fn enough(&self) -> bool {
        self.met_running.get() >= MEETINGS && self.tasklet.handler().cpu_count() >= 2
    }

    /// Expects that there was an opportunity to overlap, and no overlap.
    fn check(&self, t: &Test) {
        drain();
        wait!(
            t,
            !self.tasklet.is_scheduled() && !self.tasklet.is_running()
        );
        check!(t, self.met_running.get() >= MEETINGS);
        check!(t, self.tasklet.handler().cpu_count() >= 2);
        self.tasklet.handler().check_sane(t);
    }
}

fn threads<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let meetings = Meetings::new(&tasklet, 20);

    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                spin_until(|| {
                    // Runs it at once, unless another CPU does.
                    Context::BhDisable.run(|| meetings.schedule());
                    meetings.enough()
                });
            })?;
        }
        Ok::<(), Error>(())
    })?;
    meetings.check(t);
    Ok(())
}

fn interrupts<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let meetings = Meetings::new(&tasklet, 200);

    scope(|s| {
        for cpu in cpus().skip(1) {
            s.spawn(cpu, || {
                storm(
                    100,
                    || meetings.schedule(),
                    || {
                        t.wait(|| meetings.enough());
                    },
                );
            })?;
        }
        Ok::<(), Error>(())
    })?;
    meetings.check(t);
    Ok(())
}

/// The state of a closure needs no lock: no update is lost although it reads, waits and writes.
fn unlocked_state<C: Kind>(t: &Test) -> Result {
    const RUNS: u32 = 2000;
    const LIMIT: u32 = 200_000;
    // No order but that of the tasklet: an access with more would add one.
    static STATE: Atomic<u32> = Atomic::new(0);
    static LAST_CPU: Atomic<u32> = Atomic::new(0);

    let (queued, met) = (Counter::new(), Counter::new());
    let mut state = 0;
    let tasklet = C::make_fn(move |_| {
        let before = core::hint::black_box(state);
        LAST_CPU.store(cpu(), Relaxed);
        spin_for(20);
        state = core::hint::black_box(before + 1);
        STATE.store(state, Relaxed);
    })?;
    scope(|s| {
        for other in cpus() {
            s.spawn(other, || {
                while queued.get() < RUNS || (met.get() < MEETINGS && queued.get() < LIMIT) {
                    // Runs it at once, unless another CPU does.
                    Context::BhDisable.run(|| {
                        if tasklet.schedule() {
                            let elsewhere = tasklet.is_running() && LAST_CPU.load(Relaxed) != cpu();
                            queued.add(1);
                            met.add(u32::from(elsewhere));
                        }
                    });
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    drain();
    wait!(t, !tasklet.is_scheduled() && !tasklet.is_running());
    check!(t, met.get() >= MEETINGS, "but {}", met.get());
    check_eq!(t, STATE.load(Relaxed), queued.get());
    Ok(())
}
