// SPDX-License-Identifier: GPL-2.0

//! Class A: the driver frees a buffer while a tasklet that works on it may be pending.
//!
//! Rejected: the handler owns what it works on, so nobody else can free it.

use kernel::prelude::*;
use rust_tasklet::TaskletBox;

fn driver() -> Result {
    let mut buffer = KBox::new([0u8; 64], GFP_KERNEL)?;
    let rx = TaskletBox::from_fn(move |_cx| buffer[0] += 1, GFP_KERNEL)?;
    rx.schedule();
    #[cfg(fault)]
    drop(buffer); //~ E0382 use of moved value: `buffer`
    #[cfg(not(fault))]
    drop(rx);
    Ok(())
}
