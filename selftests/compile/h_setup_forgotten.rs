// SPDX-License-Identifier: GPL-2.0

//! Class H: one of the tasklets of a driver is never set up.
//!
//! Rejected: all fields of a struct have to be initialised.

use kernel::prelude::*;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

#[pin_data]
struct Nic {
    #[pin]
    rx: Tasklet<Rx>,
    #[pin]
    tx: Tasklet<Rx>,
}

#[cfg(fault)]
fn nic() -> impl PinInit<Nic> {
    pin_init!(Nic { rx <- Tasklet::new(Rx) }) //~ E0063
}

#[cfg(not(fault))]
fn nic() -> impl PinInit<Nic> {
    pin_init!(Nic {
        rx <- Tasklet::new(Rx),
        tx <- Tasklet::new(Rx),
    })
}
