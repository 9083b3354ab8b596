// SPDX-License-Identifier: GPL-2.0

//! A bottom half with a handler, as the forms of the crate make it, and those who own it. It is a tasklet or a work
//! item, as the execution says.

use std::ptr::{self, NonNull};

use crate::{
    checker::{cell::UnsafeCell, sync::atomic::Ordering::Relaxed, thread},
    kernel::do_softirq,
    wait::{self, WaitFor},
    world::{keep, note, world},
};

use super::{
    kernel::Kernel,
    node::{RawTasklet, Vtable},
    prim::{self, Callback, KernelPart, KernelTasklet, Module, Priority, WorkStruct},
    registry,
    state::Life,
    work::KernelWork,
};

/// What a `Tasklet<H>` is: first the tasklet, then the handler and its data.
#[repr(C)]
pub(crate) struct Tasklet {
    pub(crate) raw: RawTasklet,
    handler: &'static dyn Fn(&Tasklet),
    /// The handler's data, which only it changes. The checker notices every overlap, and whoever looks at it without
    /// having to come after.
    runs: UnsafeCell<usize>,
}

/// A module.
pub(crate) struct Driver {
    tasklet: Vtable,
    work: Vtable,
}

/// The module that the scenarios are.
pub(crate) static DRIVER: Driver = Driver {
    tasklet: vtable(Callback::Tasklet(driver_callback)),
    work: vtable(Callback::Work(driver_function)),
};
/// Another module, which is unloaded.
pub(crate) static LEAVING: Driver = Driver {
    tasklet: vtable(Callback::Tasklet(leaving_callback)),
    work: vtable(Callback::Work(leaving_function)),
};

impl Driver {
    fn vtable(&'static self) -> &'static Vtable {
        if world().works {
            &self.work
        } else {
            &self.tasklet
        }
    }
}

const fn vtable(callback: Callback) -> Vtable {
    Vtable {
        callback,
        run,
        name: || "handler",
        field: "",
        release: Some(release),
    }
}

unsafe fn driver_callback(tasklet: *const KernelTasklet) {
    // SAFETY: It was scheduled.
    unsafe { callback(tasklet) };
}

unsafe fn leaving_callback(tasklet: *const KernelTasklet) {
    note(|| "callback of the module that leaves".into());
    // SAFETY: It was scheduled.
    unsafe { callback(tasklet) };
}

unsafe fn driver_function(work: *const WorkStruct) {
    // SAFETY: It was queued.
    unsafe { work_function(work) };
}

unsafe fn leaving_function(work: *const WorkStruct) {
    note(|| "function of the module that leaves".into());
    // SAFETY: It was queued.
    unsafe { work_function(work) };
}

/// As in `tasklet/inline.rs`.
unsafe fn work_function(work: *const WorkStruct) {
    let work: *const KernelWork = work.cast();
    // SAFETY: The first field of the `KernelWork`.
    if !unsafe { (*work).begin() } {
        note(|| "it is held up".into());
        return;
    }
    // SAFETY: A field of the first field of the `RawTasklet`.
    let raw = unsafe { &*work.byte_sub(KernelPart::WORK).cast::<RawTasklet>() };
    if raw.enter() {
        // SAFETY: The callback.
        unsafe { run(raw) };
        raw.exit();
    }
    // SAFETY: A run has begun.
    unsafe { KernelWork::end(work) };
}

/// As in `tasklet/inline.rs`.
unsafe fn callback(tasklet: *const KernelTasklet) {
    // SAFETY: The first field of the `RawTasklet`.
    let raw = unsafe { &*tasklet.cast::<RawTasklet>() };
    if raw.enter() {
        // SAFETY: The callback.
        unsafe { run(raw) };
        raw.exit();
    }
}

unsafe fn run(raw: &RawTasklet) {
    // SAFETY: The first field of the `Tasklet`.
    let this = unsafe { &*ptr::from_ref(raw).cast::<Tasklet>() };
    note(|| "handler starts".into());
    // SAFETY: The checker notices if somebody else looks.
    this.runs.with_mut(|runs| unsafe { *runs += 1 });
    (this.handler)(this);
    note(|| "handler returns".into());
}

/// Gives the memory back.
unsafe fn release(raw: NonNull<RawTasklet>) {
    // SAFETY: The owner was given up, so nobody uses it; the checker notices if somebody does. The memory itself is
    // kept, so that a use of it can be noticed.
    unsafe {
        ptr::drop_in_place(raw.as_ptr());
        raw.cast::<Tasklet>().as_ref().runs.with_mut(|_| ());
    }
    note(|| "gave the memory back".into());
}

impl Tasklet {
    fn new(raw: RawTasklet, handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        let this = &**keep(std::mem::ManuallyDrop::new(Self {
            raw,
            handler: keep(handler),
            runs: UnsafeCell::new(0),
        }));
        match this.raw.kernel() {
            Kernel::Tasklet(tasklet) => tasklet.announce(),
            Kernel::Work(work) => {
                // SAFETY: Its first field.
                unsafe { &*ptr::from_ref(work).cast::<WorkStruct>() }.announce();
                let word = prim::word_of_work(work);
                word.load();
                wait::announce(ptr::from_ref(word) as usize, WaitFor::Var);
            }
        }
        this.raw.state.load();
        wait::announce(ptr::from_ref(&this.raw.state) as usize, WaitFor::Var);
        // SAFETY: The checker notices.
        unsafe { this.raw.vtable.get() };
        this
    }

