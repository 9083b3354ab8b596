// SPDX-License-Identifier: GPL-2.0

//! What a bottom half runs: a [`TaskletHandler`], or a closure.

use core::cell::UnsafeCell;

use crate::{
    BhContext,
    TaskletContext, //
};

/// The code and the data of a bottom half: of a [`Tasklet`], or of a [`BhWork`] if `C` is
/// [`BhContext`]. One that is written for every [`BottomHalfContext`] is for both.
///
/// The handler lives inside its bottom half, which gives access to it by shared reference only: it
/// runs on one CPU while others may look at it through [`Tasklet::handler`], hence [`Sync`].
/// If nobody but the handler needs the data, a closure with state of its own is simpler:
/// [`Tasklet::from_fn`].
///
/// [`Tasklet`]: crate::Tasklet
/// [`BhWork`]: crate::BhWork
/// [`BottomHalfContext`]: crate::BottomHalfContext
/// [`Tasklet::handler`]: crate::Tasklet::handler
/// [`Tasklet::from_fn`]: crate::Tasklet::from_fn
pub trait TaskletHandler<C = TaskletContext>: Sync {
    /// Runs the bottom half.
    ///
    /// # Context
    ///
    /// It is called in softirq context with hard interrupts enabled, never on two CPUs at
    /// once. It must not sleep, and should be short: bottom halves share a time budget per CPU.
    fn run(&self, cx: &C);
}

/// A closure as a handler; see [`Tasklet::from_fn`](crate::Tasklet::from_fn).
///
/// It is not a [`TaskletHandler`], so that only the tasklet can call it.
///
/// # Invariants
///
/// After construction, only the handler of the tasklet that holds it looks into the cell.
pub struct TaskletFn<F>(UnsafeCell<F>);

// SAFETY: A shared reference gives access to nothing. Runs of a tasklet are serialised by its RUN
// bit, those of a work by its workqueue, so the closure is called by one CPU after another: that needs
// `F: Send`, not `F: Sync`.
unsafe impl<F: Send> Sync for TaskletFn<F> {}

impl<F> TaskletFn<F> {
    pub(super) fn new(f: F) -> Self {
        Self(UnsafeCell::new(f))
    }
}

/// What a [`Tasklet`](crate::Tasklet) can call. No other code may implement or call it.
#[doc(hidden)]
pub trait Run<C>: Sync {
    /// The field that the tasklet is, with a dot before it, or nothing.
    const FIELD: &'static str = "";

    /// What runs; messages have its name.
    type Named: ?Sized;

    /// Runs the handler.
    ///
    /// # Safety
    ///
    /// Only for the callback of the tasklet that holds `self`, with its context.
    unsafe fn run(&self, cx: &C);
}

/// What a [`Tasklet`](crate::Tasklet) can call without a handle: a handler or a closure.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the tasklet has no `TaskletHandler`; if it is embedded, its `TaskletHandle` revives it",
    label = "`{Self}` is neither a `TaskletHandler` nor a closure of `from_fn()`"
)]
pub trait Standalone<C>: Run<C> {}

// For each context by itself: of a type that is not named here, the compiler would have to expect that another crate
// makes closures its handlers.
macro_rules! runs_with {
    ($($context:ty),*) => {$(
        impl<H: TaskletHandler<$context>> Standalone<$context> for H {}
        impl<F: FnMut(&$context) + Send> Standalone<$context> for TaskletFn<F> {}

        impl<H: TaskletHandler<$context>> Run<$context> for H {
            type Named = H;

            #[inline(always)]
            unsafe fn run(&self, cx: &$context) {
                TaskletHandler::run(self, cx);
            }
        }

        impl<F: FnMut(&$context) + Send> Run<$context> for TaskletFn<F> {
            type Named = F;

            #[inline(always)]
            unsafe fn run(&self, cx: &$context) {
                // SAFETY: By the type invariant only callbacks of this tasklet come here, and those do not
                // overlap: this is the only reference. What an earlier run wrote is visible: RUN is
                // cleared with release and taken with full ordering.
                let f = unsafe { &mut *self.0.get() };
                f(cx);
            }
        }
    )*};
}

runs_with!(TaskletContext, BhContext);
