// SPDX-License-Identifier: GPL-2.0

//! Class J: the top half, in hard interrupt context, calls the bottom half like any function.
//!
//! Rejected: that takes the token that only a running handler has.
//!
//! Needs: Linux 7.3

use kernel::irq::{
    Handler,
    IrqReturn, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

struct TopHalf {
    rx: &'static Tasklet<Rx>,
}

impl Handler for TopHalf {
    fn handle(&self) -> IrqReturn {
        #[cfg(fault)]
        self.rx.handler().run(); //~ E0061
        #[cfg(not(fault))]
        self.rx.schedule();
        IrqReturn::Handled
    }
}
