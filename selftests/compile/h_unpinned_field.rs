// SPDX-License-Identifier: GPL-2.0

//! Class H: a tasklet is a plain field of a driver, which may be moved.
//!
//! Rejected: its recipe works for fields marked `#[pin]` only.

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
    #[cfg(fault)]
    rx: Tasklet<Rx>,
    #[cfg(not(fault))]
    #[pin]
    rx: Tasklet<Rx>,
}

fn nic() -> impl PinInit<Nic> {
    pin_init!(Nic {
        rx <- Tasklet::new(Rx), //~ E0277
    })
}
