// SPDX-License-Identifier: GPL-2.0

//! The handler calls a boxed closure, which sleeps.

use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "fault_dyn_fn",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    hook: KBox<dyn Fn(u32) -> u32 + Send + Sync>,
}

impl Rx {
    fn new() -> Result<Self> {
        let total: Pin<KBox<Mutex<u32>>> = KBox::pin_init(new_mutex!(0), GFP_KERNEL)?;
        let hook: KBox<dyn Fn(u32) -> u32 + Send + Sync> = KBox::new(
            move |packets: u32| {
                *total.lock() += packets;
                packets * 3
            },
            GFP_KERNEL,
        )?;
        Ok(Self { hook })
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        pr_info!("{}\n", (self.hook)(20));
    }
}

#[pin_data]
struct Fixture {
    #[pin]
    tasklet: Tasklet<Rx>,
}

impl kernel::InPlaceModule for Fixture {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            tasklet <- Tasklet::new(Rx::new()?),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
