// SPDX-License-Identifier: GPL-2.0

//! The embedded form: a tasklet that is a field of a driver's struct, and whose handler gets that
//! struct.
//!
//! ```text
//!   struct Nic { rx: EmbeddedTasklet<Nic>, ring: ... }
//!
//!   Arc<Nic> --TaskletHandle::activate()--> TaskletHandle<Arc<Nic>>   `nic.rx` is live
//!                                             drop: parks `nic.rx`, then drops the Arc
//! ```
//!
//! The field alone could not stop its handler in time: when it is dropped, other fields that the
//! handler uses may be gone already. So a field is parked from birth, and live only while a
//! [`TaskletHandle`] exists, which keeps the whole struct alive and parks the field before it lets
//! go. Scheduling it without one is harmless and does nothing.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ops::Deref,
    pin::Pin,
    ptr::NonNull, //
};

use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
};

use crate::{
    bindings,
    tasklet::{
        context::prepare_to_wait,
        deferred,
        handler::Vtable,
        raw::{
            self,
            RawTasklet, //
        },
    },
    Tasklet,
    TaskletContext, //
};

/// A tasklet that is a field of `T`; `ID` tells several of them apart.
///
/// It has the operations of every [`Tasklet`], but [`revive`], which its handle has.
///
/// [`revive`]: TaskletHandle::revive
pub type EmbeddedTasklet<T, const ID: u64 = 0> = Tasklet<Embedded<T, ID>>;

/// Stands in the place of the handler in an [`EmbeddedTasklet`].
pub struct Embedded<T, const ID: u64>(PhantomData<fn(T)>);

/// A struct that has an [`EmbeddedTasklet`] as a field. Implemented by [`impl_has_tasklet!`].
///
/// # Safety
///
/// The two methods must be inverses of each other.
///
/// [`impl_has_tasklet!`]: crate::impl_has_tasklet
pub unsafe trait HasTasklet<T, const ID: u64 = 0> {
    /// The name of the field, with a dot before it.
    const FIELD: &'static str;

    /// The field of a struct.
    ///
    /// # Safety
    ///
    /// `this` must point to a valid struct.
    unsafe fn raw_get_tasklet(this: *const Self) -> *const EmbeddedTasklet<T, ID>;

    /// The struct of a field.
    ///
    /// # Safety
    ///
    /// `tasklet` must point to the field of a valid struct.
    unsafe fn tasklet_container_of(tasklet: *const EmbeddedTasklet<T, ID>) -> *const Self;
}

/// Implements [`HasTasklet`] for a struct, safely.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use kernel::sync::{Arc, ArcBorrow};
/// use rust_tasklet::{
///     impl_has_tasklet, EmbeddedTasklet, Tasklet, TaskletContext, TaskletHandle, TaskletItem,
/// };
///
/// #[pin_data]
/// struct Nic {
///     #[pin]
///     rx: EmbeddedTasklet<Self, 0>,
///     #[pin]
///     tx: EmbeddedTasklet<Self, 1>,
///     mtu: usize,
/// }
///
/// impl_has_tasklet! {
///     impl HasTasklet<Self, 0> for Nic { self.rx }
///     impl HasTasklet<Self, 1> for Nic { self.tx }
/// }
///
/// impl TaskletItem<0> for Nic {
///     type Pointer = Arc<Self>;
///
///     fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext<'_>) {
///         pr_info!("received, mtu {}\n", this.mtu);
///         this.tx.schedule();
///     }
/// }
///
/// impl TaskletItem<1> for Nic {
///     type Pointer = Arc<Self>;
///
///     fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext<'_>) {}
/// }
///
/// let nic = Arc::pin_init(
///     pin_init!(Nic {
///         rx <- Tasklet::embedded(),
///         tx <- Tasklet::embedded(),
///         mtu: 1500,
///     }),
///     GFP_KERNEL,
/// )?;
/// let rx = TaskletHandle::<_, 0>::activate(nic.clone())?;
/// let _tx = TaskletHandle::<_, 1>::activate(nic)?;
/// assert!(rx.rx.schedule());
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! impl_has_tasklet {
    ($(
        impl$({$($generics:tt)*})?
            HasTasklet<$item:ty $(, $id:tt)?>
            for $self:ty
            { self.$field:ident }
    )*) => {$(
        // SAFETY: Compiles only if the field has the right type, and it has one offset.
        unsafe impl$(<$($generics)*>)? $crate::HasTasklet<$item $(, $id)?> for $self {
            const FIELD: &'static str = ::core::concat!(".", ::core::stringify!($field));

            #[inline]
            unsafe fn raw_get_tasklet(
                this: *const Self,
            ) -> *const $crate::EmbeddedTasklet<$item $(, $id)?> {
                // SAFETY: `this` is valid, by the contract of this function.
                unsafe { &raw const (*this).$field }
            }

            #[inline]
            unsafe fn tasklet_container_of(
                tasklet: *const $crate::EmbeddedTasklet<$item $(, $id)?>,
            ) -> *const Self {
                // SAFETY: It is the field of a `Self`, by the contract of this function.
                unsafe { ::kernel::container_of!(tasklet, Self, $field) }
            }
        }
    )*};
}

