// SPDX-License-Identifier: GPL-2.0

//! Class A: a handler type keeps a plain reference to a ring that the driver may free first.
//!
//! Rejected: a handler must be `'static`; what it shares with the driver, it shares by `Arc`.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Ring(Atomic<u32>);

struct Rx<R> {
    ring: R,
}

impl<R: core::ops::Deref<Target = Ring> + Sync> TaskletHandler for Rx<R> {
    fn run(&self, _cx: &TaskletContext) {
        self.ring.0.fetch_add(1, Relaxed);
    }
}

fn driver() -> Result {
    let owned = Arc::new(Ring(Atomic::new(0)), GFP_KERNEL)?;
    #[cfg(fault)]
    let ring = &*owned; //~ E0597
    #[cfg(not(fault))]
    let ring = owned;
    let rx = KBox::pin_init(Tasklet::new(Rx { ring }), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
