// SPDX-License-Identifier: GPL-2.0

//! The right code with another meaning.
//!
//! Complaint: line 13: no error E0599 no method named `shedule`

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    rx.reschedule(); //~ E0599 no method named `shedule`
    drop(rx);
    Ok(())
}
