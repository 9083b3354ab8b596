// SPDX-License-Identifier: GPL-2.0

//! `runs_once`: scheduled while idle, the handler runs exactly once, in softirq context, with hard
//! interrupts enabled.
//!
//! An idle tasklet is scheduled once, from every context and CPU and at both priorities.

use harness::prelude::*;

suite! {
    "runs_once",
    "A tasklet scheduled while idle runs exactly once, in softirq context",
    both [
        task,
        every_cpu,
        hardirq,
        softirq,
        interrupts_disabled,
        bottom_halves_disabled,
        again_and_again,
    ]
}

/// One run for one schedule in `context`, at either priority.
fn once<C: Kind>(t: &Test, context: Context) -> Result {
    for hi in [false, true] {
        let tasklet = probe_at::<C>(hi)?;

        check!(t, !tasklet.is_scheduled() && !tasklet.is_running());
        let queued = context.run(|| schedule_at(&tasklet, hi));
        check!(t, queued, "from {:?}", context);
        wait!(t, tasklet.handler().left() == 1);
        drain();
        check_eq!(t, tasklet.handler().runs(), 1);
        check!(t, !tasklet.is_scheduled() && !tasklet.is_running());
        tasklet.handler().check_sane(t);
    }
    Ok(())
}

fn task<C: Kind>(t: &Test) -> Result {
    once::<C>(t, Context::Task)
}

fn hardirq<C: Kind>(t: &Test) -> Result {
    check!(t, Context::Hardirq.run(in_hardirq));
    once::<C>(t, Context::Hardirq)
}

fn softirq<C: Kind>(t: &Test) -> Result {
    check!(t, Context::Softirq.run(in_softirq));
    once::<C>(t, Context::Softirq)
}

fn interrupts_disabled<C: Kind>(t: &Test) -> Result {
    check!(t, Context::IrqDisable.run(irqs_disabled));
    once::<C>(t, Context::IrqDisable)
}

fn bottom_halves_disabled<C: Kind>(t: &Test) -> Result {
    once::<C>(t, Context::BhDisable)
}

fn every_cpu<C: Kind>(t: &Test) -> Result {
    for target in cpus() {
        on_cpu(target, || {
            check_eq!(t, cpu(), target);
            once::<C>(t, Context::Task)
        })??;
    }
    Ok(())
}

/// The same tasklet, idle again and again.
fn again_and_again<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    for run in 1..=200 {
        check!(t, tasklet.schedule());
        wait!(t, tasklet.handler().left() == run && !tasklet.is_running());
        // Not 200 times in vain.
        if t.failed() {
            return Ok(());
        }
    }
    drain();
    check_eq!(t, tasklet.handler().runs(), 200);
    tasklet.handler().check_sane(t);
    Ok(())
}
