// SPDX-License-Identifier: GPL-2.0

//! Lists of tasklets, linked through the tasklets themselves. The registry lock guards all of them.

use core::ptr;

use super::prim::Slot;

/// A tasklet's place in a [`List`].
///
/// # Invariants
///
/// `prev` points to the pointer that points to this. It is null if this is in no list, or in one that is
/// only emptied as a whole.
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

    /// Removes this from the list that it is in, if it can be removed from one.
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

/// A list. Either each of its elements can be removed, or all at once.
///
/// # Invariants
///
/// What is in it is valid and stays where it is until it is removed or taken.
pub(crate) struct List(Slot<*const Links>);

impl List {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self(Slot::new(ptr::null()))
    }

    /// Adds an element at the front, which [`Links::unlink`] removes.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock. The element must be in no list, and must be removed before
    /// it, or this list, moves or is freed.
    pub(crate) unsafe fn push(&self, links: &Links) {
        // SAFETY: Only the holder of the lock comes here; what is in the list is valid.
        unsafe {
            if let Some(first) = self.0.get().as_ref() {
                first.prev.set(&links.next);
            }
            // INVARIANT: `self.0` points to it in a moment.
            links.prev.set(&self.0);
            self.push_to_take(links);
        }
    }

    /// Adds an element at the front of a list that is emptied by [`Self::take`] only.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock. The element must be in no list, and must stay where it is
    /// until it is taken.
    pub(crate) unsafe fn push_to_take(&self, links: &Links) {
        // SAFETY: Only the holder of the lock comes here.
        unsafe {
            links.next.set(self.0.get());
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
        let mut next = unsafe { self.0.get() };
        core::iter::from_fn(move || {
            let this = next;
            // SAFETY: As above. An element that the iterator has not given yet is still in the list, or taken
            // and known to the iterator alone.
            next = unsafe { this.as_ref()?.next.get() };
            Some(this)
        })
    }

    /// Takes all elements of a list that is filled by [`Self::push_to_take`] only. Nobody else knows of
    /// those that the iterator has not given yet, so the lock need not be held while it is used.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn take(&self) -> impl Iterator<Item = *const Links> {
        // SAFETY: The lock is held; what is taken stays where it is until the iterator gives it.
        unsafe {
            let taken = self.iter();
            self.0.set(ptr::null());
            taken
        }
    }
}
