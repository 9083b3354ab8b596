// SPDX-License-Identifier: GPL-2.0

//! The handler locks a mutex.

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
    name: "fault_mutex",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    packets: Mutex<u32>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        *self.packets.lock() += 1;
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
            tasklet <- Tasklet::new(pin_init!(Rx { packets <- new_mutex!(0) })),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
