// SPDX-License-Identifier: GPL-2.0

//! The handler calls a method of a trait object, and one of the two it may be sleeps.

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
    name: "fault_trait_object",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

trait Policy: Send + Sync {
    fn name(&self) -> &'static CStr;
    fn account(&self, packets: u32) -> u32;
}

#[pin_data]
struct Exact {
    #[pin]
    total: Mutex<u32>,
}

impl Policy for Exact {
    fn name(&self) -> &'static CStr {
        c"exact"
    }

    fn account(&self, packets: u32) -> u32 {
        let mut total = self.total.lock();
        *total += packets;
        *total
    }
}

struct Quick(Atomic<u32>);

impl Policy for Quick {
    fn name(&self) -> &'static CStr {
        c"quick"
    }

    fn account(&self, packets: u32) -> u32 {
        self.0.fetch_add(packets, Relaxed)
    }
}

struct Rx {
    exact: Pin<KBox<Exact>>,
    quick: Quick,
    is_exact: Atomic<bool>,
}

impl Rx {
    fn new() -> Result<Self> {
        Ok(Self {
            exact: KBox::pin_init(pin_init!(Exact { total <- new_mutex!(0) }), GFP_KERNEL)?,
            quick: Quick(Atomic::new(0)),
            is_exact: Atomic::new(true),
        })
    }

    #[inline(never)]
    fn policy(&self) -> &dyn Policy {
        if self.is_exact.load(Relaxed) {
            &*self.exact
        } else {
            &self.quick
        }
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let policy = self.policy();
        let total = policy.account(1);
        pr_info!("{} packets ({:?})\n", total, policy.name());
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
