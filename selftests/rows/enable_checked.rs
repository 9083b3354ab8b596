// SPDX-License-Identifier: GPL-2.0

//! `enable_checked`: an enable without a disable is an error, never an underflow.
//!
//! Tasklets are enabled more often than they were disabled: when nothing is disabled, past a guard,
//! and from all CPUs at once. After each attempt the tasklet still runs.

use harness::prelude::*;

suite! {
    "enable_checked",
    "enable() without disable() is an error",
    both [never_disabled, too_often, not_the_guards_share, every_cpu, parked]
}

/// Expects that the tasklet is enabled and runs.
fn check_works<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>) {
    let runs = tasklet.handler().runs();

    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == runs + 1);
    drain();
    check!(t, !tasklet.is_scheduled());
}

fn never_disabled<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    for context in Context::ATOMIC {
        check_eq!(t, context.run(|| tasklet.enable()), Err(EINVAL));
    }
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check_works(t, &tasklet);
    // And when it has been disabled and enabled.
    tasklet.disable()?.enable();
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check_works(t, &tasklet);
    Ok(())
}

fn too_often<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    for kept in 1..=5 {
        for _ in 0..kept {
            tasklet.disable()?.keep();
        }
        check_eq!(t, tasklet.disable_depth(), kept);
        for _ in 0..kept {
            check_eq!(t, tasklet.enable(), Ok(()));
        }
        check_eq!(t, tasklet.enable(), Err(EINVAL));
        check_eq!(t, tasklet.enable(), Err(EINVAL));
        check_works(t, &tasklet);
    }
    Ok(())
}

/// An enable cannot take the depth that belongs to a live guard.
fn not_the_guards_share<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = tasklet.disable()?;
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check_eq!(t, tasklet.disable_depth(), 1);
    drop(off);
    check_works(t, &tasklet);
    Ok(())
}

/// Many enables race for a few kept depths: exactly that many succeed.
fn every_cpu<C: Kind>(t: &Test) -> Result {
    let mut winners = 0;

    for _ in 0..100 {
        winners = race::<C>(t)?;
        if winners >= 2 || t.failed() {
            break;
        }
    }
    check!(t, winners >= 2);
    Ok(())
}

/// Returns on how many CPUs an enable succeeded.
fn race<C: Kind>(t: &Test) -> Result<u32> {
    const KEPT: u32 = 500;
    let all = cpus().count() as u32;
    let tasklet = probe::<C>()?;
    let (enabled, refused) = (Counter::new(), Counter::new());
    let (arrived, winners) = (Counter::new(), Counter::new());

    for _ in 0..KEPT {
        tasklet.disable_nosync().keep();
    }
    check_eq!(t, tasklet.disable_depth(), KEPT);
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                let mut won = false;
                arrived.add(1);
                check!(t, spin_until(|| arrived.get() == all));
                for _ in 0..KEPT {
                    match tasklet.enable() {
                        Ok(()) => {
                            won = true;
                            enabled.add(1)
                        }
                        Err(_) => refused.add(1),
                    };
                }
                winners.add(u32::from(won));
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check_eq!(t, enabled.get(), KEPT);
    check_eq!(
        t,
        refused.get() as usize,
        (cpus().count() - 1) * KEPT as usize
    );
    check_works(t, &tasklet);
    Ok(winners.get())
}

fn parked<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check!(t, tasklet.schedule());
    tasklet.kill()?;
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    tasklet.disable()?.keep();
    check_eq!(t, tasklet.enable(), Ok(()));
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check!(t, C::revive(&tasklet));
    check_works(t, &tasklet);
    Ok(())
}
