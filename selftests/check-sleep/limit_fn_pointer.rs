// SPDX-License-Identifier: GPL-2.0

//! The handler calls a plain function pointer. Which function that is, the tool cannot tell; it says so.

use kernel::{
    prelude::*,
    time::{
        delay::{
            fsleep,
            udelay, //
        },
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
    name: "limit_fn_pointer",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    hook: fn(i64),
}

#[inline(never)]
fn slow(micros: i64) {
    fsleep(Delta::from_micros(micros));
}

#[inline(never)]
fn quick(micros: i64) {
    udelay(Delta::from_micros(micros));
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        (self.hook)(100);
    }
}

fn hook() -> fn(i64) {
    if cfg!(CONFIG_SMP) {
        slow
    } else {
        quick
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
            tasklet <- Tasklet::new(Rx { hook: hook() }),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
