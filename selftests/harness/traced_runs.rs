// SPDX-License-Identifier: GPL-2.0

//! For the tests of trace events: runs of either kind of bottom half, which say how many they were.

use harness::prelude::*;

/// Runs on every CPU, one after another.
pub fn runs<C: Kind>(t: &Test) -> Result {
    const EACH: u32 = 25;
    let tasklet = probe::<C>()?;
    let probe = tasklet.handler();

    for cpu in cpus() {
        on_cpu(cpu, || {
            for i in 0..EACH {
                Context::BhDisable.run(|| {
                    if i % 2 == 0 {
                        tasklet.schedule();
                    } else {
                        C::hi_schedule(&tasklet);
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
pub fn killed<C: Kind>(t: &Test) -> Result {
    for disabled in [false, true] {
        let tasklet = probe::<C>()?;
        let killed = Flag::new();
        let guard = disabled.then(|| tasklet.disable_nosync());

        scope(|s| {
            let kept = keep_pending(t, s, || check!(t, tasklet.schedule()))?;
            let killer = s.spawn_watched(2, || {
                check_eq!(t, tasklet.kill(), Ok(()));
                killed.set();
            })?;
            killer.check_blocked(t, &killed);
            check!(t, tasklet.is_scheduled() && !tasklet.is_parked());
            drop(kept);
            Ok::<(), Error>(())
        })?;
        check!(t, tasklet.is_parked());
        check_eq!(t, tasklet.handler().runs(), u32::from(!disabled));
        drop(guard);
    }
    t.note(fmt!("ran 2 times"));
    Ok(())
}
