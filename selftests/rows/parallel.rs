// SPDX-License-Identifier: GPL-2.0

//! `parallel`: two tasklets do run at the same time on two CPUs.
//!
//! Handlers are held inside their runs, one on each CPU but the first, until all of them are inside.

use harness::prelude::*;

suite! {
    "parallel",
    "Different tasklets run at the same time on different CPUs",
    both [two, one_on_each_cpu]
}

fn two<C: Kind>(t: &Test) -> Result {
    let (first, second) = (probe::<C>()?, probe::<C>()?);

    while_running(t, &first, 1, |_| {
        while_running(t, &second, 2, |_| {
            check!(t, first.is_running() && second.is_running());
            check!(t, first.handler().inside() && second.handler().inside());
            check!(t, first.handler().last_cpu() != second.handler().last_cpu());
        })
    })??;
    for tasklet in [&first, &second] {
        check_eq!(t, tasklet.handler().runs(), 1);
        tasklet.handler().check_sane(t);
    }
    Ok(())
}

fn one_on_each_cpu<C: Kind>(t: &Test) -> Result {
    let mut tasklets = KVec::new();
    for _ in cpus() {
        tasklets.push(probe::<C>()?, GFP_KERNEL)?;
        tasklets[tasklets.len() - 1].handler().hold();
    }

    scope(|s| {
        for (cpu, tasklet) in cpus().zip(&tasklets).skip(1) {
            s.spawn(cpu, move || {
                Context::BhDisable.run(|| C::hi_schedule(tasklet));
            })?;
        }
        for tasklet in tasklets.iter().skip(1) {
            wait!(t, tasklet.handler().inside());
        }
        // None has been released, so all of them are inside now.
        check!(
            t,
            tasklets
                .iter()
                .skip(1)
                .all(|tasklet| tasklet.handler().inside())
        );
        for tasklet in &tasklets {
            tasklet.handler().release();
        }
        Ok::<(), Error>(())
    })?;
    for (cpu, tasklet) in cpus().zip(&tasklets).skip(1) {
        check_eq!(t, tasklet.handler().last_cpu(), cpu);
        check_eq!(t, tasklet.handler().runs(), 1);
        tasklet.handler().check_sane(t);
    }
    Ok(())
}
