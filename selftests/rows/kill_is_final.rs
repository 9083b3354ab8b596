// SPDX-License-Identifier: GPL-2.0

//! `kill_is_final`: after `kill()` nothing runs and schedule returns false, until `revive()`.
//!
//! A killed tasklet is scheduled in every context and from every CPU, and by interrupts that never
//! stop while it is killed and revived.

use harness::prelude::*;

suite! {
    "kill_is_final",
    "After kill() nothing runs, until revive()",
    both [every_context, every_cpu, never_scheduled, by_its_last_run, revive, under_interrupts]
}

/// Expects that nothing can make a killed tasklet run.
fn check_dead<C: Kind>(t: &Test, tasklet: &BottomHalf<Probe, C>) {
    let runs = tasklet.handler().runs();

    check!(
        t,
        tasklet.is_parked() && !tasklet.is_scheduled() && !tasklet.is_running()
    );
    check!(t, !tasklet.schedule() && !C::hi_schedule(tasklet));
    drain();
    check!(t, tasklet.is_parked() && !tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), runs);
}

fn every_context<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, tasklet.handler().left(), 1);
    for context in Context::ATOMIC {
        context.run(|| check!(t, !tasklet.schedule() && !C::hi_schedule(&tasklet)));
        check_dead(t, &tasklet);
    }
    // Killed already, and a second kill changes nothing.
    check_eq!(t, tasklet.kill(), Ok(()));
    check_dead(t, &tasklet);
    check_eq!(t, tasklet.handler().runs(), 1);
    Ok(())
}

fn every_cpu<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let queued = Counter::new();

    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                for _ in 0..1000 {
                    queued.add(u32::from(tasklet.schedule()));
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check_eq!(t, queued.get(), 0);
    check_dead(t, &tasklet);
    check_eq!(t, tasklet.handler().runs(), 1);
    Ok(())
}

fn never_scheduled<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    check_eq!(t, tasklet.kill(), Ok(()));
    check_dead(t, &tasklet);
    check!(t, C::revive(&tasklet));
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    Ok(())
}

/// The run that a kill waits for cannot put the tasklet back into service.
fn by_its_last_run<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let killed = Flag::new();

    while_running(t, &tasklet, 1, |s| {
        check_eq!(t, on_cpu(3, || tasklet.schedule()), Ok(true));
        // From the pending run on it reschedules itself.
        probe.reschedule(u32::MAX);
        let killer = s.spawn_watched(2, || {
            check_eq!(t, tasklet.kill(), Ok(()));
            killed.set();
        })?;
        killer.check_blocked(t, &killed);
        probe.release();
        wait!(t, killed.is_set());
        Ok::<(), Error>(())
    })??;
    check_eq!(t, probe.runs(), 2);
    check_dead(t, &tasklet);
    probe.reschedule(0);
    Ok(())
}

fn revive<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    // Not killed, although not yet used: there is nothing to revive.
    check!(t, !C::revive(&tasklet));
    for round in 1..=50 {
        check!(t, tasklet.schedule());
        check_eq!(t, tasklet.kill(), Ok(()));
        check_eq!(t, tasklet.handler().left(), round);
        check!(t, !tasklet.schedule());
        let context = Context::ATOMIC[round as usize % Context::ATOMIC.len()];
        check!(t, context.run(|| C::revive(&tasklet)));
        check!(t, !C::revive(&tasklet));
        check!(t, !tasklet.is_parked());
    }
    // Schedules while it was parked did nothing.
    drain();
    check!(t, !tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 50);
    Ok(())
}

/// Killed and revived while interrupts on two CPUs schedule it.
fn under_interrupts<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let interrupts = Counter::new();
    let stop = Flag::new();
    let mut met = 0;

    let interrupt = || {
        interrupts.add(1);
        tasklet.schedule();
        C::hi_schedule(&tasklet);
    };
    scope(|s| {
        let _stop = stop.set_on_drop();
        for cpu in [1, 2] {
            s.spawn(cpu, || {
                storm(50, interrupt, || stop.wait());
            })?;
        }
        for round in 0..=200 {
            let before = probe.runs();
            wait!(t, probe.runs() > before);
            let before = interrupts.get();
            check_eq!(t, tasklet.kill(), Ok(()));
            met += u32::from(interrupts.get() > before);
            check_eq!(t, probe.settled(), probe.left());
            let (runs, at) = (probe.runs(), interrupts.get());
            check!(t, !probe.inside());
            wait!(t, interrupts.get() > at + 20);
            check_eq!(t, probe.runs(), runs);
            check!(t, tasklet.is_parked());
            check!(t, C::revive(&tasklet));
            if t.failed() || (round >= 30 && met >= 10) {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    // Each kill was followed by interrupts. A kill is so short that a busy host may keep all interrupts out of it.
    t.note(fmt!(
        "{} interrupts, {} runs, {met} kills with an interrupt in them",
        interrupts.get(),
        probe.runs()
    ));
    probe.check_sane(t);
    Ok(())
}
