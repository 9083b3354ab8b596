// SPDX-License-Identifier: GPL-2.0

//! Class E: a tasklet is killed and freed while somebody has it disabled; in C the kill may hang.
//!
//! Rejected: the guard borrows the tasklet.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    let off = rx.disable()?;
    #[cfg(not(fault))]
    off.enable();
    drop(rx); //~ E0505 cannot move out of `rx` because it is borrowed
    #[cfg(fault)]
    off.enable();
    Ok(())
}
