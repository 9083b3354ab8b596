// SPDX-License-Identifier: GPL-2.0

//! The field, and how it is found in its struct and the struct from it.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ptr::NonNull, //
};

use kernel::prelude::*;

use crate::{
    BottomHalf,
    BottomHalfContext,
    TaskletContext,
    TaskletPointer, //
};

use super::super::{
    context,
    handler::Run,
    node::RawTasklet,
    prim::Priority, //
};

/// A tasklet that is a field of `T`; `ID` tells several of them apart. If `C` is
/// [`BhContext`](crate::BhContext), it is a [`BhWork`](crate::BhWork); then the same `C` is also the last argument of
/// [`HasTasklet`], [`TaskletCallback`] and [`TaskletHandle`](crate::TaskletHandle).
///
/// It has the operations of every [`BottomHalf`], but [`revive`](crate::TaskletHandle::revive), which its
/// handle has.
pub type EmbeddedTasklet<T, const ID: u64 = 0, C = TaskletContext> = BottomHalf<Embedded<T, ID>, C>;

/// Stands in the place of the handler in an [`EmbeddedTasklet`].
#[doc(hidden)]
pub struct Embedded<T, const ID: u64>(PhantomData<fn(T)>);

/// Where the tasklet `ID` of `T` lies in an `Outer`. Only [`impl_has_tasklet!`](crate::impl_has_tasklet)
/// makes one.
///
/// # Invariants
///
/// At `offset` an `Outer` has a field of type `EmbeddedTasklet<T, ID, C>`.
#[doc(hidden)]
pub struct TaskletField<Outer, T, const ID: u64 = 0, C = TaskletContext> {
    offset: usize,
    name: &'static str,
    _types: PhantomData<fn(Outer, T, C)>,
}

impl<Outer, T, const ID: u64, C> TaskletField<Outer, T, ID, C> {
    /// `name` has a dot before it. The function is there for its type, which only that field has.
    ///
    /// # Safety
    ///
    /// `offset` must be that of the field that the function gives.
    pub const unsafe fn new(
        offset: usize,
        name: &'static str,
        _field: fn(*const Outer) -> *const EmbeddedTasklet<T, ID, C>,
    ) -> Self {
        // INVARIANT: By the contract of this function.
        Self {
            offset,
            name,
            _types: PhantomData,
        }
    }

    /// The field of a struct.
    pub(super) fn of(self, outer: &Outer) -> &EmbeddedTasklet<T, ID, C> {
        // SAFETY: By the type invariant.
        unsafe { &*core::ptr::from_ref(outer).byte_add(self.offset).cast() }
    }

    /// The struct of a field.
    ///
    /// # Safety
    ///
    /// `raw` must be the first field of the tasklet `ID` in an `Outer`.
    pub(super) unsafe fn container_of(self, raw: *const RawTasklet) -> *const Outer {
        // SAFETY: By the type invariant and the contract of this function.
        unsafe { raw.byte_sub(self.offset).cast() }
    }
}

/// A struct that has an [`EmbeddedTasklet`] as a field. Implemented by
/// [`impl_has_tasklet!`](crate::impl_has_tasklet).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which of its fields is its tasklet {ID}",
    label = "`impl_has_tasklet!` is missing",
    note = "write `impl_has_tasklet! {{ impl HasTasklet<Self, {ID}> for {Self} {{ self.field }} }}`, where `field` is of type `EmbeddedTasklet<Self, {ID}>`"
)]
pub trait HasTasklet<T, const ID: u64 = 0, C = TaskletContext>: Sized {
    /// Where the field lies.
    const FIELD: TaskletField<Self, T, ID, C>;
}

