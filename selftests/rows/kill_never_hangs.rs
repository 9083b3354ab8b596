// SPDX-License-Identifier: GPL-2.0

//! `kill_never_hangs`: `kill()` returns, whether the tasklet is disabled and scheduled, always reschedules
//! itself, has a forgotten guard, is scheduled from everywhere, or is killed twice at once.
//!
//! Each is a case of its own; a kill that hangs is reported as the timeout of its case.

use harness::prelude::*;

suite! {
    "kill_never_hangs",
    "kill() returns, whatever state the tasklet is in",
    both [
        disabled_and_scheduled,
        born_disabled_and_scheduled,
        reschedules_itself,
        reschedules_itself_at_hi,
        reschedules_itself_while_disabled,
        forgotten_guard,
        schedules_from_every_cpu,
        interrupt_storm,
        twice_at_once,
        disabled_during_kill,
        disabled_with_wait_during_kill,
        enabled_during_kill,
        enabled_again_during_kill,
        guards_come_and_go,
    ]
}

fn disabled_and_scheduled<C: Kind>(t: &Test) -> Result {
    for hi in [false, true] {
        let tasklet = probe_at::<C>(hi)?;

        let off = tasklet.disable()?;
        let queued = schedule_at(&tasklet, hi);
        check!(t, queued && tasklet.is_scheduled());
        check_eq!(t, tasklet.kill(), Ok(()));
        check!(t, tasklet.is_parked());
        // The pending run is discarded, and the depth stays, also after a revive.
        check_eq!(t, tasklet.disable_depth(), 1);
        check!(t, C::revive(&tasklet));
        check_eq!(t, tasklet.disable_depth(), 1);
        check!(t, !tasklet.is_scheduled());
        check!(t, tasklet.schedule());
        drain();
        check_eq!(t, tasklet.handler().runs(), 0);
        // The guard is still valid, and the discarded run does not happen later.
        drop(off);
        wait!(t, tasklet.handler().left() == 1);
        drain();
        check_eq!(t, tasklet.handler().runs(), 1);
        check_eq!(t, tasklet.disable_depth(), 0);
    }
    Ok(())
}

fn born_disabled_and_scheduled<C: Kind>(t: &Test) -> Result {
    let tasklet = C::make_disabled(Probe::new())?;

    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, tasklet.disable_depth(), 1);
    check!(t, C::revive(&tasklet));
    check_eq!(t, tasklet.enable(), Ok(()));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    Ok(())
}

fn check_kill_ends_it<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>) {
    let probe = tasklet.handler();

    check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
    wait!(t, probe.runs() > 20);
    check!(t, probe.reschedules());
    check_eq!(t, tasklet.kill(), Ok(()));
    let runs = probe.runs();
    drain();
    check_eq!(t, probe.runs(), runs);
    check!(t, probe.reschedules() && tasklet.is_parked());
    probe.check_sane(t);
}

fn reschedules_itself<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    tasklet.handler().reschedule(u32::MAX);
    check_kill_ends_it(t, &tasklet);
    // From the CPU it runs on, too.
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().last_cpu() == cpu());
    check_eq!(t, tasklet.kill(), Ok(()));
    Ok(())
}

fn reschedules_itself_at_hi<C: Kind>(t: &Test) -> Result {
    let tasklet = probe_at::<C>(true)?;

    tasklet.handler().reschedule_hi(u32::MAX);
    check_kill_ends_it(t, &tasklet);
    Ok(())
}

fn reschedules_itself_while_disabled<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    tasklet.handler().reschedule(u32::MAX);
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().runs() > 20);
    let off = tasklet.disable()?;
    let runs = tasklet.handler().runs();
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, tasklet.handler().runs(), runs);
    drop(off);
    drain();
    check_eq!(t, tasklet.handler().runs(), runs);
    Ok(())
}

fn forgotten_guard<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    forget(tasklet.disable()?);
    forget(tasklet.disable_nosync());
    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, tasklet.disable_depth(), 2);
    // It is disabled for ever, and nothing else is wrong.
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    drain();
    check_eq!(t, tasklet.handler().runs(), 0);
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check_eq!(t, tasklet.kill(), Ok(()));
    Ok(())
}

/// A kill that should meet other calls is repeated until some have, but no more often than this.
const LIMIT: u32 = 5000;

