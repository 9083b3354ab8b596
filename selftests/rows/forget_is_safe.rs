// SPDX-License-Identifier: GPL-2.0

//! `forget_is_safe`: `mem::forget` of any owner or guard, in any combination, causes no use after
//! free.
//!
//! Owners are forgotten while their tasklet is pending, running, and disabled; guards before and
//! after their owner. A forgotten tasklet stays alive: it still runs, or still does not. The tasklets
//! that are left are parked when this module is unloaded, with one warning each, which the runner counts.

use harness::prelude::*;
use kernel::new_spinlock;

suite! {
    "forget_is_safe",
    "Forgetting owners and guards is safe",
    both [
        guard,
        guard_of_killed,
        pending_box,
        running_box,
        guard_and_box,
        arc,
        unused_box,
        many,
    ],
    [stack_guard]
}

/// A handler whose runs can be counted when its owner is out of reach.
struct Remote(Arc<Probe>);

impl<C: Kind> TaskletHandler<C> for Remote {
    fn run(&self, cx: &C) {
        self.0.run(cx);
    }
}

fn remote<C: Kind>() -> Result<(Made<Remote, C>, Arc<Probe>)> {
    let probe = Arc::new(Probe::new(), GFP_KERNEL)?;
    let tasklet = C::make(Remote(probe.clone()))?;
    Ok((tasklet, probe))
}

/// It is disabled for ever, but it can be killed, revived and dropped.
fn guard<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    forget(tasklet.disable()?);
    forget(tasklet.disable_nosync());
    check_eq!(t, tasklet.disable_depth(), 2);
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check!(t, tasklet.schedule());
    drain();
    check_eq!(t, probe.runs(), 0);
    drop(tasklet);
    drain();
    check_eq!(t, probe.runs(), 0);
    Ok(())
}

fn guard_of_killed<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    forget(tasklet.disable()?);
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    drain();
    check_eq!(t, probe.runs(), 1);
    check_eq!(t, tasklet.kill(), Ok(()));
    drop(tasklet);
    drain();
    check_eq!(t, probe.runs(), 1);
    Ok(())
}

/// Forgotten right after a schedule: the run takes place.
fn pending_box<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    t.leaks(1);
    Context::SoftirqsHeld.run(|| {
        check!(t, tasklet.schedule());
        forget(tasklet);
        check_eq!(t, probe.runs(), 0);
    });
    wait!(t, probe.left() == 1);
    drain();
    check_eq!(t, probe.runs(), 1);
    probe.check_sane(t);
    Ok(())
}

/// Forgotten while it runs, and it always reschedules itself.
fn running_box<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    t.leaks(1);
    probe.hold();
    probe.reschedule(100);
    let handed = KBox::pin_init(new_spinlock!(None), GFP_KERNEL)?;
    scope(|s| {
        let handed = &handed;
        s.spawn(1, move || {
            Context::BhDisable.run(|| {
                check!(t, tasklet.schedule());
                *handed.lock() = Some(tasklet);
            });
            // The run was here, on top of this thread.
        })?;
        wait!(t, probe.inside());
        let tasklet = Context::BhDisable.run(|| handed.lock().take());
        check!(
            t,
            tasklet.as_ref().is_some_and(|running| running.is_running())
        );
        forget(tasklet);
        check!(t, probe.inside() && probe.left() == 0);
        probe.release();
        Ok::<(), Error>(())
    })?;
    wait!(t, probe.left() == 101);
    drain();
    check_eq!(t, probe.runs(), 101);
    probe.check_sane(t);
    Ok(())
}

/// Pending and disabled for ever, out of reach: it stays so until the module is unloaded.
fn guard_and_box<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    t.leaks(1);
    forget(tasklet.disable()?);
    check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
    forget(tasklet);
    drain();
    check_eq!(t, probe.runs(), 0);
    Ok(())
}

fn arc<C: Kind>(t: &Test) -> Result {
    let probe = Arc::new(Probe::new(), GFP_KERNEL)?;
    let tasklet = C::make_shared(Remote(probe.clone()))?;

    t.leaks(1);
    // With a reference forgotten, dropping all others does not kill it.
    forget(tasklet.clone());
    check!(t, tasklet.schedule());
    drop(tasklet);
    wait!(t, probe.left() == 1);
    drain();
    check_eq!(t, probe.runs(), 1);
    Ok(())
}

/// The memory is freed here, because a forgotten guard does not keep its owner.
fn stack_guard(t: &Test) -> Result {
    for _ in 0..20 {
        pin_init::stack_pin_init!(let tasklet = Tasklet::new(Probe::new()));
        let tasklet = tasklet.as_ref();
        forget(tasklet.disable()?);
        check!(t, tasklet.schedule());
        check!(t, tasklet.is_scheduled());
    }
    drain();
    Ok(())
}

/// Never scheduled, so there is nothing to park.
fn unused_box<C: Kind>(t: &Test) -> Result {
    let (tasklet, probe) = remote::<C>()?;

    forget(tasklet.disable()?);
    forget(tasklet);
    drain();
    check_eq!(t, probe.runs(), 0);
    Ok(())
}

/// Live and killed ones side by side, forgotten and dropped in turn.
fn many<C: Kind>(t: &Test) -> Result {
    const COUNT: u32 = 40;
    let probe = Arc::new(Probe::new(), GFP_KERNEL)?;

    t.leaks(COUNT / 2);
    for i in 0..COUNT {
        let tasklet = C::make(Remote(probe.clone()))?;
        check!(t, tasklet.schedule());
        if i % 2 == 0 {
            forget(tasklet);
        } else {
            drop(tasklet);
        }
    }
    drain();
    wait!(t, probe.runs() == COUNT);
    Ok(())
}