/// Implements [`HasTasklet`] for a struct.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use kernel::sync::{Arc, ArcBorrow};
/// use rust_tasklet::{
///     impl_has_tasklet, EmbeddedTasklet, Tasklet, TaskletCallback, TaskletContext, TaskletHandle,
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
/// impl TaskletCallback<0> for Nic {
///     type Pointer = Arc<Self>;
///
///     fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {
///         pr_info!("received, mtu {}\n", this.mtu);
///         this.tx.schedule();
///     }
/// }
///
/// impl TaskletCallback<1> for Nic {
///     type Pointer = Arc<Self>;
///
///     fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
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
    (@generics) => {};
    (@generics # $($rest:tt)*) => {
        $crate::__core::compile_error!("the generics of impl_has_tasklet! may have no attribute");
    };
    (@generics $token:tt $($rest:tt)*) => { $crate::impl_has_tasklet!(@generics $($rest)*); };
    ($(
        impl$({$($generics:tt)*})?
            HasTasklet<$item:ty $(, $id:tt $(, $context:ty)?)?>
            for $self:ty
            { self.$field:ident }
    )*) => {$(
        // Among the generics an attribute could become one of the impl below.
        $($crate::impl_has_tasklet!(@generics $($generics)*);)?

        // The trait is safe: what vouches for it is the constant. The name of the field is all of the
        // caller's that gets into an `unsafe` block.
        impl$(<$($generics)*>)? $crate::HasTasklet<$item $(, $id $(, $context)?)?> for $self {
            const FIELD: $crate::TaskletField<Self, $item $(, $id $(, $context)?)?> =
                // SAFETY: It is the offset of that field. `offset_of!` takes a field of the struct
                // itself only, not of what it dereferences to.
                unsafe {
                    $crate::TaskletField::new(
                        $crate::__core::mem::offset_of!(Self, $field),
                        $crate::__core::concat!(".", $crate::__core::stringify!($field)),
                        |this| &raw const (*this).$field,
                    )
                };
        }
    )*};
}

/// What the embedded tasklet `ID` of a struct does.
pub trait TaskletCallback<const ID: u64 = 0, C = TaskletContext>: HasTasklet<Self, ID, C> {
    /// What owns the struct while the tasklet is live: `Arc<Self>` or `Pin<KBox<Self>>`.
    type Pointer: TaskletPointer<Target = Self>;

    /// Runs the bottom half, with a borrow of the struct: `ArcBorrow<'_, Self>` or `Pin<&Self>`.
    ///
    /// # Context
    ///
    /// As for [`TaskletHandler::run`](crate::TaskletHandler::run).
    fn run(this: <Self::Pointer as TaskletPointer>::Borrowed<'_>, cx: &C);
}

impl<T, const ID: u64, C> EmbeddedTasklet<T, ID, C>
where
    T: TaskletCallback<ID, C>,
    C: BottomHalfContext,
{
    /// Makes a tasklet for a field: parked until a [`TaskletHandle`](crate::TaskletHandle) makes it live.
    ///
    /// # Examples
    ///
    /// See [`impl_has_tasklet!`](crate::impl_has_tasklet).
    pub fn embedded() -> impl PinInit<Self> {
        pin_init!(Self {
            raw: RawTasklet::unowned(Self::VTABLE, Priority::Normal),
            handler: Embedded(PhantomData),
            _pin: PhantomPinned,
            _context: PhantomData,
        })
    }
}

impl<T, const ID: u64, C> Run<C> for Embedded<T, ID>
where
    T: TaskletCallback<ID, C>,
    C: BottomHalfContext,
{
    type Named = T;
    const FIELD: &'static str = T::FIELD.name;

    #[inline(always)]
    unsafe fn run(&self, cx: &C) {
        // SAFETY: The context is that of the tasklet `ID` in a `T`, by the contract of this function. The
        // handle of the tasklet owns the pointer to that `T`, and waits for us before it gives it up.
        let this = unsafe {
            let this = T::FIELD.container_of(context::raw(cx)).cast_mut();
            T::Pointer::borrow(NonNull::new_unchecked(this))
        };
        T::run(this, cx);
    }
}