    /// Not scheduled before.
    pub(crate) fn fresh(handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        Self::fresh_as(&DRIVER, handler)
    }

    /// Not scheduled before; of a module.
    pub(crate) fn fresh_as(
        driver: &'static Driver,
        handler: impl Fn(&Tasklet) + 'static,
    ) -> &'static Self {
        let raw = RawTasklet::fresh(driver.vtable(), Priority::Normal, false);
        Self::new(raw, handler)
    }

    /// Embedded, and without a handle.
    pub(crate) fn unowned(handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        let raw = RawTasklet::unowned(DRIVER.vtable(), Priority::Normal);
        Self::new(raw, handler)
    }

    /// Live, and idle.
    pub(crate) fn live(handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        Self::live_as(&DRIVER, handler)
    }

    /// Live, and idle; of a module.
    pub(crate) fn live_as(
        driver: &'static Driver,
        handler: impl Fn(&Tasklet) + 'static,
    ) -> &'static Self {
        let raw = RawTasklet::unowned(driver.vtable(), Priority::Normal);
        let this = Self::new(raw, handler);
        assert!(this.own_as(driver));
        this
    }

    pub(crate) fn own(&self) -> bool {
        self.own_as(&DRIVER)
    }

    fn own_as(&self, driver: &'static Driver) -> bool {
        // SAFETY: Both vtables are right, and it is kept.
        unsafe { self.raw.own(driver.vtable()) }
    }

    /// Loses its owner, where that one may wait.
    pub(crate) fn disown(&self) {
        // SAFETY: The caller owns it.
        unsafe { self.raw.disown() };
    }

    pub(crate) fn schedule(&self) -> bool {
        self.raw.schedule(self.raw.kernel(), Priority::Normal)
    }

    /// At high priority, if it is a tasklet.
    pub(crate) fn hi_schedule(&self) -> bool {
        self.raw.schedule(self.raw.kernel(), Priority::High)
    }

    /// How often the handler ran. Only for those who come after its last run.
    pub(crate) fn runs(&self) -> usize {
        // SAFETY: The checker notices if the handler runs.
        self.runs.with(|runs| unsafe { *runs })
    }

    pub(crate) fn kill(&self) {
        self.raw.kill().unwrap();
    }

    /// The kernel's count. Only for those who come after all changes of it.
    pub(crate) fn count(&self) -> i32 {
        match self.raw.kernel() {
            Kernel::Tasklet(tasklet) => tasklet.count().look(|a| a.load(Relaxed)),
            Kernel::Work(work) => (prim::word_of_work(work).load() >> 32) as i32,
        }
    }

    fn pointer(&self) -> NonNull<RawTasklet> {
        NonNull::from(self).cast()
    }

    /// Drops an inline tasklet: its memory goes.
    pub(crate) fn drop(&self) {
        // SAFETY: The caller owns it.
        unsafe { release(self.pointer()) };
    }

    /// Drops its owner where it may wait, as in `tasklet/deferred.rs`.
    pub(crate) fn drop_owner(&self) {
        // SAFETY: The caller owns it.
        unsafe {
            let release = self.raw.disown();
            release(self.pointer());
        }
    }

    /// Drops its owner where it may not wait, as in `tasklet/deferred.rs`. Afterwards the caller has to see to it that
    /// [`release_all`] is called.
    pub(crate) fn defer_owner(&self) -> bool {
        assert!(prim::may_wait().is_err());
        // SAFETY: The caller owns it.
        unsafe { registry::lock().defer(&self.raw) }
    }
}

/// What the work item does, as in `tasklet/deferred.rs`.
pub(crate) fn release_all() {
    let batch = registry::lock().take_deferred();
    for links in batch {
        // SAFETY: Its owner was given up.
        let raw = unsafe { RawTasklet::of_links(links) };
        let tasklet = unsafe { &*ptr::from_ref(raw).cast::<Tasklet>() };
        tasklet.drop_owner();
    }
}

/// Unloads the module of [`LEAVING`], as in `tasklet/unload.rs`, without what is deferred.
pub(crate) fn unload() {
    // SAFETY: No other module is unloaded.
    unsafe { registry::lock().begin_going(Module(LEAVING.vtable().callback.address())) };
    loop {
        let registry = registry::lock();
        let Some(raw) = registry.next_leaked() else {
            break;
        };
        if raw.begin_kill(Life::Discarding) {
            let raw: *const RawTasklet = raw;
            drop(registry);
            // SAFETY: As its owner waits, it is valid until the kill ends.
            unsafe { &*raw }.finish_kill(Life::Buried);
        } else {
            drop(registry);
            thread::yield_now();
        }
    }
}

/// Runs what this CPU has queued, in the middle of a scenario that has no other thread for it.
pub(crate) fn softirq_now() {
    do_softirq();
}
