// SPDX-License-Identifier: GPL-2.0

//! `hotplug`: runs that are pending on a CPU that goes offline still happen.
//!
//! Tasklets are made pending on the last CPU, by disabling them, or run there all the time; then the
//! CPU is taken offline.

use harness::prelude::*;

suite! {
    "hotplug",
    "Runs pending on a CPU that goes offline still happen",
    both [pending, killed_after, again_online],
    [restless]
}

/// The CPU that goes offline.
fn victim() -> Result<u32> {
    cpus().last().filter(|&cpu| cpu > 0).ok_or(ENODEV)
}

/// Runs `f` while the last CPU is offline.
fn while_offline(t: &Test, f: impl FnOnce()) -> Result {
    let victim = victim()?;

    set_online(victim, false)?;
    check!(t, !cpus().any(|cpu| cpu == victim));
    f();
    set_online(victim, true)?;
    check!(t, cpus().any(|cpu| cpu == victim));
    Ok(())
}

/// Pending at both priorities when the CPU goes offline, and released afterwards.
fn pending<C: Kind>(t: &Test) -> Result {
    let (normal, hi) = (probe_at::<C>(false)?, probe_at::<C>(true)?);
    let victim = victim()?;

    let off = (normal.disable()?, hi.disable()?);
    check_eq!(
        t,
        on_cpu(victim, || (normal.schedule(), C::hi_schedule(&hi))),
        Ok((true, true))
    );
    while_offline(t, || {
        for tasklet in [&normal, &hi] {
            check!(t, tasklet.is_scheduled());
            check_eq!(t, tasklet.handler().runs(), 0);
        }
        drop(off);
        for tasklet in [&normal, &hi] {
            wait!(t, tasklet.handler().left() == 1);
            check!(t, tasklet.handler().last_cpu() != victim);
        }
    })?;
    drain();
    for tasklet in [&normal, &hi] {
        check_eq!(t, tasklet.handler().runs(), 1);
        tasklet.handler().check_sane(t);
    }
    Ok(())
}

/// Pending or running at any moment, because it always reschedules itself. For works see `bh_hotplug`.
fn restless(t: &Test) -> Result {
    let tasklet = probe::<TaskletContext>()?;
    let probe = tasklet.handler();
    let victim = victim()?;

    probe.reschedule(u32::MAX);
    check_eq!(t, on_cpu(victim, || tasklet.schedule()), Ok(true));
    wait!(t, probe.runs() > 20);
    check_eq!(t, probe.last_cpu(), victim);
    while_offline(t, || {
        let runs = probe.runs();
        wait!(t, probe.runs() > runs + 20);
        check!(t, probe.last_cpu() != victim);
        probe.reschedule(0);
        wait!(t, !tasklet.is_scheduled());
    })?;
    probe.check_sane(t);
    Ok(())
}

/// A kill finds a tasklet that has moved to another CPU.
fn killed_after<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let victim = victim()?;

    let off = tasklet.disable()?;
    check_eq!(t, on_cpu(victim, || tasklet.schedule()), Ok(true));
    while_offline(t, || {
        check!(t, tasklet.is_scheduled());
        check_eq!(t, tasklet.kill(), Ok(()));
    })?;
    drop(off);
    drain();
    check_eq!(t, tasklet.handler().runs(), 0);
    Ok(())
}

fn again_online<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let victim = victim()?;

    while_offline(t, || {})?;
    check_eq!(t, on_cpu(victim, || tasklet.schedule()), Ok(true));
    wait!(t, tasklet.handler().left() == 1);
    check_eq!(t, tasklet.handler().last_cpu(), victim);
    Ok(())
}
