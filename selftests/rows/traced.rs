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
    [runs, killed]
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

/// A run that is pending at a kill is traced like every other run, with the same names. So is the call for a
/// disabled tasklet, although its handler does not run.
fn killed(t: &Test) -> Result {
    for disabled in [false, true] {
        let tasklet = probe()?;
        let (pending, calling, let_go) = (Flag::new(), Flag::new(), Flag::new());
        let guard = disabled.then(|| tasklet.disable_nosync());

        scope(|s| {
            s.spawn(1, || {
                Context::SoftirqsHeld.run(|| {
                    check!(t, tasklet.schedule());
                    pending.set();
                    check!(t, spin_until(|| let_go.is_set()));
                })
            })?;
            wait!(t, pending.is_set());
            s.spawn(2, || {
                calling.set();
                check_eq!(t, tasklet.kill(), Ok(()));
            })?;
            wait!(t, calling.is_set());
            temptation();
            check!(t, tasklet.is_scheduled() && !tasklet.is_parked());
            let_go.set();
            Ok::<(), Error>(())
        })?;
        check!(t, tasklet.is_parked());
        check_eq!(t, tasklet.handler().runs(), u32::from(!disabled));
        drop(guard);
    }
    t.note(fmt!("ran 2 times"));
    Ok(())
}
