// SPDX-License-Identifier: GPL-2.0

//! `same_cpu`: the handler runs on the CPU that scheduled it.
//!
//! Every CPU schedules one and the same tasklet in turn, from every kind of context.

use harness::prelude::*;

suite! {
    "same_cpu",
    "A tasklet runs on the CPU that scheduled it",
    both [task, hardirq, softirq, itself]
}

fn scheduled_in<C: Kind>(t: &Test, context: Context) -> Result {
    for hi in [false, true] {
        let tasklet = probe_at::<C>(hi)?;
        let mut runs = 0;

        for target in cpus() {
            let queued_on = on_cpu(target, || {
                context.run(|| {
                    schedule_at(&tasklet, hi);
                    cpu()
                })
            })?;
            runs += 1;
            wait!(t, tasklet.handler().left() == runs);
            // A work that has just run would be queued where it ran.
            drain();
            check_eq!(t, queued_on, target);
            check_eq!(t, tasklet.handler().last_cpu(), target);
        }
        check_eq!(t, tasklet.handler().runs(), runs);
        check_eq!(t, tasklet.handler().cpu_count() as usize, cpus().count());
        tasklet.handler().check_sane(t);
    }
    Ok(())
}

fn task<C: Kind>(t: &Test) -> Result {
    scheduled_in::<C>(t, Context::Task)
}

fn hardirq<C: Kind>(t: &Test) -> Result {
    scheduled_in::<C>(t, Context::Hardirq)
}

fn softirq<C: Kind>(t: &Test) -> Result {
    scheduled_in::<C>(t, Context::Softirq)
}

/// A handler that reschedules itself stays where it is.
fn itself<C: Kind>(t: &Test) -> Result {
    for target in cpus() {
        let tasklet = probe::<C>()?;
        tasklet.handler().reschedule(50);
        on_cpu(target, || tasklet.schedule())?;
        wait!(t, tasklet.handler().left() == 51);
        check_eq!(t, tasklet.handler().last_cpu(), target);
        check_eq!(t, tasklet.handler().cpu_count(), 1);
        tasklet.handler().check_sane(t);
    }
    Ok(())
}
