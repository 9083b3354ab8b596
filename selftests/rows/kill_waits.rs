// SPDX-License-Identifier: GPL-2.0

//! `kill_waits`: `kill()` lets an enabled pending run finish, and waits for a running handler.
//!
//! A thread on CPU 1 keeps the tasklet pending, or runs its held handler, while a thread on CPU 2
//! kills it. The kill must not return before the run has ended, and must not lose it.

use harness::prelude::*;
use kernel::types::ScopeGuard;

suite! {
    "kill_waits",
    "kill() lets a pending run finish and waits for a running handler",
    both [
        pending,
        pending_hi,
        pending_and_slow,
        running,
        running_and_pending,
        scheduled_in_last_run,
        idle,
        no_run_is_lost,
    ]
}

/// A kill on CPU 2, as seen by the others.
struct Kill {
    returned: Flag,
    /// How many runs had ended when it returned.
    left: Counter,
}

impl Kill {
    const fn new() -> Self {
        Self {
            returned: Flag::new(),
            left: Counter::new(),
        }
    }

    fn run<C: Kind>(&self, t: &Test, tasklet: &BottomHalf<Probe, C>) {
        check_eq!(t, tasklet.kill(), Ok(()));
        check_eq!(t, tasklet.handler().settled(), tasklet.handler().left());
        self.left.set(tasklet.handler().left());
        check!(t, !tasklet.is_running() && tasklet.is_parked());
        self.returned.set();
    }
}

fn kept_pending<C: Kind>(t: &Test, hi: bool) -> Result {
    let tasklet = probe_at::<C>(hi)?;
    let kill = Kill::new();

    scope(|s| {
        let kept = keep_pending(t, s, || {
            let queued = schedule_at(&tasklet, hi);
            check!(t, queued);
        })?;
        check!(t, tasklet.is_scheduled());
        let killer = s.spawn_watched(2, || kill.run(t, &tasklet))?;
        killer.check_blocked(t, &kill.returned);
        check_eq!(t, tasklet.handler().runs(), 0);
        drop(kept);
        wait!(t, kill.returned.is_set());
        Ok::<(), Error>(())
    })?;
    check_eq!(t, kill.left.get(), 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    check_eq!(t, tasklet.handler().last_cpu(), 1);
    tasklet.handler().check_sane(t);
    Ok(())
}

fn pending<C: Kind>(t: &Test) -> Result {
    kept_pending::<C>(t, false)
}

fn pending_hi<C: Kind>(t: &Test) -> Result {
    kept_pending::<C>(t, true)
}

fn running<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let kill = Kill::new();

    while_running(t, &tasklet, 1, |s| {
        let killer = s.spawn_watched(2, || kill.run(t, &tasklet))?;
        killer.check_blocked(t, &kill.returned);
        check!(t, tasklet.is_running());
        tasklet.handler().release();
        wait!(t, kill.returned.is_set());
        Ok::<(), Error>(())
    })??;
    check_eq!(t, kill.left.get(), 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    tasklet.handler().check_sane(t);
    Ok(())
}

/// A run that is pending when the kill begins, and takes long: the kill first claims the tasklet, and then
/// waits for the run. In the other order, it would look for a running handler before there is one.
fn pending_and_slow<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let kill = Kill::new();

    scope(|s| {
        let kept = keep_pending(t, s, || {
            check!(t, tasklet.schedule());
            tasklet.handler().hold();
        })?;
        let killer = s.spawn_watched(2, || kill.run(t, &tasklet))?;
        killer.check_blocked(t, &kill.returned);
        drop(kept);
        wait!(t, tasklet.handler().runs() == 1);
        // Long enough for a kill that does not wait for this run.
        for _ in 0..5 {
            temptation();
        }
        check!(t, !kill.returned.is_set());
        tasklet.handler().release();
        wait!(t, kill.returned.is_set());
        Ok::<(), Error>(())
    })?;
    check_eq!(t, kill.left.get(), 1);
    Ok(())
}

/// A run that is pending while another runs takes place as well.
fn running_and_pending<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let kill = Kill::new();

    while_running(t, &tasklet, 1, |s| {
        check_eq!(t, on_cpu(3, || tasklet.schedule()), Ok(true));
        check!(t, tasklet.is_running() && tasklet.is_scheduled());
        let killer = s.spawn_watched(2, || kill.run(t, &tasklet))?;
        killer.check_blocked(t, &kill.returned);
        check_eq!(t, tasklet.handler().runs(), 1);
        tasklet.handler().release();
        wait!(t, kill.returned.is_set());
        Ok::<(), Error>(())
    })??;
    check_eq!(t, kill.left.get(), 2);
    drain();
    check_eq!(t, tasklet.handler().runs(), 2);
    tasklet.handler().check_sane(t);
    Ok(())
}

