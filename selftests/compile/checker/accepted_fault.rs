// SPDX-License-Identifier: GPL-2.0

//! Nothing is wrong with it although it says so.
//!
//! Complaint: with the fault, it compiles

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    rx.schedule(); //~ E0382
    drop(rx);
    Ok(())
}
