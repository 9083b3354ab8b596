// SPDX-License-Identifier: GPL-2.0

//! The handler calls a helper, which calls another, which sleeps.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "fault_helper",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    packets: Atomic<i64>,
}

#[inline(never)]
fn settle(micros: i64) {
    fsleep(Delta::from_micros(micros));
}

impl Rx {
    #[inline(never)]
    fn refill(&self) {
        let packets = self.packets.fetch_add(1, Relaxed);
        if packets % 8 == 0 {
            // A shorter sleep may be over before it begins. A longer one has a timer on the stack, which another check
            // of the kernel reports first.
            settle(packets + 15_000);
        }
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        self.refill();
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
            tasklet <- Tasklet::new(Rx { packets: Atomic::new(0) }),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
