// SPDX-License-Identifier: GPL-2.0

//! The tokens that handlers get: [`TaskletContext`] and [`BhContext`], and what both can do.

use core::ops::Deref;

use kernel::types::NotThreadSafe;

use crate::SoftirqContext;

use super::{
    kernel::Kernel,
    node::RawTasklet,
    prim::Priority, //
};

/// The context of a handler, of either kind: [`TaskletContext`] or [`BhContext`].
///
/// It tells which kind of bottom half a [`BottomHalf`](crate::BottomHalf) is. A handler that is written for every such
/// context runs in a [`Tasklet`](crate::Tasklet) and in a [`BhWork`](crate::BhWork).
///
/// # Examples
///
/// The driver moves from a tasklet to a BH work by one line:
///
/// ```
/// use kernel::prelude::*;
/// use kernel::sync::atomic::{Atomic, Relaxed};
/// use rust_tasklet::{BhWork, BottomHalfContext, TaskletHandler};
///
/// type Bottom<H> = BhWork<H>;
///
/// struct Rx {
///     portions: Atomic<u32>,
/// }
///
/// impl<C: BottomHalfContext> TaskletHandler<C> for Rx {
///     fn run(&self, cx: &C) {
///         if self.portions.fetch_add(1, Relaxed) < 2 {
///             cx.schedule();
///         }
///     }
/// }
///
/// let rx = KBox::pin_init(Bottom::new(Rx { portions: Atomic::new(0) }), GFP_KERNEL)?;
/// assert!(rx.schedule());
/// # rx.kill()?;
/// # Ok::<(), Error>(())
/// ```
pub trait BottomHalfContext: Kind + Deref<Target = SoftirqContext> {
    /// Schedules this bottom half again, to run once more after this run.
    ///
    /// Returns `true` if this call queued it, `false` if it is pending already or being killed.
    #[inline]
    fn schedule(&self) -> bool {
        let raw = raw(self);
        // SAFETY: It is the context of this kind.
        raw.schedule(unsafe { kernel::<Self>(raw) }, Priority::Normal)
    }
}

impl BottomHalfContext for TaskletContext {}
impl BottomHalfContext for BhContext {}

/// What the crate has to know of a kind of bottom half. Other code cannot implement it, as it cannot name it.
///
/// # Invariants
///
/// What implements it is a transparent wrapper of [`RawTasklet`].
#[doc(hidden)]
pub trait Kind: Sized + 'static {
    /// Whether the kernel's part is a work item. If not, it is a tasklet.
    const IS_WORK: bool;
}

/// The bottom half of a context.
#[inline(always)]
pub(super) fn raw<C: Kind>(cx: &C) -> &RawTasklet {
    // CAST: By the invariant of the trait.
    // SAFETY: The layouts are the same.
    unsafe { &*core::ptr::from_ref(cx).cast() }
}

/// The context of a bottom half.
///
/// # Safety
///
/// The caller must be the callback of `raw`, which must be of this kind, and `'a` must end before it returns.
#[inline(always)]
pub(super) unsafe fn from_raw<'a, C: Kind>(raw: &'a RawTasklet) -> &'a C {
    // CAST: By the invariant of the trait.
    // SAFETY: The layouts are the same. INVARIANT: By the contract of this function.
    unsafe { &*core::ptr::from_ref(raw).cast() }
}

/// The kernel's part of a bottom half.
///
/// # Safety
///
/// `raw` must be of this kind.
#[inline(always)]
pub(super) unsafe fn kernel<C: Kind>(raw: &RawTasklet) -> Kernel<'_> {
    // SAFETY: By the contract of this function.
    unsafe {
        if C::IS_WORK {
            Kernel::Work(raw.kernel.work())
        } else {
            Kernel::Tasklet(raw.kernel.tasklet())
        }
    }
}

macro_rules! context {
    ($(#[$doc:meta])* $context:ident, $is_work:literal) => {
        $(#[$doc])*
        ///
        /// Only a handler gets one, by reference, for as long as it runs. It cannot be sent to another thread. It
        /// is a [`SoftirqContext`] as well, for calls that ask for one, such as [`SpinLockBh::lock_with`].
        ///
        /// [`SpinLockBh::lock_with`]: crate::SpinLockBh::lock_with
        ///
        /// # Invariants
        ///
        /// Code that has a reference to it runs in the handler of the bottom half that it stands for.
        // A reference to it is the pointer that the kernel passes to the callback: it costs nothing to make.
        #[repr(transparent)]
        pub struct $context {
            _raw: RawTasklet,
            _handler: NotThreadSafe,
        }

        impl Kind for $context {
            // INVARIANT: See above.
            const IS_WORK: bool = $is_work;
        }

        impl Deref for $context {
            type Target = SoftirqContext;

            #[inline(always)]
            fn deref(&self) -> &SoftirqContext {
                // SAFETY: By the type invariant this is a handler, which the kernel calls in softirq context
                // and which outlives the borrow of `self`.
                unsafe { SoftirqContext::assume() }
            }
        }
    };
}

context! {
    /// Proof of running in the handler of a tasklet, and access to that tasklet.
    TaskletContext, false
}

context! {
    /// Proof of running in the handler of a [`BhWork`](crate::BhWork), and access to it.
    BhContext, true
}

impl TaskletContext {
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
        BottomHalfContext::schedule(self)
    }

    /// Schedules this tasklet again at high priority.
    ///
    /// Otherwise like [`TaskletContext::schedule`]; C function: `tasklet_hi_schedule()`.
    #[inline]
    pub fn hi_schedule(&self) -> bool {
        let raw = raw(self);
        // SAFETY: This is the context of a tasklet.
        raw.schedule(unsafe { kernel::<Self>(raw) }, Priority::High)
    }
}

impl BhContext {
    /// Schedules this work again, to run once more after this run.
    ///
    /// Returns `true` if this call queued it, `false` if it is pending already or being killed. C function:
    /// `queue_work()`.
    #[inline]
    pub fn schedule(&self) -> bool {
        BottomHalfContext::schedule(self)
    }
}
