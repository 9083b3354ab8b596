// SPDX-License-Identifier: GPL-2.0

//! There is a fault, but the compiler never gets to it: an error of an earlier pass stops it.
//!
//! Complaint: line 16: no error E0382

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(rx);
    #[cfg(fault)]
    let _: bool = 1;
    rx.schedule(); //~ E0382
    Ok(())
}
