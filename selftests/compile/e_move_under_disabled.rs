// SPDX-License-Identifier: GPL-2.0

//! Class E: the owner of a disabled tasklet is given away, to be dropped under the guard.
//!
//! Rejected: the guard borrows the owner, so it can be given away after the guard only.

use core::pin::Pin;
use kernel::{
    prelude::*,
    workqueue, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

fn driver(rx: Pin<KBox<Tasklet<Rx>>>) -> Result {
    let off = rx.disable()?;
    #[cfg(not(fault))]
    drop(off);
    let work = move || _ = rx.kill(); //~ E0505
    workqueue::system().try_spawn(GFP_KERNEL, work)?;
    #[cfg(fault)]
    drop(off);
    Ok(())
}
