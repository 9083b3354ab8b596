// SPDX-License-Identifier: GPL-2.0

//! Class A: the handler uses a variable of a function that has returned when it runs.
//!
//! Rejected: a handler must be `'static`, because nobody can tell how long it stays pending.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use rust_tasklet::TaskletBox;

#[cfg(not(fault))]
static RUNS: Atomic<u32> = Atomic::new(0);

fn driver() -> Result {
    #[cfg(fault)]
    let on_stack: Atomic<u32> = Atomic::new(0);
    #[cfg(fault)]
    let runs = &on_stack; //~ E0597 does not live long enough
    #[cfg(not(fault))]
    let runs = &RUNS;
    let rx = TaskletBox::from_fn(
        move |_cx| {
            runs.fetch_add(1, Relaxed);
        },
        GFP_KERNEL,
    )?;
    rx.schedule();
    Ok(())
}
