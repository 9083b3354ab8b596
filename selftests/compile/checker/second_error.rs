// SPDX-License-Identifier: GPL-2.0

//! The fault is rejected, and something else with it.
//!
//! Complaint: line 15: unexpected error E0382: use of moved value: `other`

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    let other = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop((rx, other));
    drop(other);
    rx.schedule(); //~ E0382
    Ok(())
}
