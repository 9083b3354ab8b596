// SPDX-License-Identifier: GPL-2.0

//! A work on the queue for bottom halves locks a mutex; another one, on the usual queue, may.

use kernel::{
    impl_has_work,
    new_mutex,
    new_work,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    workqueue::{
        self,
        Work,
        WorkItem, //
    }, //
};

module! {
    type: Fixture,
    name: "fault_bh_work",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    packets: Mutex<u32>,
    #[pin]
    work: Work<Self>,
}

#[pin_data]
struct Log {
    #[pin]
    lines: Mutex<u32>,
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Rx { self.work }
    impl HasWork<Self> for Log { self.work }
}

impl WorkItem for Rx {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        *this.packets.lock() += 1;
    }
}

impl WorkItem for Log {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        *this.lines.lock() += 1;
    }
}

struct Fixture {
    _rx: Arc<Rx>,
    _log: Arc<Log>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let rx = Arc::pin_init(
            pin_init!(Rx {
                packets <- new_mutex!(0),
                work <- new_work!("Rx::work"),
            }),
            GFP_KERNEL,
        )?;
        let log = Arc::pin_init(
            pin_init!(Log {
                lines <- new_mutex!(0),
                work <- new_work!("Log::work"),
            }),
            GFP_KERNEL,
        )?;
        let _ = workqueue::system_bh().enqueue(rx.clone());
        let _ = workqueue::system().enqueue(log.clone());
        Ok(Self { _rx: rx, _log: log })
    }
}