/// What the embedded tasklet `ID` of a struct does.
pub trait TaskletItem<const ID: u64 = 0>: HasTasklet<Self, ID> + Sized {
    /// What owns the struct while the tasklet is live: `Arc<Self>` or `Pin<KBox<Self>>`.
    type Pointer: TaskletPointer<Target = Self>;

    /// Runs the bottom half, with a borrow of the struct: `ArcBorrow<'_, Self>` or `Pin<&Self>`.
    ///
    /// # Context
    ///
    /// As for [`TaskletHandler::run`](crate::TaskletHandler::run).
    fn run(this: <Self::Pointer as TaskletPointer>::Borrowed<'_>, cx: &TaskletContext<'_>);
}

/// A pointer that can own a struct with embedded tasklets: an [`Arc`], a pinned [`KBox`], or the
/// [`TaskletHandle`] of another tasklet of the same struct.
///
/// # Safety
///
/// `into_raw` must give a pinned, valid `Target`, which stays valid until `from_raw` has taken it
/// back, once. [`TaskletPointer::Root`] must be able to borrow it.
pub unsafe trait TaskletPointer {
    /// The struct.
    type Target;

    /// The pointer under all handles.
    type Root: TaskletPointer<Target = Self::Target>;

    /// What a handler gets.
    type Borrowed<'a>;

    /// Turns it into a pointer to the struct.
    fn into_raw(self) -> NonNull<Self::Target>;

    /// Turns the pointer back.
    ///
    /// # Safety
    ///
    /// `this` must come from `into_raw`, and be taken back once.
    unsafe fn from_raw(this: NonNull<Self::Target>) -> Self;

    /// Borrows the struct.
    ///
    /// # Safety
    ///
    /// `this` must come from `into_raw`, and not be taken back during `'a`.
    unsafe fn borrow<'a>(this: NonNull<Self::Target>) -> Self::Borrowed<'a>;
}

// SAFETY: An `Arc` owns a reference to its pinned contents.
unsafe impl<T: 'static> TaskletPointer for Arc<T> {
    type Target = T;
    type Root = Self;
    type Borrowed<'a> = ArcBorrow<'a, T>;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: The pointer of an `Arc` is never null.
        unsafe { NonNull::new_unchecked(Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: By the contract of this function.
        unsafe { Arc::from_raw(this.as_ptr()) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> ArcBorrow<'a, T> {
        // SAFETY: By the contract of this function.
        unsafe { ArcBorrow::from_raw(this.as_ptr()) }
    }
}

// SAFETY: A box owns its contents, which are pinned.
unsafe impl<T: 'static> TaskletPointer for Pin<KBox<T>> {
    type Target = T;
    type Root = Self;
    type Borrowed<'a> = Pin<&'a T>;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: The contents are not moved, and the pointer of a box is never null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(Pin::into_inner_unchecked(self))) }
    }

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: By the contract of this function; it was pinned before.
        unsafe { Pin::new_unchecked(KBox::from_raw(this.as_ptr())) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> Pin<&'a T> {
        // SAFETY: By the contract of this function; it is pinned.
        unsafe { Pin::new_unchecked(this.as_ref()) }
    }
}

