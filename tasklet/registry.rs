// SPDX-License-Identifier: GPL-2.0

//! The registry: every tasklet that is in service, so that none outlives the module of its handler.
//!
//! A tasklet enters the registry when it goes live, never when it is constructed: only then is it known
//! to stay where it is until it is dropped. It leaves the registry when it is parked.
//!
//! It is found by the address of its callback, which the compiler puts into the module that makes the
//! [`Tasklet`](crate::Tasklet), or activates its handle. So a module must not give an owner to another
//! module that outlives it, and a library module that stores other modules' closures as `dyn Fn` hides
//! where their code lies: from this as from everything else in the kernel.

use core::ptr;

use super::{
    list::{
        Chain,
        List,
        Taken, //
    },
    node::{
        RawTasklet,
        Vtable, //
    },
    prim::{
        self,
        LockGuard,
        Module,
        Slot, //
    },
};

/// # Invariants
///
/// All of it is only touched under the registry lock.
struct Registry {
    /// Those in service, but for those whose release is deferred.
    live: List,
    /// Those whose release is deferred, and that no one has begun to release.
    deferred: Chain,
    /// The modules that are being unloaded.
    going: Slot<*const Going>,
    /// How many tasklets have a number.
    numbered: Slot<usize>,
}

static REGISTRY: Registry = Registry {
    live: List::new(),
    deferred: Chain::new(),
    going: Slot::new(ptr::null()),
    numbered: Slot::new(0),
};

/// A module that is being unloaded: its exit function has returned. None of its callbacks goes live any
/// more.
pub(crate) struct Going {
    module: Module,
    next: Slot<*const Going>,
    /// Those of its tasklets that it left in service.
    leaked: List,
    /// What is deferred from now on is not released.
    closed: Slot<bool>,
}

impl Going {
    pub(crate) const fn new(module: Module) -> Self {
        Self {
            module,
            next: Slot::new(ptr::null()),
            leaked: List::new(),
            closed: Slot::new(false),
        }
    }
}

/// The registry, locked. It may be locked in any context but NMI.
pub(crate) struct Locked(#[allow(dead_code)] LockGuard);

pub(crate) fn lock() -> Locked {
    Locked(prim::lock())
}

impl Locked {
    /// Adds a tasklet, and gives it a number if it has none.
    ///
    /// # Safety
    ///
    /// It must be in no list, and must be removed before it moves or is freed.
    pub(crate) unsafe fn add(&mut self, raw: &RawTasklet) {
        // SAFETY: The lock is held; the rest is the contract of this function.
        unsafe {
            REGISTRY.live.push(&raw.links);
            if raw.kernel.number() == 0 {
                let number = REGISTRY.numbered.get() + 1;
                REGISTRY.numbered.set(number);
                raw.kernel.set_number(number);
            }
        }
    }

    /// The number of a tasklet, which tells it from others of its type.
    pub(crate) fn number(&self, raw: &RawTasklet) -> usize {
        // SAFETY: The lock is held.
        unsafe { raw.kernel.number() }
    }

    /// Removes a tasklet, if it is there.
    pub(crate) fn remove(&mut self, raw: &RawTasklet) {
        // SAFETY: The lock is held.
        unsafe { raw.links.unlink() };
    }

    /// The tasklets in service, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RawTasklet> {
        // SAFETY: The lock is held for as long as the iterator exists, and what is in the list is valid.
        let live = unsafe { REGISTRY.live.iter() };
        // SAFETY: As above; all links in the list are those of tasklets.
        live.map(|links| unsafe { RawTasklet::of_links(links) })
    }

    /// The module of a callback, if that module is being unloaded.
    fn going(&self, vtable: &Vtable) -> Option<&Going> {
        let callback = vtable.callback as usize;
        // SAFETY: The lock is held, and what is in this list stays until it is removed.
        let mut going = unsafe { REGISTRY.going.get().as_ref() };
        while let Some(this) = going {
            if this.module.contains(callback) {
                return going;
            }
            // SAFETY: As above.
            going = unsafe { this.next.get().as_ref() };
        }
        None
    }

    /// Whether the module of a callback is being unloaded.
    pub(crate) fn is_going(&self, vtable: &Vtable) -> bool {
        self.going(vtable).is_some()
    }

    /// Takes a tasklet out of the registry and leaves it to the work item that releases owners. Returns
    /// `false` if its module has gone too far for that; then it must never be released.
    ///
    /// # Safety
    ///
    /// The caller must own it and give it up. It must stay where it is until it is released.
    pub(crate) unsafe fn defer(&mut self, raw: &RawTasklet) -> bool {
        self.remove(raw);
        if let Some(going) = self.going(raw.vtable()) {
            // SAFETY: The lock is held.
            if unsafe { going.closed.get() } {
                return false;
            }
        }
        // SAFETY: The lock is held, and it is in no list now. As its owner was given up, it does not go
        // live again, and nobody defers it again.
        unsafe { REGISTRY.deferred.push(&raw.links) };
        true
    }

    /// Whether there are tasklets whose release is deferred, and that no one has taken.
    pub(crate) fn has_deferred(&self) -> bool {
        // SAFETY: The lock is held.
        unsafe { !REGISTRY.deferred.is_empty() }
    }

    /// Takes all tasklets whose release is deferred.
    pub(crate) fn take_deferred(&mut self) -> Taken {
        // SAFETY: The lock is held.
        unsafe { REGISTRY.deferred.take() }
    }
}

/// Unloading a module.
impl Locked {
    /// From now on, no callback of the module goes live. Collects its tasklets that are in service.
    ///
    /// # Safety
    ///
    /// `going` must stay where it is until [`Self::end_going`].
    pub(crate) unsafe fn begin_going(&mut self, going: &Going) {
        // SAFETY: The lock is held; each tasklet is removed from one list and then added to the other.
        unsafe {
            going.next.set(REGISTRY.going.get());
            REGISTRY.going.set(going);
            for links in REGISTRY.live.iter() {
                let raw = RawTasklet::of_links(links);
                if going.module.contains(raw.vtable().callback as usize) {
                    raw.links.unlink();
                    going.leaked.push(&raw.links);
                }
            }
        }
    }

    /// One of the tasklets that a module left in service, and that was not parked since.
    pub(crate) fn next_leaked(&self, going: &Going) -> Option<&RawTasklet> {
        // SAFETY: The lock is held, and what is in the list is valid.
        unsafe {
            let links = going.leaked.iter().next()?;
            Some(RawTasklet::of_links(links))
        }
    }

    /// From now on, what the module defers is not released.
    pub(crate) fn close(&mut self, going: &Going) {
        // SAFETY: The lock is held.
        unsafe { going.closed.set(true) };
    }

    /// Ends what [`Self::begin_going`] began.
    pub(crate) fn end_going(&mut self, going: &Going) {
        // SAFETY: The lock is held, and what is in this list is valid.
        unsafe {
            let mut place = &REGISTRY.going;
            while let Some(this) = place.get().as_ref() {
                if ptr::eq(this, going) {
                    place.set(going.next.get());
                    return;
                }
                place = &this.next;
            }
        }
    }
}
