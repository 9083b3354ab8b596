// SPDX-License-Identifier: GPL-2.0

//! The smallest module that schedules a tasklet.

use kernel::prelude::*;
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: HelloModule,
    name: "rust_tasklet_hello",
    authors: ["The rust_tasklet developers"],
    description: "The smallest module that schedules a tasklet",
    license: "GPL",
}

/// The bottom half; its fields are the data that the handler works on.
struct Hello {
    whom: &'static str,
}

impl TaskletHandler for Hello {
    // This runs in softirq context: be quick and never sleep.
    fn run(&self, _cx: &TaskletContext) {
        pr_info!("hello, {}, from a tasklet\n", self.whom);
    }
}

#[pin_data]
struct HelloModule {
    // Pinned, because the kernel's queue points to it. `rmmod` drops it, and the drop returns only
    // when no handler is queued or running any more.
    #[pin]
    tasklet: Tasklet<Hello>,
}

impl kernel::InPlaceModule for HelloModule {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            tasklet <- Tasklet::new(Hello { whom: "world" }),
        })
        .pin_chain(|this| {
            // Any context may do this, most often an interrupt handler. `false` means "already queued".
            this.tasklet.schedule();
            Ok(())
        })
    }
}
