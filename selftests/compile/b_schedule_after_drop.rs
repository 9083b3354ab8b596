// SPDX-License-Identifier: GPL-2.0

//! Class B: a tasklet is scheduled after it was killed and freed.
//!
//! Rejected: its owner was dropped.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(rx);
    rx.schedule(); //~ E0382
    Ok(())
}
