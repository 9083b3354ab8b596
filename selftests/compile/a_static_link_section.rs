// SPDX-License-Identifier: GPL-2.0

//! Class A: a static tasklet lies in memory that is freed once the module is initialised.
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
static_tasklet! { //~ takes documentation, `cfg` and lint levels, but not `link_section
    #[link_section = ".init.data"]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    /// Drains the receive ring.
    #[allow(dead_code)]
    static RX: Tasklet<Rx> = Rx;
}
