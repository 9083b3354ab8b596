// SPDX-License-Identifier: GPL-2.0

//! Class B: the tasklet is freed first and the interrupt second; an interrupt in between schedules it.
//!
//! Rejected: the interrupt handler borrows the tasklet, so it has to go first.
//!
//! Needs: Linux 7.3

use kernel::{
    irq::{
        Handler,
        IrqReturn, //
    },
    prelude::*, //
};
use rust_tasklet::{
    Tasklet,
    TaskletBox,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

struct TopHalf<'a> {
    rx: &'a Tasklet<Rx>,
}

impl Handler for TopHalf<'_> {
    fn handle(&self) -> IrqReturn {
        self.rx.schedule();
        IrqReturn::Handled
    }
}

/// Stands for an [`irq::Registration`](kernel::irq::Registration), which takes a device to make.
struct Registration<H: Handler>(H);

impl<H: Handler> Drop for Registration<H> {
    fn drop(&mut self) {}
}

fn driver() -> Result {
    let rx = TaskletBox::new(Rx, GFP_KERNEL)?;
    let irq = Registration(TopHalf { rx: &rx });
    irq.0.handle();
    #[cfg(not(fault))]
    drop(irq);
    drop(rx); //~ E0505
    #[cfg(fault)]
    drop(irq);
    Ok(())
}
