// SPDX-License-Identifier: GPL-2.0

//! `coalesces`: N schedules before the handler runs give one run; the first returns true, the others
//! false.
//!
//! The tasklet is kept pending while it is scheduled over and over: by holding the softirqs of the
//! CPU, or, for schedules from several CPUs, by disabling it.

use harness::prelude::*;

suite! {
    "coalesces",
    "Schedules of a pending tasklet give one run",
    [normal_first, hi_first, every_cpu, anew_after_each_run]
}

fn mixed(t: &Test, hi_first: bool) -> Result {
    let tasklet = probe()?;

    let (first, others) = Context::SoftirqsHeld.run(|| {
        let schedule = |hi| {
            if hi {
                tasklet.hi_schedule()
            } else {
                tasklet.schedule()
            }
        };
        let first = schedule(hi_first);
        let others = (0..100).filter(|i| schedule(i % 2 == 0)).count();
        check!(t, tasklet.is_scheduled());
        check_eq!(t, tasklet.handler().runs(), 0);
        (first, others)
    });
    check!(t, first);
    check_eq!(t, others, 0);
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    tasklet.handler().check_sane(t);
    Ok(())
}

fn normal_first(t: &Test) -> Result {
    mixed(t, false)
}

fn hi_first(t: &Test) -> Result {
    mixed(t, true)
}

fn every_cpu(t: &Test) -> Result {
    let tasklet = probe()?;
    let queued = Counter::new();

    let off = tasklet.disable_nosync();
    scope(|s| {
        for cpu in cpus() {
            s.spawn(cpu, || {
                for _ in 0..300 {
                    queued.add(u32::from(tasklet.schedule()));
                    queued.add(u32::from(tasklet.hi_schedule()));
                }
            })?;
        }
        Ok::<(), Error>(())
    })?;
    check_eq!(t, queued.get(), 1);
    check!(t, tasklet.is_scheduled());
    check_eq!(t, tasklet.handler().runs(), 0);
    off.enable();
    wait!(t, tasklet.handler().left() == 1);
    drain();
    check_eq!(t, tasklet.handler().runs(), 1);
    Ok(())
}

fn anew_after_each_run(t: &Test) -> Result {
    let tasklet = probe()?;

    for run in 1..=50 {
        let answers = Context::SoftirqsHeld.run(|| [(); 3].map(|()| tasklet.schedule()));
        check_eq!(t, answers, [true, false, false]);
        wait!(t, tasklet.handler().left() == run && !tasklet.is_running());
    }
    drain();
    check_eq!(t, tasklet.handler().runs(), 50);
    Ok(())
}
