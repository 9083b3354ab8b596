// SPDX-License-Identifier: GPL-2.0

//! `traced`: `irq:tasklet_entry` and `irq:tasklet_exit` show every run: it is the kernel's own tasklet
//! machinery.
//!
//! The runner switches the two events on, and compares the trace with the number of runs that this
//! module reports: those whose handler lies in it.

use harness::prelude::*;

suite! {
    "traced",
    "The kernel's trace events show every run",
    [runs]
}

fn runs(t: &Test) -> Result {
    const EACH: u32 = 25;
    let tasklet = probe()?;
    let probe = tasklet.handler();

    for cpu in cpus() {
        on_cpu(cpu, || {
            for i in 0..EACH {
                Context::BhDisable.run(|| {
                    if i % 2 == 0 {
                        tasklet.schedule();
                    } else {
                        tasklet.hi_schedule();
                    }
                });
                wait!(t, !tasklet.is_scheduled() && !tasklet.is_running());
            }
        })?;
    }
    drain();
    check_eq!(t, probe.runs() as usize, cpus().count() * EACH as usize);
    check_eq!(t, probe.cpu_count() as usize, cpus().count());
    t.note(fmt!("ran {} times", probe.runs()));
    Ok(())
}
