// SPDX-License-Identifier: GPL-2.0

//! Class H: a value made for a static is put elsewhere, and moves.
//!
//! Rejected: the constructor behind `static_tasklet!` is unsafe to call.

#[cfg(not(fault))]
use rust_tasklet::static_tasklet;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

#[cfg(not(fault))]
static_tasklet! {
    static RX: Tasklet<Rx> = Rx;
}

fn driver() {
    #[cfg(fault)]
    let rx = &Tasklet::new_static(Rx, false); //~ E0133
    #[cfg(not(fault))]
    let rx = &RX;
    rx.schedule();
}
