// SPDX-License-Identifier: GPL-2.0

//! Class A: a scheduled tasklet is moved, and the kernel's queue still points to the old place.
//!
//! Rejected: a tasklet is reached through a pin only, and nothing moves out of a pin.

use kernel::prelude::*;
use rust_tasklet::Tasklet;

fn driver() -> Result {
    let rx = KBox::pin_init(Tasklet::from_fn(|_cx| {}), GFP_KERNEL)?;
    rx.schedule();
    #[cfg(fault)]
    let _moved = *rx; //~ E0507
    #[cfg(not(fault))]
    let _moved = rx;
    Ok(())
}
