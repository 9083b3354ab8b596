// SPDX-License-Identifier: GPL-2.0

//! `reschedule_while_running`: scheduled from its own handler, or from another CPU while it runs, a
//! tasklet runs once more.
//!
//! The handler reschedules itself through its context token, or is held inside a run on CPU 1 while
//! others schedule it.

use harness::prelude::*;

suite! {
    "reschedule_while_running",
    "A tasklet scheduled while it runs, runs once more",
    both [own_handler, own_handler_hi, answers, other_cpu, every_cpu]
}

fn by_itself<C: Kind>(t: &Test, hi: bool) -> Result {
    let tasklet = probe_at::<C>(hi)?;

    if hi {
        tasklet.handler().reschedule_hi(3);
    } else {
        tasklet.handler().reschedule(3);
    }
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 4);
    drain();
    check_eq!(t, tasklet.handler().runs(), 4);
    check!(t, !tasklet.is_scheduled());
    tasklet.handler().check_sane(t);
    Ok(())
}

fn own_handler<C: Kind>(t: &Test) -> Result {
    by_itself::<C>(t, false)
}

fn own_handler_hi<C: Kind>(t: &Test) -> Result {
    by_itself::<C>(t, true)
}

/// In the handler too the first schedule queues and further ones coalesce.
fn answers<C: Kind>(t: &Test) -> Result {
    static ANSWERS: Sequence = Sequence::new();

    ANSWERS.clear();
    let mut runs = 0;
    let tasklet = C::make_fn(move |cx| {
        runs += 1;
        if runs == 1 {
            ANSWERS.push(u32::from(cx.schedule()));
            ANSWERS.push(u32::from(cx.again(true)));
            ANSWERS.push(u32::from(cx.schedule()));
        } else {
            ANSWERS.push(100 + runs);
        }
    })?;
    check!(t, tasklet.schedule());
    wait!(t, ANSWERS.len() == 4);
    drain();
    check!(t, ANSWERS.is(&[1, 0, 0, 102]));
    Ok(())
}

fn other_cpu<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();

    while_running(t, &tasklet, 1, |_| {
        check!(t, tasklet.is_running() && !tasklet.is_scheduled());
        check_eq!(t, on_cpu(2, || tasklet.schedule()), Ok(true));
        check!(t, tasklet.is_running() && tasklet.is_scheduled());
        check_eq!(t, probe.runs(), 1);
    })?;
    wait!(t, probe.left() == 2);
    drain();
    check_eq!(t, probe.runs(), 2);
    // A work is queued where it runs.
    check_eq!(t, probe.last_cpu(), if C::IS_TASKLET { 2 } else { 1 });
    probe.check_sane(t);
    Ok(())
}

/// Many schedules during a run give one more run, too.
fn every_cpu<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();
    let queued = Counter::new();

    while_running(t, &tasklet, 1, |_| {
        for cpu in cpus().filter(|&cpu| cpu != 1) {
            on_cpu(cpu, || {
                for _ in 0..100 {
                    queued.add(u32::from(tasklet.schedule()));
                }
            })?;
        }
        check!(t, tasklet.is_running());
        check_eq!(t, probe.runs(), 1);
        Ok::<(), Error>(())
    })??;
    check_eq!(t, queued.get(), 1);
    wait!(t, probe.left() == 2);
    drain();
    check_eq!(t, probe.runs(), 2);
    probe.check_sane(t);
    Ok(())
}
