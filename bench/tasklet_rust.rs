// SPDX-License-Identifier: GPL-2.0

//! The benchmark of tasklets with this crate. `tasklet_c.c` does the same with the kernel's own API,
//! in the same order.

use core::pin::Pin;
use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};
use pin_init::stack_pin_init;
use rust_tasklet::{
    impl_has_tasklet,
    new_spinlock_bh,
    static_tasklet,
    EmbeddedTasklet,
    SoftirqContext,
    SpinLockBh,
    Tasklet,
    TaskletBox,
    TaskletCallback,
    TaskletContext,
    TaskletHandle,
    TaskletHandler, //
};

mod meter;
use meter::{
    BottomHalf,
    Item,
    Items,
    Meter,
    Runs, //
};

module! {
    type: TaskletRust,
    name: "tasklet_rust",
    authors: ["The rust_tasklet developers"],
    description: "Tasklets in Rust, measured",
    license: "GPL",
}

const METER: Meter = Meter(c"tasklet_rust");

/// The handlers.
trait Handler: TaskletHandler + Send + 'static {
    fn new() -> Self;
    fn runs(&self) -> u64;
}

struct Counting(Runs);

impl TaskletHandler for Counting {
    fn run(&self, _cx: &TaskletContext) {
        self.0.count();
    }
}

impl Handler for Counting {
    fn new() -> Self {
        Self(Runs::new())
    }

    fn runs(&self) -> u64 {
        self.0.get()
    }
}

struct Arriving;

impl TaskletHandler for Arriving {
    fn run(&self, _cx: &TaskletContext) {
        meter::arrived();
    }
}

impl Handler for Arriving {
    fn new() -> Self {
        Self
    }

    fn runs(&self) -> u64 {
        0
    }
}

type Boxed<H> = Pin<KBox<Tasklet<H>>>;

impl<H: Handler> Item for Boxed<H> {
    fn create() -> Result<Self> {
        KBox::pin_init(Tasklet::new(H::new()), GFP_KERNEL)
    }
}

impl<H: Handler> BottomHalf for Boxed<H> {
    fn schedule(item: Pin<&Tasklet<H>>) {
        item.schedule();
    }

    fn schedule_hi(item: Pin<&Tasklet<H>>) {
        item.hi_schedule();
    }

    fn runs(item: Pin<&Tasklet<H>>) -> u64 {
        item.handler().runs()
    }
}

// ---- Single operations ----

type Count = Tasklet<Counting>;

fn op_disable(item: Pin<&Count>) {
    drop(item.disable());
}

fn op_disable_nosync(item: Pin<&Count>) {
    drop(item.disable_nosync());
}

fn op_revive(item: Pin<&Count>) {
    item.revive();
}

fn op_kill(item: Pin<&Count>) {
    let _ = item.kill();
}

// ---- Owners: made and dropped, or made, run once, and dropped ----

fn run<H>(tasklet: &Tasklet<H>) {
    meter::bh_disable();
    tasklet.schedule();
    meter::bh_enable();
}

fn op_inline(_item: Pin<&Count>) {
    stack_pin_init!(let tasklet = Tasklet::new(Counting::new()));
    let _ = tasklet;
}

fn op_inline_run(_item: Pin<&Count>) {
    stack_pin_init!(let tasklet = Tasklet::new(Counting::new()));
    run(&tasklet);
}

fn op_box(_item: Pin<&Count>) {
    drop(TaskletBox::new(Counting::new(), GFP_KERNEL));
}

fn op_box_run(_item: Pin<&Count>) {
    if let Ok(tasklet) = TaskletBox::new(Counting::new(), GFP_KERNEL) {
        run(&tasklet);
    }
}

#[pin_data]
struct Shared {
    #[pin]
    tasklet: EmbeddedTasklet<Self>,
}

#[pin_data]
struct Owned {
    #[pin]
    tasklet: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Shared { self.tasklet }
    impl HasTasklet<Self> for Owned { self.tasklet }
}

impl TaskletCallback for Shared {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

impl TaskletCallback for Owned {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext) {}
}

fn op_embedded_arc(_item: Pin<&Count>) {
    let shared = Arc::pin_init(
        pin_init!(Shared { tasklet <- Tasklet::embedded() }),
        GFP_KERNEL,
    );
    drop(shared.map(TaskletHandle::<_>::activate));
}

