// SPDX-License-Identifier: GPL-2.0

//! Class O: an operation that the driver must vouch for, in the type that is given to `static_tasklet!`.
//!
//! Rejected: the `unsafe` code of the macro does not extend to the type.

use rust_tasklet::{
    static_tasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx<const QUEUES: usize>;

impl<const QUEUES: usize> TaskletHandler for Rx<QUEUES> {
    fn run(&self, _cx: &TaskletContext) {}
}

static_tasklet! {
    #[cfg(fault)]
    static RX: Tasklet<Rx<{ 1usize.unchecked_add(1) }>> = Rx; //~ E0133
    #[cfg(not(fault))]
    static RX: Tasklet<Rx<{ 1 + 1 }>> = Rx;
}
