// SPDX-License-Identifier: GPL-2.0

//! The handler allocates with flags that are data. What they are, the tool cannot tell; it says so.

use kernel::{
    alloc::Flags,
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
    type: Fixture,
    name: "limit_runtime_flags",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    seed: Atomic<u64>,
    flags: Flags,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        if let Ok(copy) = KBox::new(self.seed.load(Relaxed), self.flags) {
            self.seed.store(*copy ^ &raw const *copy as u64, Relaxed);
        }
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
            tasklet <- Tasklet::new(Rx { seed: Atomic::new(0), flags: GFP_ATOMIC }),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
