// SPDX-License-Identifier: GPL-2.0

//! The handler calls what sleeps behind many checks. The tool takes that for unlikely, and says so only if asked to.

use kernel::{
    prelude::*,
    str::CString, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "limit_few_paths",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

struct Rx {
    port: u32,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        // This allocates, with `GFP_KERNEL`.
        if let Ok(name) = CString::try_from_fmt(fmt!("port{}", self.port)) {
            pr_info!("{:?}\n", &*name);
        }
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
            tasklet <- Tasklet::new(Rx { port: 3 }),
        })
        .pin_chain(|this| {
            this.tasklet.schedule();
            Ok(())
        })
    }
}
