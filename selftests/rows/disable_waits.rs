// SPDX-License-Identifier: GPL-2.0

//! `disable_waits`: `disable()` returns only when no handler is running; `disable_nosync()` does not
//! wait; `synchronize()` waits and leaves the tasklet enabled.
//!
//! The handler is held inside a run on CPU 1 while a thread on CPU 2 disables the tasklet.

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

suite! {
    "disable_waits",
    "disable() waits for a running handler, disable_nosync() does not",
    both [disable, disable_nosync, synchronize, stopped, idle, pending]
}

/// Expects that `call`, made while the handler runs, returns after the handler has.
fn waits<C: Kind>(t: &Test, call: impl Fn(&BottomHalf<Probe, C>) -> Result + Sync) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let returned = Flag::new();
    let left = Counter::new();

    while_running(t, &tasklet, 1, |s| {
        let caller = s.spawn_watched(2, || {
            check_eq!(t, call(&tasklet), Ok(()));
            check_eq!(t, probe.settled(), 1);
            left.set(probe.left());
            returned.set();
        })?;
        caller.check_blocked(t, &returned);
        check!(t, tasklet.is_running());
        probe.release();
        wait!(t, returned.is_set());
        Ok::<(), Error>(())
    })??;
    check_eq!(t, left.get(), 1);
    probe.check_sane(t);
    // The tasklet works as before.
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, tasklet.schedule());
    wait!(t, probe.left() == 2);
    Ok(())
}

fn disable<C: Kind>(t: &Test) -> Result {
    waits::<C>(t, |tasklet| {
        let off = tasklet.disable()?;
        check_eq!(t, tasklet.disable_depth(), 1);
        check!(t, !tasklet.is_running());
        off.enable();
        Ok(())
    })
}

fn synchronize<C: Kind>(t: &Test) -> Result {
    waits::<C>(t, |tasklet| {
        tasklet.synchronize()?;
        check_eq!(t, tasklet.disable_depth(), 0);
        Ok(())
    })
}

fn disable_nosync<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();

    let off = while_running(t, &tasklet, 1, |_| {
        // A call that waits would hang here, because only this thread releases the handler.
        let off = tasklet.disable_nosync();
        check!(t, tasklet.is_running() && probe.inside());
        check_eq!(t, tasklet.disable_depth(), 1);
        // The next run is blocked although this one was not.
        check!(t, tasklet.schedule());
        off
    })?;
    drain();
    check_eq!(t, (probe.runs(), probe.left()), (1, 1));
    check!(t, tasklet.is_scheduled());
    drop(off);
    wait!(t, probe.left() == 2);
    Ok(())
}

/// What a driver may tell its handler.
const USE: u32 = 0;
const STOP: u32 = 1;
const END: u32 = 2;

/// A handler that uses a driver's data unless the driver has told it to stop. Only `synchronize()` orders these
/// accesses.
struct User {
    stop: Atomic<u32>,
    runs: Atomic<u32>,
    freed: Atomic<u32>,
    ended: Atomic<u32>,
    violations: Atomic<u32>,
}

impl<C: BottomHalfContext> TaskletHandler<C> for User {
    fn run(&self, cx: &C) {
        let stop = self.stop.load(Relaxed);
        self.runs.store(self.runs.load(Relaxed) + 1, Relaxed);
        match stop {
            END => self.ended.store(1, Relaxed),
            USE => {
                spin_for(1);
                if self.freed.load(Relaxed) != 0 {
                    self.violations.store(1, Relaxed);
                }
                cx.schedule();
            }
            _ => {
                cx.schedule();
            }
        }
    }
}

/// A driver tells the handler to stop, synchronizes, and frees the data: no run that began before uses it then.
fn stopped<C: Kind>(t: &Test) -> Result {
    const ROUNDS: u32 = 500;
    const MEETINGS: u32 = 50;
    let tasklet = C::make(User {
        stop: Atomic::new(USE),
        runs: Atomic::new(0),
        freed: Atomic::new(0),
        ended: Atomic::new(0),
        violations: Atomic::new(0),
    })?;
    let user = tasklet.handler();
    let mut met = 0;

    check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
    for round in 0..ROUNDS {
        // At any moment after a run has begun.
        let runs = user.runs.load(Relaxed);
        check!(t, spin_until(|| user.runs.load(Relaxed) != runs));
        for _ in 0..round % 61 {
            core::hint::spin_loop();
        }
        met += u32::from(tasklet.is_running());
        user.stop.store(STOP, Relaxed);
        check_eq!(t, tasklet.synchronize(), Ok(()));
        user.freed.store(1, Relaxed);
        spin_for(2);
        // The data is there again before any run may use it.
        user.freed.store(0, Relaxed);
        check_eq!(t, tasklet.synchronize(), Ok(()));
        user.stop.store(USE, Relaxed);
        if t.failed() {
            break;
        }
    }
    user.stop.store(END, Relaxed);
    wait!(t, user.ended.load(Relaxed) != 0);
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, user.violations.load(Relaxed), 0);
    // Runs were under way.
    check!(t, met >= MEETINGS, "but {}", met);
    Ok(())
}

/// Nothing runs: nothing to wait for.
fn idle<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check_eq!(t, tasklet.synchronize(), Ok(()));
    tasklet.disable()?.enable();
    check_eq!(t, tasklet.handler().runs(), 0);
    Ok(())
}

/// There is no wait for a pending run: it could not start while the tasklet is disabled.
fn pending<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = tasklet.disable()?;
    check!(t, tasklet.schedule());
    let again = tasklet.disable()?;
    check_eq!(t, tasklet.synchronize(), Ok(()));
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 0);
    drop((off, again));
    wait!(t, tasklet.handler().left() == 1);
    Ok(())
}
