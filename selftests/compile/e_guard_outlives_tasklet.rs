// SPDX-License-Identifier: GPL-2.0

//! Class E: a guard survives its tasklet, and enables freed memory.
//!
//! Rejected: the guard borrows the tasklet.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    #[cfg(fault)]
    let off;
    let rx = TaskletBox::from_fn(|_cx| {}, GFP_KERNEL)?;
    #[cfg(fault)]
    {
        off = rx.disable()?; //~ E0597
    }
    #[cfg(not(fault))]
    let off = rx.disable()?;
    rx.schedule();
    off.enable();
    Ok(())
}
