// SPDX-License-Identifier: GPL-2.0

//! `unload_handles`: a module that forgot a `TaskletBox` or a `TaskletHandle` can be unloaded; an unload waits
//! for owners whose release is deferred.
//!
//! The runner loads and unloads `unload_fixture` first, which leaves owners behind or drops them late, counts
//! the warnings, and makes sure that `rust_tasklet` cannot be unloaded before them. Here is what can be seen
//! afterwards.

use harness::prelude::*;

#[path = "../../harness/witness.rs"]
pub mod witness;

use witness::{
    all_were_released,
    nothing_runs,
    Owner,
    Witness,
    LATE,
    MADE,
    RUNS, //
};

suite! {
    "unload_handles",
    "Nothing runs of a module that is gone, and nothing of it was released late",
    [they_ran, nothing_runs, all_were_released, others_run]
}

fn they_ran(t: &Test) -> Result {
    check!(t, tally(RUNS, 0) > 40);
    check!(t, tally(MADE, 0) > 0);
    // Each of the three unloads had to wait.
    check_eq!(t, tally(LATE, 0), 3);
    Ok(())
}

/// Deferred release still works.
fn others_run(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;
        let owner = form(&witness)?;

        tally(MADE, 1);
        check!(t, owner.schedule());
        Context::Hardirq.run(move || drop(owner));
        witness.check_dropped(t);
    }
    Ok(())
}
