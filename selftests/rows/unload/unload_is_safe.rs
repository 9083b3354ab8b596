// SPDX-License-Identifier: GPL-2.0

//! `unload_is_safe`: a module that leaked live tasklets can be unloaded, and no freed code runs: the tasklets
//! are parked first, and a warning names each.
//!
//! The runner loads and unloads `unload_fixture` first and looks for the warnings. Here is what can
//! be seen afterwards: its tasklets ran, nothing of them runs any more, and softirqs still work.

use harness::prelude::*;

suite! {
    "unload_is_safe",
    "Nothing runs of a module that leaked tasklets and is gone",
    [they_ran, refused_when_going, nothing_runs, others_run]
}

/// The counters of `unload_fixture`: idle, restless, pending, static.
fn tallies() -> [u32; 4] {
    [0, 1, 2, 3].map(|index| tally(index, 0))
}

fn they_ran(t: &Test) -> Result {
    let [idle, restless, pending, statics] = tallies();

    // One of each kind.
    check_eq!(t, idle, 2);
    check!(t, restless > 20 && statics > 10);
    // Disabled to the end.
    check_eq!(t, pending, 0);
    Ok(())
}

/// A tasklet of `unload_fixture` made new ones while it was unloaded: from some moment on, none of them was made live.
fn refused_when_going(t: &Test) -> Result {
    let [bred, refused] = [8, 9].map(|index| tally(index, 0));

    check!(t, bred > 0);
    // Each that was live stops at the first refusal.
    check!(t, refused > 0 && refused <= bred + 1);
    t.note(fmt!("bred {bred}"));
    Ok(())
}

fn nothing_runs(t: &Test) -> Result {
    let before = tallies();

    for _ in 0..10 {
        drain();
    }
    check_eq!(t, tallies(), before);
    Ok(())
}

fn others_run(t: &Test) -> Result {
    for cpu in cpus() {
        let tasklet = probe::<TaskletContext>()?;
        check_eq!(t, on_cpu(cpu, || tasklet.schedule()), Ok(true));
        wait!(t, tasklet.handler().left() == 1);
        check_eq!(t, tasklet.handler().last_cpu(), cpu);
    }
    Ok(())
}
