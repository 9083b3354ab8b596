// SPDX-License-Identifier: GPL-2.0

//! `kill_context`: in atomic context, the tasklet's own handler included, `kill()`, `disable()` and
//! `synchronize()` return `EWOULDBLOCK` and change nothing; they never sleep there.
//!
//! The calls are made in every atomic context there is, on an idle, a pending and a running tasklet.
//! That they do not sleep shows in the kernel log, which the runner looks at.

use harness::prelude::*;

suite! {
    "kill_context",
    "Waiting calls fail in atomic context, handlers included",
    both [idle, pending, running, own_handler, other_handler, interrupted_handler]
}

/// The results of the three waiting calls here.
fn answers<H, C: Kind>(tasklet: &BottomHalf<H, C>) -> [Option<Error>; 3] {
    [
        tasklet.kill().err(),
        tasklet.disable().err(),
        tasklet.synchronize().err(),
    ]
}

const REFUSED: [Option<Error>; 3] = [Some(EWOULDBLOCK); 3];

fn idle<C: Kind>(t: &Test) -> Result {
    for context in Context::ATOMIC {
        let tasklet = probe::<C>()?;

        // Never scheduled, and idle after a run.
        for run in 1..=2 {
            let answers = context.run(|| answers(&tasklet));
            check!(t, answers == REFUSED, "in {:?}, but {:?}", context, answers);
            check!(t, !tasklet.is_parked() && !tasklet.is_scheduled());
            check_eq!(t, tasklet.disable_depth(), 0);
            check!(t, tasklet.schedule());
            wait!(t, tasklet.handler().left() == run && !tasklet.is_running());
        }
        // Allowed in task context.
        check_eq!(t, answers(&tasklet), [None; 3]);
    }
    Ok(())
}

fn pending<C: Kind>(t: &Test) -> Result {
    for context in Context::ATOMIC {
        let tasklet = probe::<C>()?;

        let off = tasklet.disable()?;
        check!(t, tasklet.schedule());
        let answers = context.run(|| answers(&tasklet));
        check!(t, answers == REFUSED, "in {:?}, but {:?}", context, answers);
        check!(t, tasklet.is_scheduled() && !tasklet.is_parked());
        check_eq!(t, tasklet.disable_depth(), 1);
        drop(off);
        wait!(t, tasklet.handler().left() == 1);
        drain();
        check_eq!(t, tasklet.handler().runs(), 1);
    }
    Ok(())
}

fn running<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    while_running(t, &tasklet, 1, |_| {
        for context in Context::ATOMIC {
            let answers = context.run(|| answers(&tasklet));
            check!(t, answers == REFUSED, "in {:?}, but {:?}", context, answers);
        }
        check!(t, tasklet.is_running() && !tasklet.is_parked());
        check_eq!(t, tasklet.disable_depth(), 0);
    })?;
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 2);
    Ok(())
}

/// A handler that tries the calls on its own tasklet.
struct Own {
    runs: Counter,
    refusals: Counter,
    interrupted: Counter,
}

impl Own {
    const fn new() -> Self {
        Self {
            runs: Counter::new(),
            refusals: Counter::new(),
            interrupted: Counter::new(),
        }
    }
}

impl<C: HasOwn> TaskletHandler<C> for Own {
    fn run(&self, cx: &C) {
        self.refusals.add(u32::from(answers(C::own()) == REFUSED));
        let interrupted = Context::Hardirq.run(|| answers(C::own()));
        self.interrupted.add(u32::from(interrupted == REFUSED));
        if self.runs.add(1) == 0 {
            cx.schedule();
        }
    }
}

static_of_both!(HasOwn::own: Own = Own::new());

fn own_handler<C: HasOwn>(t: &Test) -> Result {
    let tasklet = C::own();
    let own = tasklet.handler();

    C::revive(tasklet);
    let before = (own.runs.set(0), own.refusals.set(0));
    check!(t, tasklet.schedule(), "after {:?}", before);
    // It rescheduled itself after the calls: they changed nothing.
    wait!(t, own.runs.get() == 2);
    check_eq!(t, own.refusals.get(), 2);
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, !tasklet.is_parked());
    tasklet.kill()
}

fn interrupted_handler<C: HasOwn>(t: &Test) -> Result {
    let tasklet = C::own();
    // Runs `own_handler` for itself, so that the cases do not depend on each other.
    let own = tasklet.handler();
    C::revive(tasklet);
    let before = (own.runs.set(0), own.interrupted.set(0));
    check!(t, tasklet.schedule(), "after {:?}", before);
    wait!(t, own.runs.get() == 2);
    check_eq!(t, own.interrupted.get(), 2);
    tasklet.kill()
}

/// The handler of another tasklet is just atomic context, also on the CPU of the first.
fn other_handler<C: Kind>(t: &Test) -> Result {
    static REFUSALS: Counter = Counter::new();
    static PENDING: Counter = Counter::new();

    REFUSALS.set(0);
    PENDING.set(0);
    let victim = Arc::new(probe::<C>()?, GFP_KERNEL)?;
    let other = {
        let victim = victim.clone();
        C::make_fn(move |_| {
            PENDING.add(u32::from(victim.is_scheduled()));
            REFUSALS.add(u32::from(answers(&victim) == REFUSED));
        })?
    };

    // Idle, and pending behind the other on the same CPU.
    check!(t, other.schedule());
    wait!(t, REFUSALS.get() == 1);
    Context::SoftirqsHeld.run(|| {
        check!(t, other.schedule());
        check!(t, victim.schedule());
    });
    wait!(t, REFUSALS.get() == 2 && victim.handler().left() == 1);
    // Running on another CPU.
    while_running(t, &victim, 1, |_| {
        check!(t, other.schedule());
        wait!(t, REFUSALS.get() == 3);
    })?;
    check_eq!(t, PENDING.get(), 1);
    check!(t, !victim.is_parked());
    check_eq!(t, victim.disable_depth(), 0);
    // The closure owns a reference, which must not be the last.
    drop(other);
    Ok(())
}
