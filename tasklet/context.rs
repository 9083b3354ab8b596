// SPDX-License-Identifier: GPL-2.0

//! Contexts: the token a handler gets, and the check that waiting calls make.

use core::marker::PhantomData;

use kernel::{
    prelude::*,
    types::NotThreadSafe, //
};

use crate::{
    bindings,
    tasklet::{
        compat::EDEADLK,
        export::export_symbol_gpl,
        raw::{
            Priority,
            RawTasklet, //
        },
    },
    SoftirqContext, //
};

/// Waiting is impossible here: this is atomic context.
///
/// Linux gives it the number of [`EAGAIN`].
pub const EWOULDBLOCK: Error = EAGAIN;

/// Proof of running in the handler of a tasklet, and access to that tasklet.
///
/// Only a handler gets one, for as long as it runs. It cannot be sent to another thread.
///
/// # Invariants
///
/// Whoever has a reference to it runs in the handler of the tasklet it stands for.
// A reference to it is the pointer the kernel passes to the callback: it costs nothing to make.
#[repr(transparent)]
pub struct TaskletContext<'a> {
    raw: RawTasklet,
    _handler: PhantomData<(&'a (), NotThreadSafe)>,
}

impl<'a> TaskletContext<'a> {
    /// # Safety
    ///
    /// The caller must be the callback of `raw`, and `'a` must end before it returns.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(raw: &'a RawTasklet) -> &'a Self {
        // CAST: `TaskletContext` is a transparent wrapper of `RawTasklet`.
        // SAFETY: The layouts are the same. INVARIANT: By the contract of this function.
        unsafe { &*core::ptr::from_ref(raw).cast() }
    }

    /// Schedules this tasklet again, to run once more after this run.
    ///
    /// Returns `true` if this call queued it, `false` if it was pending already. The run may be
    /// dropped if the tasklet is being killed.
    ///
    /// C function: `tasklet_schedule()` in
    /// [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h).
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use rust_tasklet::Tasklet;
    ///
    /// // Does its work in three portions, so that other bottom halves get their turn.
    /// let mut portions = 3;
    /// let tasklet = KBox::pin_init(
    ///     Tasklet::from_fn(move |cx| {
    ///         portions -= 1;
    ///         if portions > 0 {
    ///             cx.schedule();
    ///         }
    ///     }),
    ///     GFP_KERNEL,
    /// )?;
    /// assert!(tasklet.schedule());
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn schedule(&self) -> bool {
        self.raw.schedule(Priority::Normal)
    }

    /// Schedules this tasklet again at high priority.
    ///
    /// Otherwise like [`TaskletContext::schedule`]; C function: `tasklet_hi_schedule()` in
    /// [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h).
    #[inline]
    pub fn hi_schedule(&self) -> bool {
        self.raw.schedule(Priority::High)
    }

    /// The proof of running in softirq context, for what asks for it: [`SpinLockBh::lock_with`].
    ///
    /// [`SpinLockBh::lock_with`]: crate::SpinLockBh::lock_with
    ///
    /// # Examples
    ///
    /// See [`SpinLockBh`](crate::SpinLockBh).
    #[inline(always)]
    pub fn softirq(&self) -> &SoftirqContext {
        // SAFETY: By the type invariant this is a handler, which the kernel calls in softirq context
        // and which outlives the borrow of `self`.
        unsafe { SoftirqContext::assume() }
    }
}

/// Once, before the first tasklet: finds out how contexts are told apart.
pub(crate) fn init() {
    // SAFETY: Nothing asks yet.
    unsafe { bindings::rust_tasklet_context_init() };
}

/// May the caller wait for a handler, here and now?
pub(crate) fn may_wait() -> bool {
    // SAFETY: Reads per-CPU and per-task counters only.
    unsafe { bindings::rust_tasklet_may_wait() }
}

/// For who wants to wait for the handler of `raw`: fails where that must not be, and says why.
#[inline(never)]
pub(crate) fn prepare_to_wait(raw: &RawTasklet) -> Result {
    // Lockdep first: a spinlock that the handler takes is a deadlock, not just the wrong context.
    raw.expect_handler();
    if may_wait() {
        return Ok(());
    }
    // SAFETY: As above.
    if unsafe { bindings::rust_tasklet_in_softirq_handler() } && raw.runs_on_top_of_current() {
        return Err(EDEADLK);
    }
    Err(EWOULDBLOCK)
}

// Called by `with_tasklet()`, which is generic.
export_symbol_gpl!(prepare_to_wait);
