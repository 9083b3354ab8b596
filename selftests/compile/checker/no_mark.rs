// SPDX-License-Identifier: GPL-2.0

//! It is rejected, but does not say where it should be.
//!
//! Complaint: has no mark

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(rx);
    rx.schedule();
    Ok(())
}
