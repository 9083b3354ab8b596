// SPDX-License-Identifier: GPL-2.0

//! [`TaskletHandle`], the owner of a live embedded tasklet.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr::NonNull, //
};

use kernel::prelude::*;

use crate::{
    BottomHalfContext,
    EmbeddedTasklet,
    HasTasklet,
    TaskletCallback,
    TaskletContext,
    TaskletPointer, //
};

use super::super::{
    deferred,
    node::{
        RawTasklet,
        Vtable, //
    },
};

/// The owner of a live [`EmbeddedTasklet`].
///
/// While it exists, the tasklet can be scheduled, and the struct around it stays. Dropping it parks
/// the tasklet, waits for its handler, and then drops the pointer to the struct. It may be dropped
/// in any context but NMI, also in the tasklet's own handler. Where the drop cannot wait, all of
/// that happens a little later, in process context, and the module is not unloaded before. Until
/// then the tasklet counts as owned.
///
/// This applies to the pointer that the handle owns, and to no other. If the driver keeps an
/// [`Arc`](kernel::sync::Arc) of its own and drops it last, in an interrupt handler, the struct's `Drop`
/// runs there. So a driver stops its interrupts first, then drops its handles, and then its own
/// references, in process context.
///
/// Forgetting it leaks the struct and leaves the tasklet live, until its module is unloaded.
///
/// # Invariants
///
/// The tasklet `ID` in the target of `pointer` is owned by this, with the vtable of this type.
///
/// # Examples
///
/// See [`impl_has_tasklet!`](crate::impl_has_tasklet).
#[must_use = "the tasklet is parked again as soon as this is dropped"]
pub struct TaskletHandle<P: TaskletPointer, const ID: u64 = 0, C = TaskletContext>
where
    P::Target: HasTasklet<P::Target, ID, C>,
{
    // Not dropped with the handle, but when the tasklet is parked: by `release`.
    pointer: ManuallyDrop<P>,
    // Invariant in `P`: a supertype of the struct has a `FIELD` of its own, which may be another field.
    _types: PhantomData<fn(P, C) -> P>,
}

impl<P: TaskletPointer, const ID: u64, C> TaskletHandle<P, ID, C>
where
    P::Target: HasTasklet<P::Target, ID, C>,
{
    /// The tasklet that this owns.
    pub fn tasklet(&self) -> &EmbeddedTasklet<P::Target, ID, C> {
        P::Target::FIELD.of(self)
    }

    /// Puts the tasklet back into service after a kill; see [`Tasklet::revive`](crate::Tasklet::revive).
    pub fn revive(&self) -> bool {
        self.tasklet().raw.revive()
    }
}

impl<P: TaskletPointer, const ID: u64, C: BottomHalfContext> TaskletHandle<P, ID, C>
where
    P::Target: TaskletCallback<ID, C, Pointer = P> + Send + Sync + 'static,
{
    const VTABLE: &'static Vtable =
        &EmbeddedTasklet::<P::Target, ID, C>::vtable(Some(Self::release));

    /// Drops the pointer that a handle owned.
    ///
    /// # Safety
    ///
    /// `raw` must be the parked tasklet of a handle that was given up.
    unsafe fn release(raw: NonNull<RawTasklet>) {
        // SAFETY: `raw` is the first field of the tasklet in a target, by the type invariant. The handle
        // did not drop its pointer.
        drop(unsafe {
            let target = P::Target::FIELD.container_of(raw.as_ptr());
            P::from_raw(NonNull::new_unchecked(target.cast_mut()))
        });
    }

    /// Makes the tasklet live, and becomes its owner.
    ///
    /// May be called in any context but NMI, and never sleeps.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if the tasklet has a handle already, or if the module is being unloaded. `pointer` is then
    /// dropped.
    ///
    /// # Examples
    ///
    /// See [`impl_has_tasklet!`](crate::impl_has_tasklet).
    pub fn activate(pointer: P) -> Result<Self> {
        let raw = &P::Target::FIELD.of(&pointer).raw;
        // SAFETY: The vtable is for this target, this tasklet and this pointer. The handle keeps the
        // target where it is and disowns the tasklet before it drops the pointer.
        if !unsafe { raw.own(Self::VTABLE) } {
            return Err(EBUSY);
        }
        // INVARIANT: Owned, as of now.
        Ok(Self {
            pointer: ManuallyDrop::new(pointer),
            _types: PhantomData,
        })
    }
}

impl<P: TaskletPointer, const ID: u64, C> Deref for TaskletHandle<P, ID, C>
where
    P::Target: HasTasklet<P::Target, ID, C>,
{
    type Target = P::Target;

    fn deref(&self) -> &P::Target {
        &self.pointer
    }
}

impl<P: TaskletPointer, const ID: u64, C> Drop for TaskletHandle<P, ID, C>
where
    P::Target: HasTasklet<P::Target, ID, C>,
{
    fn drop(&mut self) {
        let raw = NonNull::from(&self.tasklet().raw);
        // SAFETY: Owned with a vtable that has a `release`; this is the owner, and it is being dropped.
        unsafe { deferred::release(raw) };
    }
}
