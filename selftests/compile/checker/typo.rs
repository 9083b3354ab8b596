// SPDX-License-Identifier: GPL-2.0

//! A typo is an error too, on the right line, but another one.
//!
//! Complaint: line 13: unexpected error E0425: cannot find value `xr` in this scope

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    xr.schedule(); //~ E0382
    drop(rx);
    Ok(())
}
