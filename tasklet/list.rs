// SPDX-License-Identifier: GPL-2.0

//! Lists of tasklets, linked through the tasklets themselves. The registry lock guards all of them.

use core::ptr;

use super::prim::Slot;

/// A tasklet's place in a [`List`] or a [`Chain`].
///
/// # Invariants
///
/// `prev` is null if this is in no [`List`]; otherwise it points to the pointer that points to this.
pub(crate) struct Links {
    next: Slot<*const Links>,
    prev: Slot<*const Slot<*const Links>>,
}

impl Links {
    #[inline]
    pub(crate) const fn new() -> Self {
        // INVARIANT: In no list.
        Self {
            next: Slot::new(ptr::null()),
            prev: Slot::new(ptr::null()),
        }
    }

    /// Removes this from the [`List`] that it is in, if it is in one.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn unlink(&self) {
        // SAFETY: Only the holder of the lock comes here; what is in a list is valid.
        unsafe {
            let Some(prev) = self.prev.get().as_ref() else {
                return;
            };
            let next = self.next.get();
            prev.set(next);
            if let Some(next) = next.as_ref() {
                next.prev.set(prev);
            }
            // INVARIANT: In no list any more.
            self.prev.set(ptr::null());
        }
    }
}

/// A list, from which each element can be removed.
///
/// # Invariants
///
/// What is in it is valid and stays where it is until it is removed.
pub(crate) struct List(Slot<*const Links>);

impl List {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self(Slot::new(ptr::null()))
    }

    /// Adds an element at the front.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock. The element must be in no list, and must be removed before
    /// it, or this list, moves or is freed.
    pub(crate) unsafe fn push(&self, links: &Links) {
        // SAFETY: Only the holder of the lock comes here; what is in the list is valid.
        unsafe {
            let first = self.0.get();
            links.next.set(first);
            if let Some(first) = first.as_ref() {
                first.prev.set(&links.next);
            }
            // INVARIANT: `self.0` points to it, as of now.
            links.prev.set(&self.0);
            self.0.set(links);
        }
    }

    /// The elements, from the front.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock while the iterator is used. The element that the iterator
    /// gave last may be removed.
    pub(crate) unsafe fn iter(&self) -> impl Iterator<Item = *const Links> {
        // SAFETY: By the contract of this function; what is in the list is valid.
        unsafe { walk(self.0.get()) }
    }
}

/// A stack, from which nothing can be removed but all at once. What is in it is in no [`List`].
pub(crate) struct Chain(Slot<*const Links>);

impl Chain {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self(Slot::new(ptr::null()))
    }

    /// Adds an element.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock. The element must be in no list and no chain, and must stay
    /// where it is until it is taken.
    pub(crate) unsafe fn push(&self, links: &Links) {
        // SAFETY: Only the holder of the lock comes here.
        unsafe {
            links.next.set(self.0.get());
            self.0.set(links);
        }
    }

    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn is_empty(&self) -> bool {
        // SAFETY: Only the holder of the lock comes here.
        unsafe { self.0.get() }.is_null()
    }

    /// Takes all elements. Nobody else knows of those that the iterator has not given yet.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn take(&self) -> impl Iterator<Item = *const Links> {
        // SAFETY: Only the holder of the lock comes here; what is taken stays until the iterator gives it.
        unsafe {
            let first = self.0.get();
            self.0.set(ptr::null());
            walk(first)
        }
    }
}

/// The elements from `next` on. Each may be removed or freed once the iterator has given it.
///
/// # Safety
///
/// While the iterator is used, nobody else may change the links of those that it has not given yet, and they
/// must be valid.
unsafe fn walk(mut next: *const Links) -> impl Iterator<Item = *const Links> {
    core::iter::from_fn(move || {
        let this = next;
        // SAFETY: By the contract of this function.
        next = unsafe { this.as_ref()?.next.get() };
        Some(this)
    })
}
