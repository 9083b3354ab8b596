// SPDX-License-Identifier: GPL-2.0

//! Class O: the check of attributes is told to complain by a macro of the driver's, which does not.
//!
//! Rejected: the macros of the crate take what they need from the crate, not from what calls itself `core`.

#[cfg(fault)]
extern crate self as core;

#[cfg(fault)]
#[macro_export]
macro_rules! no_error {
    ($($text:tt)*) => {};
}
#[cfg(fault)]
pub use no_error as compile_error;

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
static_tasklet! { //~ but not `link_section
    #[link_section = ".init.data"]
    static RX: Tasklet<Rx> = Rx;
}

#[cfg(not(fault))]
static_tasklet! {
    static RX: Tasklet<Rx> = Rx;
}
