// SPDX-License-Identifier: GPL-2.0

//! Class O: a static tasklet takes the place of a symbol of that name in another object.
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
static_tasklet! { //~ but not `no_mangle`
    #[no_mangle]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    /// Drains the receive ring.
    #[allow(dead_code)]
    static RX: Tasklet<Rx> = Rx;
}
