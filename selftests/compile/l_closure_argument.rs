// SPDX-License-Identifier: GPL-2.0

//! Class L: a callback of another signature, which C takes with a cast.
//!
//! Rejected: there is no cast; data comes with the closure.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;
#[cfg(not(fault))]
use rust_tasklet::TaskletContext;

#[cfg(fault)]
fn handler(_data: &usize) {}

#[cfg(not(fault))]
fn handler(_data: usize, _cx: &TaskletContext) {}

fn driver() -> Result {
    #[cfg(fault)]
    let rx = TaskletBox::from_fn(handler, GFP_KERNEL)?; //~ E0631
    #[cfg(not(fault))]
    let rx = TaskletBox::from_fn(|cx| handler(1, cx), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
