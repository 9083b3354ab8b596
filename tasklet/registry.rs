// SPDX-License-Identifier: GPL-2.0

//! The registry: every tasklet that is in service, so that none outlives the module of its handler.
//!
//! A tasklet enters the registry when it is made live, never when it is constructed: only then is it known
//! to stay where it is until it is dropped. It leaves the registry when it is parked.
//!
//! It is found by the address of its callback, which the compiler puts into the module that makes the
//! [`Tasklet`](crate::Tasklet), or activates its handle. So a module must not give an owner to another
//! module that outlives it, and a library module that stores other modules' closures as `dyn Fn` hides
//! where their code lies, from this crate as from the rest of the kernel.

use super::{
    list::{
        Links,
        List, //
    },
    node::{
        RawTasklet,
        Vtable, //
    },
    prim::{
        Module,
        Slot, //
    },
};

/// # Invariants
///
/// All of it is only touched under the registry lock.
struct Registry {
    /// The tasklets in service, except those whose release is deferred.
    live: List,
    /// The tasklets whose release is deferred and has not begun.
    deferred: List,
    /// The module that is being unloaded, if there is one: its exit function has returned. No tasklet with
    /// one of its callbacks is made live any more.
    going: Slot<Option<Module>>,
    /// The tasklets that it left in service.
    leaked: List,
    /// An owner whose release it defers from now on is never released.
    closed: Slot<bool>,
    /// How many tasklets have a number.
    numbered: Slot<usize>,
}

static REGISTRY: Registry = Registry {
    live: List::new(),
    deferred: List::new(),
    going: Slot::new(None),
    leaked: List::new(),
    closed: Slot::new(false),
    numbered: Slot::new(0),
};

// The registry, locked.
pub(crate) use super::prim::{
    lock,
    LockGuard as Locked, //
};

impl Locked {
    /// Adds a tasklet, whose callback is from now on that of its vtable. Gives it a number if it has none.
    ///
    /// # Safety
    ///
    /// It must be in no list, and must be removed before it moves or is freed. It must be on no queue, and nobody
    /// may be able to queue it while the lock is held.
    pub(crate) unsafe fn add(&mut self, raw: &RawTasklet) {
        let kernel = raw.kernel();
        // SAFETY: The lock is held; the rest is the contract of this function.
        unsafe {
            REGISTRY.live.push(&raw.links);
            kernel.set_callback(raw.vtable().callback);
            if kernel.number() == 0 {
                let number = REGISTRY.numbered.get() + 1;
                REGISTRY.numbered.set(number);
                kernel.set_number(number);
            }
        }
    }

    /// The number of a tasklet, which tells it from others of its type.
    pub(crate) fn number(&self, raw: &RawTasklet) -> usize {
        // SAFETY: The lock is held.
        unsafe { raw.kernel().number() }
    }

    /// Removes a tasklet, if it is there.
    pub(crate) fn remove(&mut self, raw: &RawTasklet) {
        // SAFETY: The lock is held.
        unsafe { raw.links.unlink() };
    }

    /// The tasklets in service, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RawTasklet> {
        self.tasklets(&REGISTRY.live)
    }

    /// The tasklets of one of the lists. The one that the iterator gave last may be removed.
    fn tasklets(&self, list: &'static List) -> impl Iterator<Item = &RawTasklet> {
        // SAFETY: The lock is held for as long as the iterator exists. What is in the list is valid, and
        // all links in it are those of tasklets.
        unsafe { list.iter().map(|links| RawTasklet::of_links(links)) }
    }

    /// Whether the module of a callback is being unloaded.
    pub(crate) fn is_going(&self, vtable: &Vtable) -> bool {
        // SAFETY: The lock is held.
        unsafe { REGISTRY.going.get() }
            .is_some_and(|module| module.contains(vtable.callback.address()))
    }

    /// Takes a tasklet out of the registry and leaves it to the work item that releases owners. Returns
    /// `false` if the unload of its module is too far for that; then it must never be released.
    ///
    /// # Safety
    ///
    /// The caller must own it and give it up. It must stay where it is until it is released.
    pub(crate) unsafe fn defer(&mut self, raw: &RawTasklet) -> bool {
        self.remove(raw);
        // SAFETY: The lock is held.
        if unsafe { REGISTRY.closed.get() } && self.is_going(raw.vtable()) {
            return false;
        }
        // SAFETY: The lock is held, and it is in no list now. As its owner was given up, it does not go
        // live again, and nobody defers it again.
        unsafe { REGISTRY.deferred.push_to_take(&raw.links) };
        true
    }

    /// Takes all tasklets whose release is deferred.
    pub(crate) fn take_deferred(&mut self) -> impl Iterator<Item = *const Links> {
        // SAFETY: The lock is held.
        unsafe { REGISTRY.deferred.take() }
    }
}

/// Unloading a module.
impl Locked {
    /// From now on, no tasklet of the module is made live. Collects those that are in service.
    ///
    /// # Safety
    ///
    /// Another module must not be going until [`Self::end_going`].
    pub(crate) unsafe fn begin_going(&mut self, module: Module) {
        // SAFETY: The lock is held; each tasklet is removed from one list and then added to the other.
        unsafe {
            REGISTRY.going.set(Some(module));
            for raw in self.tasklets(&REGISTRY.live) {
                if self.is_going(raw.vtable()) {
                    raw.links.unlink();
                    REGISTRY.leaked.push(&raw.links);
                }
            }
        }
    }

    /// One of the tasklets that the module left in service and that has not been parked since.
    pub(crate) fn next_leaked(&self) -> Option<&RawTasklet> {
        self.tasklets(&REGISTRY.leaked).next()
    }

    /// From now on, what the module defers is not released.
    pub(crate) fn close(&mut self) {
        // SAFETY: The lock is held.
        unsafe { REGISTRY.closed.set(true) };
    }

    /// Ends what [`Self::begin_going`] began.
    pub(crate) fn end_going(&mut self) {
        // SAFETY: The lock is held.
        unsafe {
            REGISTRY.going.set(None);
            REGISTRY.closed.set(false);
        }
    }
}