/// A handler whose runs wait until they may end.
struct Gates {
    runs: Counter,
    /// How many runs may end.
    open: Counter,
    stuck: Flag,
}

impl<C: Kind> TaskletHandler<C> for Gates {
    fn run(&self, _cx: &C) {
        let run = self.runs.add(1);
        if !spin_until(|| self.open.get() > run) {
            self.stuck.set();
        }
    }
}

/// Scheduled while the last run takes place: as nothing will run any more, the schedule returns `false`.
fn scheduled_in_last_run<C: Kind>(t: &Test) -> Result {
    let tasklet = C::make(Gates {
        runs: Counter::new(),
        open: Counter::new(),
        stuck: Flag::new(),
    })?;
    let gates = tasklet.handler();
    let (killed, queued) = (Flag::new(), Counter::new());
    let schedule = || queued.add(u32::from(tasklet.schedule()));

    scope(|s| {
        let _open = ScopeGuard::new(|| {
            gates.open.set(u32::MAX);
        });
        s.spawn(1, || {
            // It runs when this ends, so it is counted before.
            Context::BhDisable.run(schedule);
        })?;
        wait!(t, gates.runs.get() == 1);
        on_cpu(3, schedule)?;
        check_eq!(t, queued.get(), 2);
        let killer = s.spawn_watched(2, || {
            check_eq!(t, tasklet.kill(), Ok(()));
            // Nothing is lost, and nothing runs later.
            check_eq!(t, gates.runs.get(), queued.get());
            killed.set();
        })?;
        killer.check_blocked(t, &killed);
        gates.open.set(1);
        wait!(t, gates.runs.get() == 2);
        schedule();
        check_eq!(t, queued.get(), 2);
        Ok::<(), Error>(())
    })?;
    check!(t, !gates.stuck.is_set());
    Ok(())
}

/// Nothing is pending, and nothing runs because of the kill.
fn idle<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check_eq!(t, tasklet.kill(), Ok(()));
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.kill(), Ok(()));
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    Ok(())
}

/// What a kill found.
#[derive(Clone, Copy)]
enum Found {
    Pending,
    Running,
    Over,
}

/// Killed at any moment after a schedule on another CPU: there is one run for each schedule.
fn no_run_is_lost<C: Kind>(t: &Test) -> Result {
    const ROUNDS: u32 = 300;
    const LIMIT: u32 = 5000;
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let (turn, looked) = (Counter::new(), Counter::new());
    let stop = Flag::new();
    let mut found = [0; 3];

    // Live from the start, so that every round begins alike.
    check_eq!(t, tasklet.kill(), Ok(()));
    check!(t, C::revive(&tasklet));
    probe.dawdle(50);
    scope(|s| {
        let _stop = stop.set_on_drop();
        s.spawn(1, || {
            for round in 0..LIMIT {
                let begins = || turn.get() == 2 * round;
                if !spin_until(|| begins() || stop.is_set()) || !begins() {
                    break;
                }
                // It runs when this ends.
                Context::SoftirqsHeld.run(|| {
                    check!(t, tasklet.schedule());
                    turn.set(2 * round + 1);
                    if round % 3 == 0 {
                        check!(t, spin_until(|| looked.get() > round || stop.is_set()));
                    }
                    spin_for(round * 7 % 31);
                });
            }
        })?;
        for round in 0..LIMIT {
            check!(t, spin_until(|| turn.get() == 2 * round + 1));
            // Pending in every third round, and in most of the others running, or over.
            match round % 3 {
                0 => (),
                1 => check!(t, spin_until(|| probe.inside() || probe.left() > round)),
                _ => {
                    check!(t, spin_until(|| probe.left() > round));
                    spin_for(round * 13 % 97);
                }
            }
            let now = if tasklet.is_running() {
                Found::Running
            } else if tasklet.is_scheduled() {
                Found::Pending
            } else {
                Found::Over
            };
            looked.set(round + 1);
            check_eq!(t, tasklet.kill(), Ok(()));
            check_eq!(t, (probe.settled(), probe.left()), (round + 1, round + 1));
            found[now as usize] += 1;
            if t.failed() || (round >= ROUNDS && found.iter().all(|&found| found >= 20)) {
                break;
            }
            check!(t, C::revive(&tasklet));
            turn.set(2 * round + 2);
        }
        Ok::<(), Error>(())
    })?;
    drain();
    check!(t, found.iter().all(|&found| found >= 20), "but {:?}", found);
    check_eq!(t, probe.runs(), found.iter().sum::<u32>());
    probe.check_sane(t);
    Ok(())
}
