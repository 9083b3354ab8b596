// SPDX-License-Identifier: GPL-2.0

//! A module that uses the crate, and has no handler: it must not be called well.

use kernel::{
    prelude::*, //
};
use rust_tasklet::{
    new_spinlock_bh,
    SpinLockBh, //
};

module! {
    type: Fixture,
    name: "refused_no_handler",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Fixture {
    #[pin]
    packets: SpinLockBh<u32>,
}

impl kernel::InPlaceModule for Fixture {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            packets <- new_spinlock_bh!(0),
        })
        .pin_chain(|this| {
            *this.packets.lock() += 1;
            Ok(())
        })
    }
}
