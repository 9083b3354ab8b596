// SPDX-License-Identifier: GPL-2.0

//! The bottom half itself, whatever its handler: its layout, scheduling it, its disable depth.
//!
//! It is a tasklet or a work item on a BH workqueue, and called a tasklet in this file and in those that build on it:
//! they are the same to them.

use core::{
    mem::offset_of,
    ptr::NonNull, //
};

use super::{
    export::export_symbol_gpl,
    kernel::Kernel,
    list::Links,
    lockdep::HandlerMap,
    prim::{
        self,
        Callback,
        KernelPart,
        Priority,
        Result,
        Slot,
        EINVAL, //
    },
    state::{
        Life,
        State,
        StateWord, //
    },
};

/// The part of a tasklet that depends on types, one per type.
pub(crate) struct Vtable {
    /// The function that the kernel calls. It calls [`RawTasklet::enter`] first; that of a work item does so after
    /// [`KernelWork::begin`](super::work::KernelWork::begin).
    pub(crate) callback: Callback,
    /// Calls the handler, whatever the tasklet's life.
    pub(crate) run: unsafe fn(&RawTasklet),
    /// The name of the handler's type, for messages.
    pub(crate) name: fn() -> &'static str,
    /// The field that the tasklet is, with a dot before it, or nothing.
    pub(crate) field: &'static str,
    /// Drops the owner of a parked tasklet, in process context. Only tasklets whose owner may be dropped
    /// anywhere have it: see [`deferred`](super::deferred).
    pub(crate) release: Option<unsafe fn(NonNull<RawTasklet>)>,
}

impl Vtable {
    /// What people call such a bottom half.
    pub(crate) fn kind(&self) -> &'static str {
        match self.callback {
            Callback::Tasklet(_) => "tasklet",
            Callback::Work(_) => "work",
        }
    }
}

/// A tasklet without its handler.
///
/// # Invariants
///
/// - Unless it is live, or a kill has not got SCHED yet, SCHED is set and it is on no queue. Only whoever makes
///   it live clears SCHED a moment earlier, under the registry lock.
/// - From the moment it is first live it stays where it is until it is dropped. It is in the registry
///   from when it is made live until it is parked, unless its release is deferred.
/// - While `state` says so, the kernel's count is the disable depth, once every CPU that is in the
///   middle of a change has made both halves of it.
/// - It is a work item, or a tasklet, as `state` says.
/// - `vtable` changes under the registry lock only, while it is without an owner.
#[repr(C)]
pub(crate) struct RawTasklet {
    // First: the kernel's pointer to it is a pointer to all of it.
    pub(super) kernel: KernelPart,
    pub(super) state: StateWord,
    pub(super) vtable: Slot<&'static Vtable>,
    pub(super) links: Links,
    pub(super) map: HandlerMap,
}

// SAFETY: Nothing in it belongs to a thread: the kernel's structures may be used from any CPU.
unsafe impl Send for RawTasklet {}
// SAFETY: All methods may be called concurrently.
unsafe impl Sync for RawTasklet {}

/// Construction.
impl RawTasklet {
    /// A tasklet that goes live when it is first scheduled.
    #[inline]
    pub(crate) const fn fresh(vtable: &'static Vtable, priority: Priority, disabled: bool) -> Self {
        Self::new(vtable, Life::Fresh, priority, disabled)
    }

    /// A tasklet that goes live when it gets an owner.
    #[inline]
    pub(crate) const fn unowned(vtable: &'static Vtable, priority: Priority) -> Self {
        Self::new(vtable, Life::Unowned, priority, false)
    }

    #[inline]
    const fn new(vtable: &'static Vtable, life: Life, priority: Priority, disabled: bool) -> Self {
        let work = matches!(vtable.callback, Callback::Work(_));
        // INVARIANT: Not live, so `KernelPart::new()` sets SCHED; the count is the depth.
        Self {
            kernel: KernelPart::new(vtable.callback, priority, disabled as i32),
            state: StateWord::new(life, disabled, work),
            vtable: Slot::new(vtable),
            links: Links::new(),
            map: HandlerMap::new(core::ptr::from_ref(vtable).cast()),
        }
    }
}

/// Access.
impl RawTasklet {
    /// # Safety
    ///
    /// `links` must be the links of a tasklet that stays valid during `'a`.
    pub(super) unsafe fn of_links<'a>(links: *const Links) -> &'a Self {
        // SAFETY: By the contract of this function.
        unsafe { &*links.byte_sub(offset_of!(Self, links)).cast() }
    }

