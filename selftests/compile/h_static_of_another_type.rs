// SPDX-License-Identifier: GPL-2.0

//! Class H: `static_tasklet!` with a type that is no tasklet, whose unsafe constructor it would call.
//!
//! Rejected: the macro makes tasklets and nothing else.

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
struct Mine(Rx);
#[cfg(not(fault))]
type Mine = Tasklet<Rx>;

static_tasklet! { //~ E0308
    static RX: Mine = Rx;
}
