// SPDX-License-Identifier: GPL-2.0

//! `bh_traced`: `workqueue:workqueue_execute_start` and `workqueue_execute_end` show every run of a `BhWork`, and name
//! its function: it is the kernel's own workqueue machinery.
//!
//! The runner switches the two events on, and compares the trace with the number of runs that this
//! module reports: those whose handler lies in it.

use harness::prelude::*;

#[path = "../harness/traced_runs.rs"]
pub mod traced_runs;

suite! {
    "bh_traced",
    "The kernel's trace events show every run of a BH work",
    [runs, killed]
}

fn runs(t: &Test) -> Result {
    traced_runs::runs::<BhContext>(t)
}

fn killed(t: &Test) -> Result {
    traced_runs::killed::<BhContext>(t)
}
