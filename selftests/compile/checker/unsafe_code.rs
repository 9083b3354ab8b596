// SPDX-License-Identifier: GPL-2.0

//! With unsafe code everything can be broken.
//!
//! Complaint: uses unsafe code

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    drop(unsafe { core::ptr::read(&rx) });
    #[cfg(fault)]
    drop(rx);
    rx.schedule(); //~ E0382
    Ok(())
}