/// The owner of a live [`EmbeddedTasklet`].
///
/// While it exists, the tasklet can be scheduled, and the struct around it stays. Dropping it parks
/// the tasklet, waits for its handler, and then drops the pointer to the struct. It may be dropped
/// in any context but NMI, also in the tasklet's own handler; where the drop cannot wait, all of
/// that happens a little later, in process context, and the module is not unloaded before. Until
/// then the tasklet counts as owned.
///
/// Forgetting it leaks the struct and leaves the tasklet live, until its module is unloaded.
///
/// # Invariants
///
/// `target` came from [`TaskletPointer::into_raw`] of a `P`, which this owns. The tasklet `ID` in it
/// is owned by this, with the vtable of this type.
///
/// # Examples
///
/// Several tasklets in a boxed struct: the handle of one is the owner for the next.
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::{
///     impl_has_tasklet, EmbeddedTasklet, Tasklet, TaskletContext, TaskletHandle, TaskletItem,
/// };
///
/// #[pin_data]
/// struct Uart {
///     #[pin]
///     rx: EmbeddedTasklet<Self, 0>,
///     #[pin]
///     tx: EmbeddedTasklet<Self, 1>,
/// }
///
/// impl_has_tasklet! {
///     impl HasTasklet<Self, 0> for Uart { self.rx }
///     impl HasTasklet<Self, 1> for Uart { self.tx }
/// }
///
/// impl TaskletItem<0> for Uart {
///     type Pointer = Pin<KBox<Self>>;
///
///     fn run(this: Pin<&Self>, _cx: &TaskletContext<'_>) {
///         this.tx.schedule();
///     }
/// }
///
/// impl TaskletItem<1> for Uart {
///     type Pointer = Pin<KBox<Self>>;
///
///     fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
/// }
///
/// let uart = KBox::pin_init(
///     pin_init!(Uart {
///         rx <- Tasklet::embedded(),
///         tx <- Tasklet::embedded(),
///     }),
///     GFP_KERNEL,
/// )?;
/// let uart = TaskletHandle::<_, 0>::activate(uart)?;
/// let uart = TaskletHandle::<_, 1>::activate(uart)?;
/// assert!(uart.rx.schedule());
/// # Ok::<(), Error>(())
/// ```
#[must_use = "the tasklet is parked again as soon as this is dropped"]
pub struct TaskletHandle<P: TaskletPointer, const ID: u64 = 0>
where
    P::Target: HasTasklet<P::Target, ID>,
{
    target: NonNull<P::Target>,
    _owned: PhantomData<P>,
}

// SAFETY: It owns a `P`, and gives access to `&P::Target` only.
unsafe impl<P: TaskletPointer + Send, const ID: u64> Send for TaskletHandle<P, ID> where
    P::Target: HasTasklet<P::Target, ID> + Sync
{
}
// SAFETY: A shared reference gives access to `&P::Target` only.
unsafe impl<P: TaskletPointer, const ID: u64> Sync for TaskletHandle<P, ID> where
    P::Target: HasTasklet<P::Target, ID> + Sync
{
}

impl<P: TaskletPointer, const ID: u64> TaskletHandle<P, ID>
where
    P::Target: HasTasklet<P::Target, ID>,
{
    /// The tasklet that this owns.
    pub fn tasklet(&self) -> &EmbeddedTasklet<P::Target, ID> {
        // SAFETY: The target is valid while this exists.
        unsafe { &*P::Target::raw_get_tasklet(self.target.as_ptr()) }
    }

    /// Puts the tasklet back into service after it was killed; see [`Tasklet::revive`].
    pub fn revive(&self) -> bool {
        raw::revive(&self.tasklet().raw)
    }
}

impl<P: TaskletPointer, const ID: u64> TaskletHandle<P, ID>
where
    P::Target: TaskletItem<ID, Pointer = P::Root> + Send + Sync + 'static,
{
    const VTABLE: &'static Vtable = &Vtable {
        callback: callback::<P::Target, ID>,
        name: core::any::type_name::<P::Target>,
        field: P::Target::FIELD,
        release: Some(Self::release),
    };

    /// Drops the pointer that a handle owned.
    ///
    /// # Safety
    ///
    /// `raw` must be the parked tasklet of a handle that was given up.
    unsafe fn release(raw: NonNull<RawTasklet>) {
        // SAFETY: `raw` is the first field of the tasklet in a target, by the type invariant.
        drop(unsafe {
            let target = P::Target::tasklet_container_of(raw.as_ptr().cast_const().cast());
            P::from_raw(NonNull::new_unchecked(target.cast_mut()))
        });
    }

    /// Makes the tasklet live, and becomes its owner.
    ///
    /// May be called in any context but NMI, and never sleeps.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if the tasklet has a handle already; `pointer` is dropped then.
    ///
    /// # Examples
    ///
    /// See [`impl_has_tasklet!`](crate::impl_has_tasklet) and [`TaskletHandle`].
    pub fn activate(pointer: P) -> Result<Self> {
        let target = P::into_raw(pointer);
        // SAFETY: The target is valid while we own the pointer.
        let raw = unsafe { &(*P::Target::raw_get_tasklet(target.as_ptr())).raw };
        // SAFETY: The vtable is for this target, this tasklet and this pointer. The handle keeps the
        // target where it is and disowns the tasklet before it drops the pointer.
        if !unsafe { raw::own(raw, Self::VTABLE) } {
            // SAFETY: It was turned into a raw pointer just now.
            drop(unsafe { P::from_raw(target) });
            return Err(EBUSY);
        }
        // INVARIANT: Owned by this, as of now.
        Ok(Self {
            target,
            _owned: PhantomData,
        })
    }
}

