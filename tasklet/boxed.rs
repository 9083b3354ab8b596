// SPDX-License-Identifier: GPL-2.0

//! [`TaskletBox`], the heap form: an owner that may be dropped in any context.

use core::{
    mem::ManuallyDrop,
    ops::Deref,
    pin::Pin,
    ptr::NonNull, //
};

use kernel::{
    alloc::Flags,
    prelude::*, //
};

use crate::{
    Tasklet,
    TaskletContext,
    TaskletFn,
    TaskletHandler, //
};

use super::{
    deferred,
    handler::Run,
    node::{
        RawTasklet,
        Vtable, //
    },
};

/// A tasklet on the heap, with its handler.
///
/// It is a [`Tasklet`] in every respect but one: it may be dropped in any context but NMI, also in
/// hard interrupt context, in another tasklet, and in its own handler. Where the drop may wait, it
/// kills the tasklet and drops the handler's data, like [`Tasklet`]. Elsewhere both happen a little
/// later, in process context; until then the handler may still run, and the module that made the
/// tasklet is not unloaded.
///
/// # Invariants
///
/// `tasklet` was made with the vtable of this type.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::TaskletBox;
///
/// let tasklet = TaskletBox::from_fn(|_cx| pr_info!("ran\n"), GFP_KERNEL)?;
/// assert!(tasklet.schedule());
/// // Anywhere, also in an interrupt handler:
/// drop(tasklet);
/// # Ok::<(), Error>(())
/// ```
pub struct TaskletBox<H> {
    // Not dropped with this, but when the tasklet is parked: by `release`.
    tasklet: ManuallyDrop<Pin<KBox<Tasklet<H>>>>,
}

impl<H: Run + Send + 'static> TaskletBox<H> {
    const VTABLE: &'static Vtable = &Tasklet::<H>::vtable(Some(Self::release));

    /// Drops the box of a parked tasklet.
    ///
    /// # Safety
    ///
    /// `raw` must be the tasklet of a box whose owner was given up.
    unsafe fn release(raw: NonNull<RawTasklet>) {
        // SAFETY: `raw` is the first field of a tasklet in a pinned box, which was not dropped.
        drop(unsafe { Pin::new_unchecked(KBox::from_raw(raw.as_ptr().cast::<Tasklet<H>>())) });
    }

    fn init<E>(handler: impl PinInit<H, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        let tasklet = KBox::pin_init(Tasklet::init(handler, Self::VTABLE, false), flags)?;
        // INVARIANT: Just made.
        Ok(Self {
            tasklet: ManuallyDrop::new(tasklet),
        })
    }
}

impl<H: TaskletHandler + Send + 'static> TaskletBox<H> {
    /// Allocates a tasklet with a handler; see [`Tasklet::new`].
    ///
    /// Sleeps if `flags` do.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory, or those of `handler`.
    ///
    /// # Examples
    ///
    /// See [`TaskletBox`], and [`Tasklet`] for a handler.
    pub fn new<E>(handler: impl PinInit<H, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::init(handler, flags)
    }
}

impl<F: FnMut(&TaskletContext) + Send + 'static> TaskletBox<TaskletFn<F>> {
    /// Allocates a tasklet with a closure; see [`Tasklet::from_fn`].
    ///
    /// Sleeps if `flags` do.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// See [`TaskletBox`].
    pub fn from_fn(f: F, flags: Flags) -> Result<Self> {
        Self::init(TaskletFn::new(f), flags)
    }
}

impl<H> Deref for TaskletBox<H> {
    type Target = Tasklet<H>;

    fn deref(&self) -> &Tasklet<H> {
        &self.tasklet
    }
}

impl<H> Drop for TaskletBox<H> {
    fn drop(&mut self) {
        let raw = NonNull::<Tasklet<H>>::from(&**self).cast();
        // SAFETY: Made with a vtable that has a `release`; this is the owner, and it is being dropped.
        unsafe { deferred::release(raw) };
    }
}