fn schedules_from_every_cpu<C: Kind>(t: &Test) -> Result {
    const KILLS: u32 = 20;
    let tasklet = probe::<C>()?;
    let stop = Flag::new();
    let schedules = Counter::new();
    let (mut kills, mut met, mut slowest) = (0, 0, 0);

    scope(|s| {
        let _stop = stop.set_on_drop();
        for cpu in cpus().skip(1) {
            let (tasklet, stop, schedules) = (&tasklet, &stop, &schedules);
            s.spawn(cpu, move || {
                while !stop.is_set() {
                    if cpu % 2 == 0 {
                        tasklet.schedule();
                    } else {
                        C::hi_schedule(tasklet);
                    }
                    schedules.add(1);
                }
            })?;
        }
        while kills < KILLS || (met < 10 && kills < LIMIT) {
            kills += 1;
            let before = tasklet.handler().runs();
            wait!(t, tasklet.handler().runs() > before);
            let before = schedules.get();
            slowest = slowest.max(microseconds(|| check_eq!(t, tasklet.kill(), Ok(()))));
            met += u32::from(schedules.get() > before + 4);
            let runs = tasklet.handler().runs();
            wait!(t, schedules.get() > before + 100);
            check_eq!(t, tasklet.handler().runs(), runs);
            check!(t, C::revive(&tasklet));
            if t.failed() {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    check!(t, met >= 10, "but {}", met);
    t.note(fmt!("{kills} kills, the slowest in {slowest} us"));
    tasklet.handler().check_sane(t);
    Ok(())
}

/// All CPUs but this one are interrupted every 20 to 50 us, and each interrupt schedules.
fn interrupt_storm<C: Kind>(t: &Test) -> Result {
    const KILLS: u32 = 100;
    let tasklet = probe::<C>()?;
    let stop = Flag::new();
    let (interrupts, queued) = (Counter::new(), Counter::new());
    let (mut kills, mut met, mut slowest) = (0, 0, 0);

    let interrupt = || {
        queued.add(u32::from(tasklet.schedule()));
        queued.add(u32::from(C::hi_schedule(&tasklet)));
        interrupts.add(1);
    };
    scope(|s| {
        let _stop = stop.set_on_drop();
        for (cpu, period_us) in cpus().skip(1).zip([20, 30, 50]) {
            let (stop, interrupt) = (&stop, &interrupt);
            s.spawn(cpu, move || {
                storm(period_us, interrupt, || stop.wait());
            })?;
        }
        while kills < KILLS || (met < 10 && kills < LIMIT) {
            kills += 1;
            // An interrupt has queued it since it was revived, and the next may be here already.
            let before = queued.get();
            check!(t, spin_until(|| queued.get() > before));
            let before = interrupts.get();
            slowest = slowest.max(microseconds(|| check_eq!(t, tasklet.kill(), Ok(()))));
            met += u32::from(interrupts.get() > before);
            check!(t, tasklet.is_parked() && !tasklet.handler().inside());
            check!(t, C::revive(&tasklet));
            if t.failed() {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    check!(t, interrupts.get() >= KILLS);
    check!(t, met >= 10, "but {}", met);
    t.note(fmt!(
        "{kills} kills, the slowest in {slowest} us, {} interrupts, {} runs",
        interrupts.get(),
        tasklet.handler().runs()
    ));
    tasklet.handler().check_sane(t);
    Ok(())
}

fn twice_at_once<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let (killed, killing, met) = (Counter::new(), Counter::new(), Counter::new());
    let returned = [const { Flag::new() }; 2];

    // Two kills that really wait at the same time.
    while_running(t, &tasklet, 1, |s| {
        let (tasklet, killed) = (&tasklet, &killed);
        let kill = |cpu, returned| {
            s.spawn_watched(cpu, move || {
                check_eq!(t, tasklet.kill(), Ok(()));
                check!(t, tasklet.is_parked() && tasklet.handler().left() == 1);
                killed.add(1);
                Flag::set(returned);
            })
        };
        let (first, second) = (kill(2, &returned[0])?, kill(3, &returned[1])?);
        first.check_blocked(t, &returned[0]);
        second.check_blocked(t, &returned[1]);
        check_eq!(t, killed.get(), 0);
        tasklet.handler().release();
        wait!(t, killed.get() == 2);
        Ok::<(), Error>(())
    })??;
    check_eq!(t, tasklet.handler().runs(), 1);

    // And many that meet by chance, with revives in between.
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                for round in 0..5000 {
                    C::revive(&tasklet);
                    tasklet.schedule();
                    let others = killing.add(1);
                    check_eq!(t, tasklet.kill(), Ok(()));
                    killing.sub1();
                    met.add(u32::from(others != 0));
                    if t.failed() || (round >= 100 && met.get() >= 50) {
                        break;
                    }
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check!(t, met.get() >= 50, "but {}", met.get());
    check_eq!(t, tasklet.kill(), Ok(()));
    check!(t, tasklet.is_parked());
    tasklet.handler().check_sane(t);
    Ok(())
}

/// Kills on CPU 2 while CPU 1 keeps the tasklet pending, and calls `change` in the middle of it.
fn during_kill<C: Kind, R: Send>(
    t: &Test,
    tasklet: &BottomHalf<Probe, C>,
    change: impl FnOnce() -> R,
) -> Result<R> {
    let killed = Flag::new();

    scope(|s| {
        let kept = keep_pending(t, s, || check!(t, tasklet.schedule()))?;
        let killer = s.spawn_watched(2, || {
            check_eq!(t, tasklet.kill(), Ok(()));
            killed.set();
        })?;
        killer.check_blocked(t, &killed);
        let result = change();
        check!(t, !killed.is_set());
        drop(kept);
        wait!(t, killed.is_set());
        Ok(result)
    })
}

/// Disabled while the kill is waiting already: the kill must return all the same.
fn disabled_during_kill<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = during_kill(t, &tasklet, || tasklet.disable_nosync())?;
    check_eq!(t, tasklet.handler().runs(), 0);
    check_eq!(t, tasklet.disable_depth(), 1);
    off.enable();
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    Ok(())
}

/// The same by a call that may wait.
fn disabled_with_wait_during_kill<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let off = during_kill(t, &tasklet, || tasklet.disable())??;
    check_eq!(t, tasklet.handler().runs(), 0);
    check_eq!(t, tasklet.disable_depth(), 1);
    off.enable();
    check_eq!(t, tasklet.disable_depth(), 0);
    Ok(())
}

/// The depth is lowered during a kill.
fn enabled_during_kill<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    let (off, still_off) = (tasklet.disable()?, tasklet.disable()?);
    during_kill(t, &tasklet, || off.enable())?;
    check_eq!(t, tasklet.handler().runs(), 0);
    check_eq!(t, tasklet.disable_depth(), 1);
    still_off.enable();
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    Ok(())
}

/// A guard is made and dropped in the middle of a kill, or it is the last of some guards: the pending run takes
/// place, because nothing disables the tasklet at that time.
fn enabled_again_during_kill<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    during_kill(t, &tasklet, || tasklet.disable_nosync().enable())?;
    check_eq!(t, tasklet.handler().runs(), 1);

    let tasklet = probe::<C>()?;
    let off = tasklet.disable()?;
    during_kill(t, &tasklet, || off.enable())?;
    check_eq!(t, tasklet.handler().runs(), 1);
    check_eq!(t, tasklet.disable_depth(), 0);
    Ok(())
}

/// Other threads disable and enable all the time: the depth adds up in the end.
fn guards_come_and_go<C: Kind>(t: &Test) -> Result {
    const KILLS: u32 = 30;
    let tasklet = probe::<C>()?;
    let (stop, rounds) = (Flag::new(), Counter::new());
    let (mut kills, mut met, mut slowest) = (0, 0, 0);

    scope(|s| {
        let _stop = stop.set_on_drop();
        for cpu in cpus().skip(1) {
            s.spawn(cpu, || {
                while !stop.is_set() {
                    let off = tasklet.disable_nosync();
                    tasklet.schedule();
                    if let Ok(again) = tasklet.disable() {
                        again.enable();
                    }
                    drop(off);
                    tasklet.disable_nosync().keep();
                    C::hi_schedule(&tasklet);
                    check_eq!(t, tasklet.enable(), Ok(()));
                    rounds.add(1);
                    // Sometimes no thread has disabled it.
                    spin_for(50);
                }
            })?;
        }
        let runs = || tasklet.handler().runs();
        while kills < KILLS || ((met < 20 || runs() == 0) && kills < LIMIT) {
            kills += 1;
            let before = rounds.get();
            check!(t, spin_until(|| rounds.get() > before));
            let before = rounds.get();
            slowest = slowest.max(microseconds(|| check_eq!(t, tasklet.kill(), Ok(()))));
            met += u32::from(rounds.get() > before);
            check!(t, !tasklet.handler().inside());
            check!(t, C::revive(&tasklet));
            if t.failed() {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    // Tasklets that run were killed, and the depth changed meanwhile.
    check!(t, tasklet.handler().runs() > 0);
    check!(t, met >= 20, "but {}", met);
    t.note(fmt!("{kills} kills, the slowest in {slowest} us"));
    check_eq!(t, tasklet.disable_depth(), 0);
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    check_eq!(t, tasklet.kill(), Ok(()));
    check!(t, C::revive(&tasklet));
    let runs = tasklet.handler().runs();
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == runs + 1);
    tasklet.handler().check_sane(t);
    Ok(())
}
