// SPDX-License-Identifier: GPL-2.0

//! The right error in another place is not the one that was announced.
//!
//! Complaint: line 15: no error E0382

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(rx);
    rx.schedule();
    rx.schedule(); //~ E0382
    Ok(())
}
