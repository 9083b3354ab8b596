// SPDX-License-Identifier: GPL-2.0

//! The handler drops what may be the last reference to something whose `Drop` sleeps.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
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
    name: "fault_last_arc",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data(PinnedDrop)]
struct Link {
    #[pin]
    users: Mutex<u32>,
}

#[pinned_drop]
impl PinnedDrop for Link {
    fn drop(self: Pin<&mut Self>) {
        *self.users.lock() -= 1;
    }
}

#[pin_data]
struct Rx {
    #[pin]
    link: SpinLockBh<Option<Arc<Link>>>,
}

impl Rx {
    fn new() -> Result<impl PinInit<Self>> {
        let link = Arc::pin_init(pin_init!(Link { users <- new_mutex!(1) }), GFP_KERNEL)?;
        Ok(pin_init!(Self { link <- new_spinlock_bh!(Some(link)) }))
    }
}

impl TaskletHandler for Rx {
    fn run(&self, cx: &TaskletContext) {
        let link = self.link.lock_with(cx).take();
        drop(link);
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
            tasklet <- Tasklet::new(Rx::new()?),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
