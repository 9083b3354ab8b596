// SPDX-License-Identifier: GPL-2.0

//! Class J: a wrapped closure is made without a tasklet to serialise it.
//!
//! Rejected: only a tasklet wraps a closure.

use kernel::prelude::*;
#[cfg(not(fault))]
use rust_tasklet::Tasklet;
#[cfg(fault)]
use rust_tasklet::TaskletFn;

fn driver() -> Result {
    #[cfg(fault)]
    let init = TaskletFn::new(|_cx: &_| {}); //~ E0624
    #[cfg(not(fault))]
    let init = Tasklet::from_fn(|_cx| {});
    let _rx = KBox::pin_init(init, GFP_KERNEL)?;
    Ok(())
}
