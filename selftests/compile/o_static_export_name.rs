// SPDX-License-Identifier: GPL-2.0

//! Class O: a static tasklet takes the place of any symbol, such as `jiffies`.
//!
//! Rejected: `static_tasklet!` passes on documentation, `cfg` and lint levels only.

use rust_tasklet::{
    static_tasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

#[cfg(fault)]
static_tasklet! { //~ but not `export_name
    #[export_name = "jiffies"]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    /// Drains the receive ring.
    #[allow(dead_code)]
    static RX: Tasklet<Rx> = Rx;
}
