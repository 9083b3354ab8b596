// SPDX-License-Identifier: GPL-2.0

//! Class B: something that can schedule a tasklet outlives it.
//!
//! Rejected: a reference to the tasklet borrows its owner.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let owner = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    let rx = &*owner;
    #[cfg(fault)]
    drop(owner); //~ E0505
    rx.schedule();
    #[cfg(not(fault))]
    drop(owner);
    Ok(())
}
