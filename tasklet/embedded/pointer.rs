// SPDX-License-Identifier: GPL-2.0

//! The pointers that can own a struct with embedded tasklets.

use core::{
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

/// A pointer that can own a struct with embedded tasklets: an [`Arc`] or a pinned [`KBox`].
///
/// Only an [`Arc`] can own a struct with several tasklets that are in service together.
///
/// # Safety
///
/// `into_raw` must give a pinned, valid `Target`, which stays valid until `from_raw` has taken it
/// back, once.
pub unsafe trait TaskletPointer {
    /// The struct.
    type Target;

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
    type Borrowed<'a> = ArcBorrow<'a, T>;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: The pointer of an `Arc` is never null.
        unsafe { NonNull::new_unchecked(Arc::into_raw(self).cast_mut()) }
    }

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: `this` comes from `Arc::into_raw()` and is taken back once.
        unsafe { Arc::from_raw(this.as_ptr()) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> ArcBorrow<'a, T> {
        // SAFETY: `this` comes from `Arc::into_raw()` and is not taken back during `'a`.
        unsafe { ArcBorrow::from_raw(this.as_ptr()) }
    }
}

// SAFETY: A box owns its contents, which are pinned.
unsafe impl<T: 'static> TaskletPointer for Pin<KBox<T>> {
    type Target = T;
    type Borrowed<'a> = Pin<&'a T>;

    fn into_raw(self) -> NonNull<T> {
        // SAFETY: The contents are not moved, and the pointer of a box is never null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(Pin::into_inner_unchecked(self))) }
    }

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: `this` comes from a box that was pinned, and is taken back once.
        unsafe { Pin::new_unchecked(KBox::from_raw(this.as_ptr())) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> Pin<&'a T> {
        // SAFETY: `this` comes from a box that was pinned, and is not taken back during `'a`.
        unsafe { Pin::new_unchecked(this.as_ref()) }
    }
}
