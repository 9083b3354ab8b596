// SPDX-License-Identifier: GPL-2.0

//! The handler hands `GFP_KERNEL` to a helper, and that to another, which allocates.

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
    name: "fault_flags_argument",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    seed: Atomic<u64>,
}

#[inline(never)]
fn copy(value: u64, flags: kernel::alloc::Flags) -> Result<KBox<u64>> {
    if value % 2 != 0 {
        return Err(EINVAL);
    }
    Ok(KBox::new(value, flags)?)
}

impl Rx {
    #[inline(never)]
    fn refill(&self, flags: kernel::alloc::Flags) {
        if let Ok(copy) = copy(self.seed.load(Relaxed), flags) {
            self.seed.store(*copy ^ &raw const *copy as u64, Relaxed);
        }
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        self.refill(GFP_KERNEL);
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
            // The helper is not for this handler alone, or its flags would be no argument.
            this.tasklet.handler().refill(GFP_ATOMIC);
            this.tasklet.handler().seed.store(0, Relaxed);
            this.tasklet.schedule();
            Ok(())
        })
    }
}
