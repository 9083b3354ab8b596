// SPDX-License-Identifier: GPL-2.0

//! Class A: a static tasklet lies in memory that is freed, by an attribute inside of another one.
//!
//! Rejected: `static_tasklet!` passes on documentation, `cfg` and lint levels only, and `cfg_attr` could be
//! any.

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
static_tasklet! { //~ but not `cfg_attr
    #[cfg_attr(all(), link_section = ".init.data")]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    /// Drains the receive ring.
    #[allow(dead_code)]
    static RX: Tasklet<Rx> = Rx;
}
