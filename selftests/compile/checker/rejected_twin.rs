// SPDX-License-Identifier: GPL-2.0

//! Without the fault there is still something to reject.
//!
//! Complaint: without the fault, line 13: E0382: borrow of moved value: `rx`

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    drop(rx);
    rx.schedule(); //~ E0382
    Ok(())
}
