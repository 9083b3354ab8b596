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
    calling: Flag,
    returned: Flag,
    /// How many runs had ended when it returned.
    left: Counter,
}

impl Kill {
    const fn new() -> Self {
        Self {
            calling: Flag::new(),
            returned: Flag::new(),
            left: Counter::new(),
        }
    }

    fn run<C: Kind>(&self, t: &Test, tasklet: &BottomHalf<Probe, C>) {
        self.calling.set();
        check_eq!(t, tasklet.kill(), Ok(()));
        self.left.set(tasklet.handler().left());
        check!(t, !tasklet.is_running() && tasklet.is_parked());
        self.returned.set();
    }

    /// Expects that the kill has begun and does not end before it may.
    fn check_waits(&self, t: &Test) {
        wait!(t, self.calling.is_set());
        temptation();
        check!(t, !self.returned.is_set());
    }
}

fn kept_pending<C: Kind>(t: &Test, hi: bool) -> Result {
    let tasklet = probe_at::<C>(hi)?;
    let kill = Kill::new();
    let (pending, let_go) = (Flag::new(), Flag::new());

    scope(|s| {
        s.spawn(1, || {
            Context::SoftirqsHeld.run(|| {
                let queued = schedule_at(&tasklet, hi);
                check!(t, queued);
                pending.set();
                check!(t, spin_until(|| let_go.is_set()));
            })
        })?;
        wait!(t, pending.is_set());
        check!(t, tasklet.is_scheduled());
        s.spawn(2, || kill.run(t, &tasklet))?;
        kill.check_waits(t);
        check_eq!(t, tasklet.handler().runs(), 0);
        let_go.set();
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
        s.spawn(2, || kill.run(t, &tasklet))?;
        kill.check_waits(t);
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
    let (pending, let_go) = (Flag::new(), Flag::new());

    scope(|s| {
        let _let_go = let_go.set_on_drop();
        s.spawn(1, || {
            Context::SoftirqsHeld.run(|| {
                check!(t, tasklet.schedule());
                tasklet.handler().hold();
                pending.set();
                check!(t, spin_until(|| let_go.is_set()));
            })
        })?;
        wait!(t, pending.is_set());
        s.spawn(2, || kill.run(t, &tasklet))?;
        kill.check_waits(t);
        let_go.set();
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
        s.spawn(2, || kill.run(t, &tasklet))?;
        kill.check_waits(t);
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
}

impl<C: Kind> TaskletHandler<C> for Gates {
    fn run(&self, _cx: &C) {
        let run = self.runs.add(1);
        spin_until(|| self.open.get() > run);
    }
}

/// Scheduled while the last run takes place: as nothing will run any more, the schedule returns `false`. If the kill
/// has not begun yet, the schedule returns `true`, and has its run.
fn scheduled_in_last_run<C: Kind>(t: &Test) -> Result {
    let mut arose = false;

    for _ in 0..20 {
        let tasklet = C::make(Gates {
            runs: Counter::new(),
            open: Counter::new(),
        })?;
        let gates = tasklet.handler();
        let (calling, queued) = (Flag::new(), Counter::new());
        let schedule = || queued.add(u32::from(tasklet.schedule()));
        scope(|s| {
            let _open = ScopeGuard::new(|| {
                gates.open.set(u32::MAX);
            });
            s.spawn(1, || {
                schedule();
            })?;
            wait!(t, gates.runs.get() == 1);
            on_cpu(3, schedule)?;
            check_eq!(t, queued.get(), 2);
            s.spawn(2, || {
                calling.set();
                check_eq!(t, tasklet.kill(), Ok(()));
                // Nothing is lost, and nothing runs later.
                check_eq!(t, gates.runs.get(), queued.get());
            })?;
            wait!(t, calling.is_set());
            temptation();
            gates.open.set(1);
            wait!(t, gates.runs.get() == 2);
            schedule();
            arose |= queued.get() == 2;
            Ok::<(), Error>(())
        })?;
        if arose || t.failed() {
            break;
        }
    }
    check!(t, arose);
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

/// Killed at any moment after a schedule on another CPU: there is one run for each schedule.
fn no_run_is_lost<C: Kind>(t: &Test) -> Result {
    const ROUNDS: u32 = 300;
    let tasklet = probe::<C>()?;
    let turn = Counter::new();

    // Live from the start, so that every round begins alike.
    check_eq!(t, tasklet.kill(), Ok(()));
    check!(t, C::revive(&tasklet));
    scope(|s| {
        s.spawn(1, || {
            for round in 0..ROUNDS {
                if !spin_until(|| turn.get() == 2 * round) {
                    break;
                }
                check!(t, tasklet.schedule());
                turn.set(2 * round + 1);
            }
        })?;
        for round in 0..ROUNDS {
            check!(t, spin_until(|| turn.get() == 2 * round + 1));
            check_eq!(t, tasklet.kill(), Ok(()));
            check_eq!(t, tasklet.handler().left(), round + 1);
            check!(t, C::revive(&tasklet));
            turn.set(2 * round + 2);
            if t.failed() {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    drain();
    check_eq!(t, tasklet.handler().runs(), ROUNDS);
    tasklet.handler().check_sane(t);
    Ok(())
}
