// SPDX-License-Identifier: GPL-2.0

//! Class J: the proof of being in a handler is made of a tasklet, as the crate makes it.
//!
//! Rejected: a context has no constructor.

use kernel::prelude::*;
#[cfg(not(fault))]
use rust_tasklet::TaskletBox;
use rust_tasklet::TaskletContext;

fn handler_only(cx: &TaskletContext) {
    cx.schedule();
}

fn driver() -> Result {
    #[cfg(fault)]
    handler_only(TaskletContext::from_raw(todo!())); //~ E0599 named `from_raw` found
    #[cfg(not(fault))]
    TaskletBox::from_fn(handler_only, GFP_KERNEL)?.schedule();
    Ok(())
}