    /// The kernel's part.
    #[inline]
    pub(crate) fn kernel(&self) -> Kernel<'_> {
        // SAFETY: By the type invariant.
        unsafe {
            if self.state.is_work() {
                Kernel::Work(self.kernel.work())
            } else {
                Kernel::Tasklet(self.kernel.tasklet())
            }
        }
    }

    /// The vtable of a tasklet that is not just getting an owner.
    #[inline]
    pub(crate) fn vtable(&self) -> &'static Vtable {
        // SAFETY: It does not change now.
        unsafe { self.vtable.get() }
    }

    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.state.load().may_be_due() && self.kernel().is_scheduled()
    }

    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.kernel().is_running()
    }

    #[inline]
    pub(crate) fn is_parked(&self) -> bool {
        self.state.load().life().is_parked()
    }

    #[inline]
    pub(crate) fn depth(&self) -> u32 {
        self.state.load().depth()
    }
}

/// Scheduling and running.
impl RawTasklet {
    /// Schedules; `true` if it was not pending and is now. The caller knows of what kind `kernel` is, which is the
    /// part of this.
    #[inline(always)]
    pub(crate) fn schedule(&self, kernel: Kernel<'_>, priority: Priority) -> bool {
        if kernel.test_and_set_sched() {
            // In most cases it is pending already. If it is not live, there is time to find out why.
            return !self.state.load().is_live() && self.schedule_parked(priority);
        }
        // SAFETY: SCHED was clear, so it is live and stays where it is, and SCHED is ours.
        unsafe { kernel.queue(priority) };
        true
    }

    /// The callback calls this first. If it returns `true`, the callback calls the handler. Otherwise there is
    /// nothing left to do.
    #[inline(always)]
    pub(crate) fn enter(&self) -> bool {
        // RUN was set and SCHED was cleared before, both with full barriers. A kill changes the life and
        // then looks at both, with full barriers in between. If we find it live, the kill waits for us.
        if self.state.load().is_live() {
            self.map.enter();
            return true;
        }
        self.run_while_killed();
        false
    }

    /// The callback calls this after the handler has returned, if [`Self::enter`] said `true`.
    #[inline(always)]
    pub(crate) fn exit(&self) {
        self.map.exit();
    }
}

/// The disable depth.
///
/// A change has two halves: that of our word, which also tells what a kill does at this moment, and that
/// of the kernel's count, unless a kill has taken the count over. Each half is added or subtracted, so
/// their order on different CPUs does not matter.
impl RawTasklet {
    /// Raises the depth; does not wait.
    ///
    /// Ordering: the depth is up before the caller looks at RUN, and the kernel looks at the count after it
    /// has set RUN. So one of them sees the other. All of these are fully ordered.
    #[inline(always)]
    pub(crate) fn raise_depth(&self) {
        self.add_count(self.state.raise_depth(), 1);
    }

    /// Lowers the depth by one, which the caller raised before.
    ///
    /// Ordering: what the caller wrote before is visible to the handler.
    #[inline(always)]
    pub(crate) fn lower_depth(&self) {
        self.add_count(self.state.lower_depth(), -1);
    }

    /// Adds to the kernel's count, unless `state`, the word at the change of the depth, says that it is not the depth.
    #[inline(always)]
    fn add_count(&self, state: State, n: i32) {
        if state.tasklet_count_is_depth() {
            // SAFETY: As it says, it is a tasklet.
            unsafe { self.kernel.tasklet() }.add_count(n);
        } else {
            self.add_other_count(state, n);
        }
    }

    #[inline(never)]
    fn add_other_count(&self, state: State, n: i32) {
        if state.count_is_depth() {
            self.kernel().add_count(n);
        }
    }

    /// Leaves a raised depth for a later call of [`Self::lower_kept`].
    #[inline(never)]
    pub(crate) fn keep_depth(&self) {
        self.state.keep_depth();
    }

    /// Lowers a depth that was kept, if there is one.
    #[inline(never)]
    pub(crate) fn lower_kept(&self) -> Result {
        let state = self.state.lower_kept().ok_or(EINVAL)?;
        self.add_count(state, -1);
        Ok(())
    }

    /// Raises the depth and waits until no handler runs. Changes nothing if the caller may not wait.
    #[inline(never)]
    pub(crate) fn disable(&self) -> Result {
        self.prepare_to_wait()?;
        self.raise_depth();
        self.kernel().wait_until_idle();
        Ok(())
    }

    /// Waits until no handler runs.
    ///
    /// Ordering: the caller has written something, such as "stop", that the handler looks at. The caller
    /// looks at RUN then, while the kernel sets RUN and the handler looks at "stop". Because of the barrier
    /// here and the kernel's barrier after RUN, at least one of them sees what the other one wrote.
    #[inline(never)]
    pub(crate) fn synchronize(&self) -> Result {
        self.prepare_to_wait()?;
        prim::full_barrier();
        self.kernel().wait_until_idle();
        Ok(())
    }

    /// Fails if the caller may not wait for the handler here and now. Lockdep is told of the wait in any case.
    pub(super) fn prepare_to_wait(&self) -> Result {
        self.map.wait();
        prim::may_wait()
    }
}

// The functions that code in a driver's module calls.
export_symbol_gpl!(
    RawTasklet::add_other_count,
    RawTasklet::keep_depth,
    RawTasklet::lower_kept,
    RawTasklet::disable,
    RawTasklet::synchronize,
);
