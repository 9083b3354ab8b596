// SPDX-License-Identifier: GPL-2.0

//! Without the fault there is a warning.
//!
//! Complaint: without the fault, line 14: -: unused variable: `queued`

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(rx);
    let queued = rx.schedule(); //~ E0382
    Ok(())
}