impl<P: TaskletPointer, const ID: u64> Deref for TaskletHandle<P, ID>
where
    P::Target: HasTasklet<P::Target, ID>,
{
    type Target = P::Target;

    fn deref(&self) -> &P::Target {
        // SAFETY: The target is valid while this exists.
        unsafe { self.target.as_ref() }
    }
}

impl<P: TaskletPointer, const ID: u64> Drop for TaskletHandle<P, ID>
where
    P::Target: HasTasklet<P::Target, ID>,
{
    fn drop(&mut self) {
        let raw = NonNull::from(&self.tasklet().raw);
        // SAFETY: Owned with a vtable that has a `release`; this is the owner, and it goes now.
        unsafe { deferred::release(raw) };
    }
}

// SAFETY: It owns what `P` owns.
unsafe impl<P: TaskletPointer, const ID: u64> TaskletPointer for TaskletHandle<P, ID>
where
    P::Target: HasTasklet<P::Target, ID>,
{
    type Target = P::Target;
    type Root = P::Root;
    type Borrowed<'a> = <P::Root as TaskletPointer>::Borrowed<'a>;

    fn into_raw(self) -> NonNull<P::Target> {
        let target = self.target;
        core::mem::forget(self);
        target
    }

    unsafe fn from_raw(target: NonNull<P::Target>) -> Self {
        // INVARIANT: By the contract of this function.
        Self {
            target,
            _owned: PhantomData,
        }
    }

    unsafe fn borrow<'a>(target: NonNull<P::Target>) -> Self::Borrowed<'a> {
        // SAFETY: By the contract of this function.
        unsafe { P::Root::borrow(target) }
    }
}

