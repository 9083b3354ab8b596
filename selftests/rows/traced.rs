// SPDX-License-Identifier: GPL-2.0

//! `traced`: `irq:tasklet_entry` and `irq:tasklet_exit` show every run: it is the kernel's own tasklet
//! machinery.
//!
//! The runner switches the two events on, and compares the trace with the number of runs that this
//! module reports: those whose handler lies in it.

use harness::prelude::*;

#[path = "../harness/traced_runs.rs"]
pub mod traced_runs;

suite! {
    "traced",
    "The kernel's trace events show every run",
    [runs, killed]
}

fn runs(t: &Test) -> Result {
    traced_runs::runs::<TaskletContext>(t)
}

fn killed(t: &Test) -> Result {
    traced_runs::killed::<TaskletContext>(t)
}
