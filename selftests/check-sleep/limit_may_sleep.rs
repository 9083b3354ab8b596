// SPDX-License-Identifier: GPL-2.0

//! The handler calls what sleeps only if it is told that it may. The tool does not see that: a false alarm.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex, //
    }, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "limit_may_sleep",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    exact: Mutex<u32>,
    quick: Atomic<u32>,
}

impl Rx {
    #[inline(never)]
    fn account(&self, may_sleep: bool) {
        if may_sleep {
            *self.exact.lock() += 1;
        } else {
            self.quick.fetch_add(1, Relaxed);
        }
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        self.account(false);
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
            tasklet <- Tasklet::new(pin_init!(Rx {
                exact <- new_mutex!(0),
                quick: Atomic::new(0),
            })),
        })
        .pin_chain(|this| {
            this.tasklet.handler().account(true);
            this.tasklet.schedule();
            Ok(())
        })
    }
}
