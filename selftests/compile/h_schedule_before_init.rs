// SPDX-License-Identifier: GPL-2.0

//! Class H: a tasklet is scheduled before `tasklet_setup()` and calls a null pointer.
//!
//! Rejected: before it is initialised there is only a recipe, which cannot be scheduled.

use kernel::prelude::*;
use rust_tasklet::Tasklet;

fn driver() -> Result {
    let rx = Tasklet::from_fn(|_cx| {});
    #[cfg(not(fault))]
    let rx = KBox::pin_init(rx, GFP_KERNEL)?;
    rx.schedule(); //~ E0599 no method named `schedule`
    #[cfg(fault)]
    let _rx = KBox::pin_init(rx, GFP_KERNEL)?;
    Ok(())
}
