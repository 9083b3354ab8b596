// SPDX-License-Identifier: GPL-2.0

//! Class J: a closure shares data with the driver that only one CPU may use.
//!
//! Rejected: a closure runs on any CPU, so it must be `Send`, and an `Arc` of a `Cell` is not.

#[cfg(fault)]
use core::cell::Cell;
#[cfg(not(fault))]
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use rust_tasklet::Tasklet;

fn driver() -> Result {
    #[cfg(fault)]
    let count = Arc::new(Cell::new(0), GFP_KERNEL)?;
    #[cfg(not(fault))]
    let count = Arc::new(Atomic::new(0), GFP_KERNEL)?;
    let shared = count.clone();
    #[cfg(fault)]
    let rx = Tasklet::from_fn(move |_cx| shared.set(1)); //~ E0277 `Cell<i32>` cannot be shared between threads safely
    #[cfg(not(fault))]
    let rx = Tasklet::from_fn(move |_cx| shared.store(1, Relaxed));
    let rx = KBox::pin_init(rx, GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
