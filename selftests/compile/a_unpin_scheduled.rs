// SPDX-License-Identifier: GPL-2.0

//! Class A: the pin is taken off a scheduled tasklet, so that it can be moved or swapped.
//!
//! Rejected: a tasklet is not `Unpin`.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::Tasklet;

fn driver() -> Result {
    let rx = KBox::pin_init(Tasklet::from_fn(|_cx| {}), GFP_KERNEL)?;
    rx.schedule();
    #[cfg(fault)]
    let _unpinned = Pin::into_inner(rx); //~ E0277 `PhantomPinned` cannot be unpinned
    #[cfg(not(fault))]
    let _pinned: Pin<_> = rx;
    Ok(())
}
