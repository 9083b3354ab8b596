// SPDX-License-Identifier: GPL-2.0

//! Class J: the proof of being in a handler is made up, to take a lock as only a handler may.
//!
//! Rejected: it has no public parts.

use kernel::prelude::*;
#[cfg(not(fault))]
use rust_tasklet::TaskletBox;
use rust_tasklet::TaskletContext;

fn handler_only(cx: &TaskletContext) {
    cx.schedule();
}

fn driver() -> Result {
    #[cfg(fault)]
    handler_only(&TaskletContext {}); //~ with struct literal syntax due to private fields
    #[cfg(not(fault))]
    TaskletBox::from_fn(handler_only, GFP_KERNEL)?.schedule();
    Ok(())
}
