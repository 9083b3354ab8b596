// SPDX-License-Identifier: GPL-2.0

//! Class J: the owner of a tasklet changes the handler's data through its pin while it runs.
//!
//! Rejected: the fields of a tasklet are private, also in its projection.

use core::pin::Pin;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    packets: u32,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

fn driver(rx: Pin<&mut Tasklet<Rx>>) {
    #[cfg(fault)]
    let handler = rx.project().handler; //~ E0616
    #[cfg(not(fault))]
    let handler = rx.handler();
    let _ = handler.packets;
}
