// SPDX-License-Identifier: GPL-2.0

//! `unload_under_load`: a module can be unloaded again and again while its tasklets run on every CPU, are
//! dropped, and drop themselves.
//!
//! The runner loads and unloads `unload_fixture` 200 times first, which keeps the CPUs busy, and counts the warnings.
//! Here is what can be seen afterwards.

use harness::prelude::*;

#[path = "../../harness/witness.rs"]
pub mod witness;

use witness::{
    all_were_released,
    nothing_runs,
    DROPS,
    MADE,
    ROUNDS,
    RUNS, //
};

suite! {
    "unload_under_load",
    "A module was unloaded many times while its tasklets ran",
    [they_ran, nothing_runs, all_were_released, others_run]
}

fn they_ran(t: &Test) -> Result {
    t.note(fmt!(
        "{} runs, {} releases",
        tally(RUNS, 0),
        tally(DROPS, 0)
    ));
    check_eq!(t, tally(ROUNDS, 0), 200);
    check!(t, tally(RUNS, 0) > 200 * 4);
    check!(t, tally(MADE, 0) >= 200 * 3);
    Ok(())
}

fn others_run(t: &Test) -> Result {
    for cpu in cpus() {
        let tasklet = probe::<TaskletContext>()?;
        check_eq!(t, on_cpu(cpu, || tasklet.schedule()), Ok(true));
        wait!(t, tasklet.handler().left() == 1);
    }
    Ok(())
}
