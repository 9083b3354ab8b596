// SPDX-License-Identifier: GPL-2.0

//! [`TaskletBox`] and [`BhWorkBox`], the heap form: an owner that may be dropped in any context.

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
    BhContext,
    BottomHalf,
    BottomHalfContext,
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
    prim::Priority, //
};

/// A [`Tasklet`](crate::Tasklet) on the heap: see [`BottomHalfBox`].
pub type TaskletBox<H> = BottomHalfBox<H, TaskletContext>;

/// A [`BhWork`](crate::BhWork) on the heap: see [`BottomHalfBox`].
pub type BhWorkBox<H> = BottomHalfBox<H, BhContext>;

/// A bottom half on the heap, with its handler.
///
/// It is a [`BottomHalf`] in every respect but one: it may be dropped in any context but NMI, also in
/// hard interrupt context, in another tasklet, and in its own handler. Where the drop may wait, it
/// kills the tasklet and drops the handler's data, like [`BottomHalf`]. Elsewhere both happen a little
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
pub struct BottomHalfBox<H, C> {
    // Not dropped with this, but when the tasklet is parked: by `release`.
    tasklet: ManuallyDrop<Pin<KBox<BottomHalf<H, C>>>>,
}

impl<H: Run<C> + Send + 'static, C: BottomHalfContext> BottomHalfBox<H, C> {
    const VTABLE: &'static Vtable = &BottomHalf::<H, C>::vtable(Some(Self::release));

    /// Drops the box of a parked tasklet.
    ///
    /// # Safety
    ///
    /// `raw` must be the tasklet of a box whose owner was given up.
    unsafe fn release(raw: NonNull<RawTasklet>) {
        // SAFETY: `raw` is the first field of a tasklet in a pinned box, which was not dropped.
        drop(unsafe {
            Pin::new_unchecked(KBox::from_raw(raw.as_ptr().cast::<BottomHalf<H, C>>()))
        });
    }

    fn init<E>(handler: impl PinInit<H, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        let tasklet = KBox::pin_init(
            BottomHalf::init(handler, Self::VTABLE, Priority::Normal, false),
            flags,
        )?;
        // INVARIANT: Just made.
        Ok(Self {
            tasklet: ManuallyDrop::new(tasklet),
        })
    }
}

impl<H: TaskletHandler<C> + Run<C> + Send + 'static, C: BottomHalfContext> BottomHalfBox<H, C> {
    /// Allocates a tasklet with a handler; see [`BottomHalf::new`].
    ///
    /// Sleeps if `flags` do.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory, or those of `handler`.
    ///
    /// # Examples
    ///
    /// See [`BottomHalfBox`], and [`BottomHalf`] for a handler.
    pub fn new<E>(handler: impl PinInit<H, E>, flags: Flags) -> Result<Self>
    where
        Error: From<E>,
    {
        Self::init(handler, flags)
    }
}

impl<F, C> BottomHalfBox<TaskletFn<F>, C>
where
    F: FnMut(&C) + Send + 'static,
    TaskletFn<F>: Run<C>,
    C: BottomHalfContext,
{
    /// Allocates a tasklet with a closure; see [`BottomHalf::from_fn`].
    ///
    /// Sleeps if `flags` do.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`] if there is no memory.
    ///
    /// # Examples
    ///
    /// See [`BottomHalfBox`].
    pub fn from_fn(f: F, flags: Flags) -> Result<Self> {
        Self::init(TaskletFn::new(f), flags)
    }
}

impl<H, C> Deref for BottomHalfBox<H, C> {
    type Target = BottomHalf<H, C>;

    fn deref(&self) -> &BottomHalf<H, C> {
        &self.tasklet
    }
}

impl<H, C> Drop for BottomHalfBox<H, C> {
    fn drop(&mut self) {
        let raw = NonNull::<BottomHalf<H, C>>::from(&**self).cast();
        // SAFETY: Made with a vtable that has a `release`; this is the owner, and it is being dropped.
        unsafe { deferred::release(raw) };
    }
}
