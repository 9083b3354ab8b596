// SPDX-License-Identifier: GPL-2.0

//! The handler allocates without sleeping.

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
    type: Fixture,
    name: "innocent_atomic",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    seed: Atomic<u64>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let seed = self.seed.load(Relaxed);
        let Ok(copy) = KBox::new(seed, GFP_ATOMIC) else {
            return;
        };
        let mut copies = KVec::new();
        let _ = copies.push(*copy, GFP_ATOMIC | __GFP_ZERO);
        let _ = copies.push(seed, GFP_NOWAIT);
        self.seed.store(copies.len() as u64, Relaxed);
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
            tasklet <- Tasklet::new(Rx { seed: Atomic::new(0) }),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
