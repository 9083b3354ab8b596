// SPDX-License-Identifier: GPL-2.0

//! The benchmark of works on the BH workqueues with the kernel's abstraction. `workqueue_c.c` does
//! the same in C, in the same order.

use kernel::{
    impl_has_work,
    new_work,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    workqueue::{
        system_bh,
        system_bh_highpri,
        Work,
        WorkItem, //
    }, //
};

// Single operations other than those of every bottom half are not measured here.
#[expect(dead_code)]
mod meter;
use meter::{
    BottomHalf,
    Item,
    Items,
    Meter,
    Runs, //
};

module! {
    type: WorkqueueRust,
    name: "workqueue_rust",
    authors: ["The rust_tasklet developers"],
    description: "Works on BH workqueues in Rust, measured",
    license: "GPL",
}

const METER: Meter = Meter(c"workqueue_rust");

#[pin_data]
struct Counting {
    #[pin]
    work: Work<Self>,
    runs: Runs,
}

#[pin_data]
struct Arriving {
    #[pin]
    work: Work<Self>,
}

impl_has_work! {
    impl HasWork<Self> for Counting { self.work }
    impl HasWork<Self> for Arriving { self.work }
}

impl WorkItem for Counting {
    type Pointer = Arc<Self>;

    fn run(this: Arc<Self>) {
        this.runs.count();
    }
}

impl WorkItem for Arriving {
    type Pointer = Arc<Self>;

    fn run(_this: Arc<Self>) {
        meter::arrived();
    }
}

impl Item for Arc<Counting> {
    fn create() -> Result<Self> {
        Arc::pin_init(
            pin_init!(Counting {
                work <- new_work!(),
                runs: Runs::new(),
            }),
            GFP_KERNEL,
        )
    }
}

impl Item for Arc<Arriving> {
    fn create() -> Result<Self> {
        Arc::pin_init(pin_init!(Arriving { work <- new_work!() }), GFP_KERNEL)
    }
}

// The queue owns a reference to what is queued.
impl BottomHalf for Arc<Counting> {
    fn schedule(item: ArcBorrow<'_, Counting>) {
        let _ = system_bh().enqueue::<Arc<_>, 0>(item.into());
    }

    fn schedule_hi(item: ArcBorrow<'_, Counting>) {
        let _ = system_bh_highpri().enqueue::<Arc<_>, 0>(item.into());
    }

    fn runs(item: ArcBorrow<'_, Counting>) -> u64 {
        item.runs.get()
    }
}

impl BottomHalf for Arc<Arriving> {
    fn schedule(item: ArcBorrow<'_, Arriving>) {
        let _ = system_bh().enqueue::<Arc<_>, 0>(item.into());
    }

    fn schedule_hi(item: ArcBorrow<'_, Arriving>) {
        let _ = system_bh_highpri().enqueue::<Arc<_>, 0>(item.into());
    }

    fn runs(_item: ArcBorrow<'_, Arriving>) -> u64 {
        0
    }
}

struct WorkqueueRust;

impl kernel::Module for WorkqueueRust {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if meter::operations() {
            let items = Items::<Arc<Counting>>::bottom_halves()?;
            METER.measure_bottom_half(&items)?;
        } else {
            METER.many::<Arc<Counting>, Arc<Arriving>>()?;
        }
        Ok(Self)
    }
}
