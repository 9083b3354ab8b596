// SPDX-License-Identifier: GPL-2.0

//! `bh_hotplug`: a CPU on which the handler of a `BhWork` always reschedules itself does not go offline before the
//! handler stops or is killed; a kill works at that time too, and then the CPU goes offline.
//!
//! The kernel moves the runs that are pending on the CPU, and waits until none is left. A tasklet just moves.

use harness::prelude::*;

suite! {
    "bh_hotplug",
    "A BH work that always reschedules itself keeps its CPU online until it stops",
    [stops, is_killed]
}

/// Takes the last CPU offline while a handler reschedules itself there. After `end`, the CPU is offline soon.
fn restless(t: &Test, end: impl Fn(&BhWork<Probe>) -> Result) -> Result {
    let victim = cpus().last().filter(|&cpu| cpu > 0).ok_or(ENODEV)?;
    let work = probe::<BhContext>()?;
    let probe = work.handler();
    let offline = Flag::new();

    probe.reschedule(u32::MAX);
    check_eq!(t, on_cpu(victim, || work.schedule()), Ok(true));
    wait!(t, probe.runs() > 20);
    scope(|s| {
        s.spawn(1, || {
            check_eq!(t, set_online(victim, false), Ok(()));
            offline.set();
        })?;
        // It has moved, and runs on.
        wait!(t, probe.last_cpu() != victim);
        let runs = probe.runs();
        wait!(t, probe.runs() > runs + 1000);
        check!(t, !offline.is_set());
        let result = end(&work);
        // Whatever came of that.
        probe.reschedule(0);
        wait!(t, offline.is_set());
        result
    })?;
    set_online(victim, true)?;
    wait!(t, !work.is_running());
    probe.check_sane(t);
    Ok(())
}

fn stops(t: &Test) -> Result {
    restless(t, |work| {
        work.handler().reschedule(0);
        Ok(())
    })
}

fn is_killed(t: &Test) -> Result {
    restless(t, |work| {
        work.kill()?;
        check!(t, work.is_parked() && work.handler().reschedules());
        Ok(())
    })
}