/// The function the kernel calls.
///
/// # Safety
///
/// Only for the kernel to call, as the callback of an owned [`EmbeddedTasklet`].
unsafe extern "C" fn callback<T: TaskletItem<ID>, const ID: u64>(
    tasklet: *mut bindings::tasklet_struct,
) {
    // SAFETY: The kernel passes what was scheduled: a tasklet of a `T`, which its handle keeps.
    let (raw, target) = unsafe {
        (
            &*tasklet.cast::<RawTasklet>(),
            NonNull::new_unchecked(T::tasklet_container_of(tasklet.cast_const().cast()).cast_mut()),
        )
    };
    raw.enter_handler();
    // SAFETY: The handle owns the pointer, and waits for us before it gives it up. This is the
    // callback of `raw`.
    unsafe { T::run(T::Pointer::borrow(target), TaskletContext::from_raw(raw)) };
    raw.exit_handler();
}

impl<T, const ID: u64> EmbeddedTasklet<T, ID>
where
    T: TaskletItem<ID>,
{
    const EMBEDDED: &'static Vtable = &Vtable {
        callback: callback::<T, ID>,
        name: core::any::type_name::<T>,
        field: T::FIELD,
        // Comes with the handle.
        release: None,
    };

    /// Makes a tasklet for a field: parked until a [`TaskletHandle`] makes it live.
    ///
    /// # Examples
    ///
    /// See [`impl_has_tasklet!`](crate::impl_has_tasklet).
    pub fn embedded() -> impl PinInit<Self> {
        pin_init!(Self {
            raw: RawTasklet::parked(Self::EMBEDDED, false),
            handler: Embedded(PhantomData),
            _pin: PhantomPinned,
        })
    }
}

/// Makes the tasklet of a borrowed struct live while `f` runs, and parks it before returning.
///
/// For a struct on the stack, or one whose owner is not to be given away. Its handler gets a
/// `Pin<&T>`, as for a `Pin<KBox<T>>`.
///
/// Task context only; sleeps while the handler is pending or runs.
///
/// # Errors
///
/// [`EWOULDBLOCK`](crate::EWOULDBLOCK) in atomic context, [`EBUSY`] if the tasklet has a handle.
///
/// # Panics
///
/// If `f` returns in atomic context: the tasklet cannot be parked there.
///
/// # Examples
///
/// ```
/// use core::pin::Pin;
/// use kernel::prelude::*;
/// use rust_tasklet::{with_tasklet, EmbeddedTasklet, TaskletContext, TaskletItem};
///
/// fn poll_once<T>(device: Pin<&T>) -> Result<bool>
/// where
///     T: TaskletItem<Pointer = Pin<KBox<T>>> + Sync + 'static,
/// {
///     with_tasklet(device, |rx: &EmbeddedTasklet<T>| rx.schedule())
/// }
/// # #[pin_data]
/// # struct Device {
/// #     #[pin]
/// #     rx: EmbeddedTasklet<Self>,
/// # }
/// # rust_tasklet::impl_has_tasklet! {
/// #     impl HasTasklet<Self> for Device { self.rx }
/// # }
/// # impl TaskletItem for Device {
/// #     type Pointer = Pin<KBox<Self>>;
/// #     fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
/// # }
/// # let device = KBox::pin_init(
/// #     pin_init!(Device { rx <- rust_tasklet::Tasklet::embedded() }),
/// #     GFP_KERNEL,
/// # )?;
/// # assert_eq!(poll_once(device.as_ref()), Ok(true));
/// # Ok::<(), Error>(())
/// ```
pub fn with_tasklet<T, const ID: u64, R>(
    target: Pin<&T>,
    f: impl FnOnce(&EmbeddedTasklet<T, ID>) -> R,
) -> Result<R>
where
    T: TaskletItem<ID, Pointer = Pin<KBox<T>>> + Sync + 'static,
{
    // SAFETY: `target` is valid.
    let tasklet = unsafe { &*T::raw_get_tasklet(&*target) };
    prepare_to_wait(&tasklet.raw)?;
    // SAFETY: The vtable is for this tasklet. The target is pinned and borrowed until it has been
    // disowned, below.
    if !unsafe { raw::own(&tasklet.raw, EmbeddedTasklet::<T, ID>::EMBEDDED) } {
        return Err(EBUSY);
    }
    let result = f(tasklet);
    raw::disown_borrowed(&tasklet.raw);
    Ok(result)
}