fn op_embedded_box(_item: Pin<&Count>) {
    let owned = KBox::pin_init(
        pin_init!(Owned { tasklet <- Tasklet::embedded() }),
        GFP_KERNEL,
    );
    drop(owned.map(TaskletHandle::<_>::activate));
}

fn op_embedded_arc_run(_item: Pin<&Count>) {
    let shared = Arc::pin_init(
        pin_init!(Shared { tasklet <- Tasklet::embedded() }),
        GFP_KERNEL,
    );
    if let Ok(Ok(handle)) = shared.map(TaskletHandle::<_>::activate) {
        run(&handle.tasklet);
    }
}

fn op_embedded_box_run(_item: Pin<&Count>) {
    let owned = KBox::pin_init(
        pin_init!(Owned { tasklet <- Tasklet::embedded() }),
        GFP_KERNEL,
    );
    if let Ok(Ok(handle)) = owned.map(TaskletHandle::<_>::activate) {
        run(&handle.tasklet);
    }
}

static_tasklet! {
    static STATIC: Tasklet<Counting> = Counting(Runs::new());
}

fn op_static(_item: Pin<&Count>) {
    STATIC.revive();
    let _ = STATIC.kill();
}

fn op_static_run(_item: Pin<&Count>) {
    STATIC.revive();
    run(&STATIC);
    let _ = STATIC.kill();
}

// ---- Locks ----

type BoxedLock = Pin<KBox<SpinLockBh<u64>>>;

impl Item for BoxedLock {
    fn create() -> Result<Self> {
        KBox::pin_init(new_spinlock_bh!(0), GFP_KERNEL)
    }
}

fn op_lock(item: Pin<&SpinLockBh<u64>>) {
    let mut value = item.lock();
    *value = value.wrapping_add(1);
}

fn op_lock_with(item: Pin<&SpinLockBh<u64>>) {
    // SAFETY: Measured in softirq context only.
    let softirq = unsafe { SoftirqContext::assume() };
    let mut value = item.get_ref().lock_with(softirq);
    *value = value.wrapping_add(1);
}

// ---- The module ----

fn measure_operations() -> Result {
    let items = Items::<Boxed<Counting>>::bottom_halves()?;
    METER.measure_bottom_half(&items)?;

    METER.measure(c"disable", &items, None, op_disable);
    METER.measure(c"disable_nosync", &items, None, op_disable_nosync);
    METER.measure(c"kill", &items, Some(op_revive), op_kill);

    METER.measure(c"inline", &items, None, op_inline);
    METER.measure(c"inline_run", &items, None, op_inline_run);
    METER.measure(c"box", &items, None, op_box);
    METER.measure(c"box_run", &items, None, op_box_run);
    METER.measure(c"embedded_arc", &items, None, op_embedded_arc);
    METER.measure(c"embedded_arc_run", &items, None, op_embedded_arc_run);
    METER.measure(c"embedded_box", &items, None, op_embedded_box);
    METER.measure(c"embedded_box_run", &items, None, op_embedded_box_run);
    let _ = STATIC.kill();
    METER.measure(c"static", &items, None, op_static);
    METER.measure(c"static_run", &items, None, op_static_run);

    let locks = Items::<BoxedLock>::new()?;
    METER.measure(c"lock", &locks, None, op_lock);
    meter::in_softirq(|| {
        METER.measure(c"lock_with", &locks, None, op_lock_with);
    });
    Ok(())
}

fn report_sizes() {
    meter::size(c"Tasklet<()>", size_of::<EmbeddedTasklet<Owned>>());
    meter::size(c"Tasklet<u64>", size_of::<Count>());
    meter::size(c"TaskletBox", size_of::<TaskletBox<Counting>>());
    meter::size(c"TaskletHandle", size_of::<TaskletHandle<Arc<Shared>>>());
    meter::size(c"static", size_of_val(&STATIC));
}

struct TaskletRust;

impl kernel::Module for TaskletRust {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        if meter::operations() {
            report_sizes();
            measure_operations()?;
        } else {
            METER.many::<Boxed<Counting>, Boxed<Arriving>>()?;
        }
        Ok(Self)
    }
}
