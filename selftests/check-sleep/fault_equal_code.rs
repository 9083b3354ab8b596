// SPDX-License-Identifier: GPL-2.0

//! Two handlers of equal code, which compilers may merge.

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
    name: "fault_equal_code",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    packets: Mutex<u32>,
}

#[pin_data]
struct Tx {
    #[pin]
    packets: Mutex<u32>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        *self.packets.lock() += 1;
    }
}

impl TaskletHandler for Tx {
    fn run(&self, _cx: &TaskletContext) {
        *self.packets.lock() += 1;
    }
}

#[pin_data]
struct Fixture {
    #[pin]
    rx: Tasklet<Rx>,
    #[pin]
    tx: Tasklet<Tx>,
}

impl kernel::InPlaceModule for Fixture {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            rx <- Tasklet::new(pin_init!(Rx { packets <- new_mutex!(0) })),
            tx <- Tasklet::new(pin_init!(Tx { packets <- new_mutex!(0) })),
        })
        .pin_chain(|this| {
            this.rx.schedule();
            this.tx.schedule();
            Ok(())
        })
    }
}
