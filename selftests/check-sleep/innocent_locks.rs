// SPDX-License-Identifier: GPL-2.0

//! The handler takes spinlocks, tries a mutex, wakes others, prints and spins.

use kernel::{
    new_condvar,
    new_mutex,
    new_spinlock,
    prelude::*,
    sync::{
        Completion,
        CondVar,
        Mutex,
        SpinLock, //
    },
    time::{
        delay::udelay,
        Delta, //
    }, //
};
use rust_tasklet::{
    new_spinlock_bh,
    SpinLockBh,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "innocent_locks",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    packets: SpinLock<u32>,
    #[pin]
    bytes: SpinLockBh<u32>,
    #[pin]
    errors: Mutex<u32>,
    #[pin]
    changed: CondVar,
    #[pin]
    done: Completion,
}

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        *self.packets.lock() += 1;
        *self.bytes.lock_with(cx) += 1;
        if let Some(mut errors) = self.errors.try_lock() {
            *errors += 1;
        }
        self.changed.notify_all();
        self.done.complete_all();
        pr_warn!("spinning\n");
        udelay(Delta::from_micros(3));
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
                packets <- new_spinlock!(0),
                bytes <- new_spinlock_bh!(0),
                errors <- new_mutex!(0),
                changed <- new_condvar!(),
                done <- Completion::new(),
            })),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
