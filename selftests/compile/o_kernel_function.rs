// SPDX-License-Identifier: GPL-2.0

//! Class O: a driver calls the kernel's own functions past the crate.
//!
//! Rejected: the bindings are private.

#[cfg(fault)]
use rust_tasklet::bindings; //~ E0603
use rust_tasklet::Tasklet;

fn driver<H>(rx: &Tasklet<H>) {
    #[cfg(fault)]
    bindings::raise_softirq(bindings::TASKLET_SOFTIRQ);
    rx.schedule();
}
