// SPDX-License-Identifier: GPL-2.0

//! Class O: an attribute macro that looks like documentation rewrites what `static_tasklet!` makes.
//!
//! Rejected: documentation is `doc = …` or `doc(…)`, and not a path that begins so.

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
static_tasklet! { //~ but not `doc::vtable`
    // Not there, as this attribute macro would complain, too.
    #[cfg(any())]
    #[doc::vtable]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    #[doc = "Drains the receive ring."]
    #[doc(hidden)]
    static RX: Tasklet<Rx> = Rx;
}
