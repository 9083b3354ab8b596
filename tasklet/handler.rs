// SPDX-License-Identifier: GPL-2.0

//! What a tasklet runs: a [`TaskletHandler`], or a closure.

use core::cell::UnsafeCell;

use crate::TaskletContext;

/// The code and the data of a tasklet.
///
/// The handler lives inside its [`Tasklet`], which gives access to it by shared reference only: the
/// tasklet runs on one CPU while others may look at it through [`Tasklet::handler`], hence [`Sync`].
/// If nobody but the handler needs the data, a closure with state of its own is simpler:
/// [`Tasklet::from_fn`].
///
/// [`Tasklet`]: crate::Tasklet
/// [`Tasklet::handler`]: crate::Tasklet::handler
/// [`Tasklet::from_fn`]: crate::Tasklet::from_fn
pub trait TaskletHandler: Sync {
    /// Runs the bottom half.
    ///
    /// # Context
    ///
    /// The tasklet calls it in softirq context with hard interrupts enabled, never on two CPUs at
    /// once. It must not sleep, and should be short: bottom halves share a time budget per CPU.
    fn run(&self, cx: &TaskletContext);
}

/// A closure as a handler; see [`Tasklet::from_fn`](crate::Tasklet::from_fn).
///
/// It is not a [`TaskletHandler`], so that only the tasklet can call it.
///
/// # Invariants
///
/// After construction, only the handler of the tasklet that holds it looks into the cell.
pub struct TaskletFn<F>(UnsafeCell<F>);

// SAFETY: A shared reference gives access to nothing. Runs of the tasklet are serialised by its RUN
// bit, so the closure is called by one CPU after another: that needs `F: Send`, not `F: Sync`.
unsafe impl<F: Send> Sync for TaskletFn<F> {}

impl<F> TaskletFn<F> {
    pub(super) fn new(f: F) -> Self {
        Self(UnsafeCell::new(f))
    }
}

/// What a [`Tasklet`](crate::Tasklet) can call. No other code may implement or call it.
#[doc(hidden)]
pub trait Run: Sync {
    /// The field that the tasklet is, with a dot before it, or nothing.
    const FIELD: &'static str = "";

    /// What runs; messages have its name.
    type Named: ?Sized;

    /// Runs the handler.
    ///
    /// # Safety
    ///
    /// Only for the callback of the tasklet that holds `self`, with its context.
    unsafe fn run(&self, cx: &TaskletContext);
}

/// What a [`Tasklet`](crate::Tasklet) can call without a handle: a handler or a closure.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the tasklet has no `TaskletHandler`; if it is embedded, its `TaskletHandle` revives it",
    label = "`{Self}` is neither a `TaskletHandler` nor a closure of `from_fn()`"
)]
pub trait Standalone: Run {}

impl<H: TaskletHandler> Standalone for H {}
impl<F: FnMut(&TaskletContext) + Send> Standalone for TaskletFn<F> {}

impl<H: TaskletHandler> Run for H {
    type Named = H;

    #[inline(always)]
    unsafe fn run(&self, cx: &TaskletContext) {
        TaskletHandler::run(self, cx);
    }
}

impl<F: FnMut(&TaskletContext) + Send> Run for TaskletFn<F> {
    type Named = F;

    #[inline(always)]
    unsafe fn run(&self, cx: &TaskletContext) {
        // SAFETY: By the type invariant only callbacks of this tasklet come here, and those do not
        // overlap: this is the only reference. What an earlier run wrote is visible: the kernel
        // clears RUN with release and takes it with full ordering.
        let f = unsafe { &mut *self.0.get() };
        f(cx);
    }
}
