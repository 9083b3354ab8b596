// SPDX-License-Identifier: GPL-2.0

//! The pointers that can own a struct with embedded tasklets.

use core::{
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

/// A pointer that can own a struct with embedded tasklets: an [`Arc`] or a pinned [`KBox`].
///
/// Only an [`Arc`] can own a struct with several tasklets that are in service together.
///
/// # Safety
///
/// `deref` must always give the same pinned `Target`, also after a coercion. It stays valid until the pointer
/// is dropped, or is made again by `from_raw` and dropped then. All of this may happen on any CPU.
pub unsafe trait TaskletPointer: Deref {
    /// What a handler gets.
    type Borrowed<'a>;

    /// Makes the pointer to a struct again.
    ///
    /// # Safety
    ///
    /// `this` must be the `Target` of a pointer that was forgotten, and be turned back once.
    unsafe fn from_raw(this: NonNull<Self::Target>) -> Self;

    /// Borrows the struct.
    ///
    /// # Safety
    ///
    /// `this` must be the `Target` of a pointer that is not dropped during `'a`.
    unsafe fn borrow<'a>(this: NonNull<Self::Target>) -> Self::Borrowed<'a>;
}

// SAFETY: An `Arc` owns a reference to its pinned contents.
unsafe impl<T: 'static> TaskletPointer for Arc<T> {
    type Borrowed<'a> = ArcBorrow<'a, T>;

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: `this` is what `Arc::into_raw()` gives: the contents. The reference is taken back once.
        unsafe { Arc::from_raw(this.as_ptr()) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> ArcBorrow<'a, T> {
        // SAFETY: `this` points to the contents of an `Arc` that keeps its reference during `'a`.
        unsafe { ArcBorrow::from_raw(this.as_ptr()) }
    }
}

// SAFETY: A box owns its contents, which are pinned.
unsafe impl<T: 'static> TaskletPointer for Pin<KBox<T>> {
    type Borrowed<'a> = Pin<&'a T>;

    unsafe fn from_raw(this: NonNull<T>) -> Self {
        // SAFETY: `this` points to the contents of a box that was pinned, and is taken back once.
        unsafe { Pin::new_unchecked(KBox::from_raw(this.as_ptr())) }
    }

    unsafe fn borrow<'a>(this: NonNull<T>) -> Pin<&'a T> {
        // SAFETY: `this` points to the contents of a box that was pinned, and lives during `'a`.
        unsafe { Pin::new_unchecked(this.as_ref()) }
    }
}
