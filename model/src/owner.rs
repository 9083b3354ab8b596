// SPDX-License-Identifier: GPL-2.0

//! A tasklet with a handler, as the forms of the crate make it, and those who own it.

use std::ptr::{self, NonNull};

use loom::{cell::UnsafeCell, sync::atomic::Ordering::Relaxed};

use crate::{
    kernel::do_softirq,
    wait::{self, WaitFor},
    world::{keep, note},
};

use super::{
    node::{RawTasklet, Vtable},
    prim::{self, KernelTasklet, Module, Priority},
    registry,
    state::Life,
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

/// Of the module that the scenarios are.
pub(crate) static DRIVER: Vtable = vtable(driver_callback);
/// Of another module, which is unloaded.
pub(crate) static LEAVING: Vtable = vtable(leaving_callback);

const fn vtable(callback: prim::Callback) -> Vtable {
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
        this.raw.kernel.announce();
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
        vtable: &'static Vtable,
        handler: impl Fn(&Tasklet) + 'static,
    ) -> &'static Self {
        Self::new(RawTasklet::fresh(vtable, false), handler)
    }

    /// Embedded, and without a handle.
    pub(crate) fn unowned(handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        Self::new(RawTasklet::unowned(&DRIVER), handler)
    }

    /// Live, and idle.
    pub(crate) fn live(handler: impl Fn(&Tasklet) + 'static) -> &'static Self {
        Self::live_as(&DRIVER, handler)
    }

    /// Live, and idle; of a module.
    pub(crate) fn live_as(
        vtable: &'static Vtable,
        handler: impl Fn(&Tasklet) + 'static,
    ) -> &'static Self {
        let this = Self::new(RawTasklet::unowned(vtable), handler);
        assert!(this.own_as(vtable));
        this
    }

    pub(crate) fn own(&self) -> bool {
        self.own_as(&DRIVER)
    }

    fn own_as(&self, vtable: &'static Vtable) -> bool {
        // SAFETY: Both vtables are right, and it is kept.
        unsafe { self.raw.own(vtable) }
    }

    /// Loses its owner, where that one may wait.
    pub(crate) fn disown(&self) {
        // SAFETY: The caller owns it.
        unsafe { self.raw.disown() };
    }

    pub(crate) fn schedule(&self) -> bool {
        self.raw.schedule(Priority::Normal)
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
        self.raw.kernel.count().look(|a| a.load(Relaxed))
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
    unsafe { registry::lock().begin_going(Module(LEAVING.callback)) };
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
            loom::thread::yield_now();
        }
    }
}

/// Runs what this CPU has queued, in the middle of a scenario that has no other thread for it.
pub(crate) fn softirq_now() {
    do_softirq();
}
