// SPDX-License-Identifier: GPL-2.0

//! Leaves live tasklets behind when it is unloaded, for the row `unload_is_safe`.
//!
//! Its handlers count in the harness, so that a run after the unload would show.

use harness::prelude::*;

suite! {
    "unload_fixture",
    "Leaves live tasklets behind",
    [idle, restless, pending, unloved_static, pending_static, killed]
}

/// Runs of each, counted in the harness.
const IDLE: u32 = 0;
const RESTLESS: u32 = 1;
const PENDING: u32 = 2;
const STATIC: u32 = 3;

/// A forgotten box with nothing to do.
struct Idle;

impl TaskletHandler for Idle {
    fn run(&self, _cx: &TaskletContext) {
        tally(IDLE, 1);
    }
}

fn idle(t: &Test) -> Result {
    let tasklet = KBox::pin_init(Tasklet::new(Idle), GFP_KERNEL)?;

    t.leaks(1);
    check!(t, tasklet.schedule());
    forget(tasklet);
    wait!(t, tally(IDLE, 0) == 1);
    Ok(())
}

/// Forgotten boxes that run all the time, at both priorities.
struct Restless(bool);

impl TaskletHandler for Restless {
    fn run(&self, cx: &TaskletContext) {
        tally(RESTLESS, 1);
        if self.0 {
            cx.hi_schedule();
        } else {
            cx.schedule();
        }
    }
}

fn restless(t: &Test) -> Result {
    for (cpu, hi) in [(1, false), (2, true)] {
        let tasklet = KBox::pin_init(Tasklet::new(Restless(hi)), GFP_KERNEL)?;

        t.leaks(1);
        let before = tally(RESTLESS, 0);
        check_eq!(t, on_cpu(cpu, || tasklet.schedule()), Ok(true));
        forget(tasklet);
        wait!(t, tally(RESTLESS, 0) > before + 10);
    }
    Ok(())
}

/// A forgotten box that is pending for ever: a guard is forgotten as well.
struct Pending;

impl TaskletHandler for Pending {
    fn run(&self, _cx: &TaskletContext) {
        tally(PENDING, 1);
    }
}

fn pending(t: &Test) -> Result {
    let tasklet = KBox::pin_init(Tasklet::new(Pending), GFP_KERNEL)?;

    t.leaks(1);
    forget(tasklet.disable()?);
    check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
    drain();
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tally(PENDING, 0), 0);
    forget(tasklet);
    Ok(())
}

/// Its memory is freed with the module, not only its code.
struct Static;

impl TaskletHandler for Static {
    fn run(&self, cx: &TaskletContext) {
        tally(STATIC, 1);
        cx.schedule();
    }
}

static_tasklet! {
    static UNLOVED: Tasklet<Static> = Static;
    static PENDING_STATIC: Tasklet<Pending> = Pending, disabled;
    static KILLED: Tasklet<Static> = Static;
}

fn unloved_static(t: &Test) -> Result {
    t.leaks(1);
    check_eq!(t, on_cpu(2, || UNLOVED.schedule()), Ok(true));
    wait!(t, tally(STATIC, 0) > 10);
    Ok(())
}

fn pending_static(t: &Test) -> Result {
    t.leaks(1);
    check_eq!(t, on_cpu(3, || PENDING_STATIC.hi_schedule()), Ok(true));
    drain();
    check!(t, PENDING_STATIC.is_scheduled());
    check_eq!(t, tally(PENDING, 0), 0);
    Ok(())
}

/// Killed as it should be: no warning is due for this one.
fn killed(t: &Test) -> Result {
    check!(t, KILLED.schedule());
    check_eq!(t, KILLED.kill(), Ok(()));
    Ok(())
}
