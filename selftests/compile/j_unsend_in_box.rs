// SPDX-License-Identifier: GPL-2.0

//! Class J: a handler holds a mutex, and whichever thread frees it would unlock it.
//!
//! Rejected: a `TaskletBox` may be freed by another thread, so its handler must be `Send`.

use kernel::{
    prelude::*,
    sync::lock::{
        mutex::MutexBackend,
        Guard, //
    },
};
#[cfg(not(fault))]
use rust_tasklet::Tasklet;
#[cfg(fault)]
use rust_tasklet::TaskletBox;
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    config: Guard<'static, u32, MutexBackend>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let _ = *self.config;
    }
}

fn driver(config: Guard<'static, u32, MutexBackend>) -> Result {
    #[cfg(fault)]
    let rx = TaskletBox::new(Rx { config }, GFP_KERNEL)?; //~ E0277 cannot be sent between threads safely
    #[cfg(not(fault))]
    let rx = KBox::pin_init(Tasklet::new(Rx { config }), GFP_KERNEL)?;
    rx.schedule();
    Ok(())
}
