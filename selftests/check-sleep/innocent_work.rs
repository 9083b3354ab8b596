// SPDX-License-Identifier: GPL-2.0

//! The handler leaves what sleeps to a work.

use kernel::{
    impl_has_work,
    new_mutex,
    new_work,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    },
    workqueue::{
        self,
        Work,
        WorkItem, //
    }, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "innocent_work",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Job {
    #[pin]
    jobs: Mutex<u32>,
    #[pin]
    work: Work<Job>,
}

impl_has_work! {
    impl HasWork<Self> for Job { self.work }
}

impl WorkItem for Job {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        *this.jobs.lock() += 1;
        fsleep(Delta::from_millis(3));
    }
}

struct Rx {
    job: Arc<Job>,
}

impl Rx {
    fn new() -> Result<Self> {
        let job = pin_init!(Job {
            jobs <- new_mutex!(0),
            work <- new_work!("Job::work"),
        });
        Ok(Self {
            job: Arc::pin_init(job, GFP_KERNEL)?,
        })
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let _ = workqueue::system().enqueue(self.job.clone());
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
