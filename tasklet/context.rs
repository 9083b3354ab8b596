// SPDX-License-Identifier: GPL-2.0

//! [`TaskletContext`], the token that a handler gets.

use core::ops::Deref;

use kernel::types::NotThreadSafe;

use crate::SoftirqContext;

use super::{
    node::RawTasklet,
    prim::Priority, //
};

/// Proof of running in the handler of a tasklet, and access to that tasklet.
///
/// Only a handler gets one, by reference, for as long as it runs. It cannot be sent to another thread. It
/// is a [`SoftirqContext`] as well, for calls that ask for one, such as [`SpinLockBh::lock_with`].
///
/// [`SpinLockBh::lock_with`]: crate::SpinLockBh::lock_with
///
/// # Invariants
///
/// Code that has a reference to it runs in the handler of the tasklet that it stands for.
// A reference to it is the pointer that the kernel passes to the callback: it costs nothing to make.
#[repr(transparent)]
pub struct TaskletContext {
    pub(super) raw: RawTasklet,
    _handler: NotThreadSafe,
}

impl TaskletContext {
    /// # Safety
    ///
    /// The caller must be the callback of `raw`, and `'a` must end before it returns.
    #[inline(always)]
    pub(super) unsafe fn from_raw<'a>(raw: &'a RawTasklet) -> &'a Self {
        // CAST: `TaskletContext` is a transparent wrapper of `RawTasklet`.
        // SAFETY: The layouts are the same. INVARIANT: By the contract of this function.
        unsafe { &*core::ptr::from_ref(raw).cast() }
    }

    /// Schedules this tasklet again, to run once more after this run.
    ///
    /// Returns `true` if this call queued it, `false` if it is pending already or being killed. C function:
    /// `tasklet_schedule()`.
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
    /// Otherwise like [`TaskletContext::schedule`]; C function: `tasklet_hi_schedule()`.
    #[inline]
    pub fn hi_schedule(&self) -> bool {
        self.raw.schedule(Priority::High)
    }
}

impl Deref for TaskletContext {
    type Target = SoftirqContext;

    #[inline(always)]
    fn deref(&self) -> &SoftirqContext {
        // SAFETY: By the type invariant this is a handler, which the kernel calls in softirq context
        // and which outlives the borrow of `self`.
        unsafe { SoftirqContext::assume() }
    }
}
