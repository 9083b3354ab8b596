// SPDX-License-Identifier: GPL-2.0

//! Class O: a static tasklet is told to the linker.
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
static_tasklet! { //~ but not `used`
    #[used]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    /// Drains the receive ring.
    #[allow(dead_code)]
    static RX: Tasklet<Rx> = Rx;
}
