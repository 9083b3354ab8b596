// SPDX-License-Identifier: GPL-2.0

//! The benchmark of BH works with this crate. `workqueue_c.c` does the same with the kernel's own API, in the same
//! order.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    BhContext,
    BhWork,
    TaskletHandler, //
};

// Not all is measured here.
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
    type: BhWorkRust,
    name: "bh_work_rust",
    authors: ["The rust_tasklet developers"],
    description: "BH works with this crate, measured",
    license: "GPL",
}

const METER: Meter = Meter(c"bh_work_rust");

struct Counting(Runs);

impl TaskletHandler<BhContext> for Counting {
    fn run(&self, _cx: &BhContext) {
        self.0.count();
    }
}

struct Arriving;

impl TaskletHandler<BhContext> for Arriving {
    fn run(&self, _cx: &BhContext) {
        meter::arrived();
    }
}

/// One work for each priority, as a work has only one.
#[pin_data]
struct Pair<H> {
    #[pin]
    normal: BhWork<H>,
    #[pin]
    hi: BhWork<H>,
}

type Boxed<H> = Pin<KBox<Pair<H>>>;

impl Item for Boxed<Counting> {
    fn create() -> Result<Self> {
        KBox::pin_init(
            pin_init!(Pair {
                normal <- BhWork::new(Counting(Runs::new())),
                hi <- BhWork::new_hi(Counting(Runs::new())),
            }),
            GFP_KERNEL,
        )
    }
}

impl BottomHalf for Boxed<Counting> {
    fn schedule(item: Pin<&Pair<Counting>>) {
        item.normal.schedule();
    }

    fn schedule_hi(item: Pin<&Pair<Counting>>) {
        item.hi.schedule();
    }

    fn runs(item: Pin<&Pair<Counting>>) -> u64 {
        item.normal.handler().0.get() + item.hi.handler().0.get()
    }
}

impl Item for Boxed<Arriving> {
    fn create() -> Result<Self> {
        KBox::pin_init(
            pin_init!(Pair {
                normal <- BhWork::new(Arriving),
                hi <- BhWork::new_hi(Arriving),
            }),
            GFP_KERNEL,
        )
    }
}

impl BottomHalf for Boxed<Arriving> {
    fn schedule(item: Pin<&Pair<Arriving>>) {
        item.normal.schedule();
    }

    fn schedule_hi(item: Pin<&Pair<Arriving>>) {
        item.hi.schedule();
    }

    fn runs(_item: Pin<&Pair<Arriving>>) -> u64 {
        0
    }
}

fn op_disable(item: Pin<&Pair<Counting>>) {
    drop(item.normal.disable());
}

fn op_disable_nosync(item: Pin<&Pair<Counting>>) {
    drop(item.normal.disable_nosync());
}

fn op_revive(item: Pin<&Pair<Counting>>) {
    item.normal.revive();
}

fn op_kill(item: Pin<&Pair<Counting>>) {
    let _ = item.normal.kill();
}

struct BhWorkRust;

impl kernel::Module for BhWorkRust {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if meter::operations() {
            meter::size(c"BhWork<()>", size_of::<BhWork<Arriving>>());
            let items = Items::<Boxed<Counting>>::bottom_halves()?;
            METER.measure_bottom_half(&items)?;
            METER.measure(c"disable", &items, None, op_disable);
            METER.measure(c"disable_nosync", &items, None, op_disable_nosync);
            METER.measure(c"kill", &items, Some(op_revive), op_kill);
        } else {
            METER.many::<Boxed<Counting>, Boxed<Arriving>>()?;
        }
        Ok(Self)
    }
}
