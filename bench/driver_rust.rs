// SPDX-License-Identifier: GPL-2.0

//! The smallest driver with a tasklet, for its size; nobody loads it. Its twin is `driver_c.c`.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Driver,
    name: "driver_rust",
    authors: ["The rust_tasklet developers"],
    description: "The smallest driver with a tasklet",
    license: "GPL",
}

struct Runs(Atomic<u64>);

impl TaskletHandler for Runs {
    fn run(&self, _cx: &TaskletContext) {
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }
}

#[pin_data]
struct Driver {
    #[pin]
    tasklet: Tasklet<Runs>,
}

impl kernel::InPlaceModule for Driver {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            tasklet <- Tasklet::new(Runs(Atomic::new(0))),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
