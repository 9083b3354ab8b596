// SPDX-License-Identifier: GPL-2.0

//! The registry: every tasklet that can run, so that none outlives the module of its handler.
//!
//! Safe code may `mem::forget` the owner of a tasklet, or revive a static one and not kill it. Both
//! are harmless while the driver's module is loaded. When it goes, its code goes too, so a module
//! notifier takes what is left out of service and names it.
//!
//! A tasklet enters the registry when it is scheduled for the first time, activated or revived,
//! never when it is constructed: only then is it known to stay where it is until it is dropped.
//!
//! It is found by the address of its callback, which the compiler puts into the module that makes
//! the [`Tasklet`](crate::Tasklet), or activates its handle. So a module must not give an owner to
//! another module that outlives it, and a library module that stores other modules' closures as
//! `dyn Fn` hides where their code lies: from this as from everything else in the kernel.

use core::{
    cell::UnsafeCell,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    error::to_result,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

use crate::{
    bindings,
    tasklet::{
        deferred,
        raw::{
            self,
            RawTasklet, //
        }, //
    },
};

/// A tasklet's place in the registry, guarded by its lock. Both ends are null.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    prev: *const RawTasklet,
    next: *const RawTasklet,
}

impl Links {
    pub(crate) const UNLINKED: Self = Self {
        prev: ptr::null(),
        next: ptr::null(),
    };
}

/// # Invariants
///
/// All fields and the links of the tasklets are only touched under the registry lock; every tasklet
/// in a list is initialised and stays where it is until it is removed.
struct Registry {
    head: UnsafeCell<*const RawTasklet>,
    deferred: UnsafeCell<*const RawTasklet>,
    /// One was taken from the second list and may still be live.
    releasing: UnsafeCell<bool>,
}

// SAFETY: All access is under a lock, by the type invariant.
unsafe impl Sync for Registry {}

static REGISTRY: Registry = Registry {
    head: UnsafeCell::new(ptr::null()),
    deferred: UnsafeCell::new(ptr::null()),
    releasing: UnsafeCell::new(false),
};

/// The registry, locked. Usable in any context but NMI.
///
/// The lock also guards every change of a tasklet's life, which happens seldom.
pub(crate) struct Locked {
    irqflags: usize,
    _cpu: NotThreadSafe,
}

pub(crate) fn lock() -> Locked {
    Locked {
        // SAFETY: Released in `Drop`.
        irqflags: unsafe { bindings::rust_tasklet_registry_lock() },
        _cpu: NotThreadSafe,
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: Taken in `lock()`.
        unsafe { bindings::rust_tasklet_registry_unlock(self.irqflags) };
    }
}

impl Locked {
    /// Adds `raw`.
    ///
    /// # Safety
    ///
    /// `raw` must not be in the list, and must be removed before it moves or is freed.
    pub(crate) unsafe fn add(&mut self, raw: &RawTasklet) {
        // SAFETY: Only the holder of the lock comes here; what is in the list is valid.
        unsafe {
            let head = REGISTRY.head.get();
            *raw.links.get() = Links {
                prev: ptr::null(),
                next: *head,
            };
            if let Some(next) = (*head).as_ref() {
                (*next.links.get()).prev = raw;
            }
            *head = raw;
        }
    }

    /// Removes `raw`.
    ///
    /// # Safety
    ///
    /// `raw` must be in the list.
    pub(crate) unsafe fn remove(&mut self, raw: &RawTasklet) {
        // SAFETY: Only the holder of the lock comes here; what is in the list is valid.
        unsafe {
            let Links { prev, next } = *raw.links.get();
            match prev.as_ref() {
                Some(prev) => (*prev.links.get()).next = next,
                None => *REGISTRY.head.get() = next,
            }
            if let Some(next) = next.as_ref() {
                (*next.links.get()).prev = prev;
            }
            *raw.links.get() = Links::UNLINKED;
        }
    }

    /// Moves `raw` to the list of those whose release is deferred.
    ///
    /// # Safety
    ///
    /// `raw` must not be in that list, and must stay where it is until it is taken from there.
    pub(crate) unsafe fn defer(&mut self, raw: &RawTasklet) {
        raw.unlist(self);
        // SAFETY: Only the holder of the lock comes here; now it is in no list.
        unsafe {
            let deferred = REGISTRY.deferred.get();
            (*raw.links.get()).next = *deferred;
            *deferred = raw;
        }
    }

    /// Takes a tasklet from the list of those whose release is deferred. Who did so before has
    /// released that one.
    pub(crate) fn next_deferred(&mut self) -> Option<NonNull<RawTasklet>> {
        // SAFETY: Only the holder of the lock comes here; what is in the list is valid.
        unsafe {
            let deferred = REGISTRY.deferred.get();
            *REGISTRY.releasing.get() = !(*deferred).is_null();
            let raw = NonNull::new((*deferred).cast_mut())?;
            *deferred = (*raw.as_ref().links.get()).next;
            *raw.as_ref().links.get() = Links::UNLINKED;
            Some(raw)
        }
    }

    /// All tasklets, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &RawTasklet> {
        // SAFETY: The lock is held while the iterator exists, and what is in the list is valid.
        let first = unsafe { (*REGISTRY.head.get()).as_ref() };
        // SAFETY: As above.
        core::iter::successors(first, |raw| unsafe { (*raw.links.get()).next.as_ref() })
    }

    /// Finds a tasklet whose callback lies in `module`: the one in which its type was put together.
    ///
    /// # Safety
    ///
    /// `module` must be valid.
    unsafe fn find_in(&self, module: *mut bindings::module) -> Option<NonNull<RawTasklet>> {
        self.iter()
            .find(|raw| {
                let code = raw.vtable().callback as usize;
                // SAFETY: `module` is valid by the contract of this function.
                unsafe { bindings::rust_tasklet_within_module(code, module) }
            })
            .map(NonNull::from)
    }

    /// Whether nothing is deferred or being released.
    fn nothing_deferred(&self) -> bool {
        // SAFETY: Only the holder of the lock comes here.
        unsafe { (*REGISTRY.deferred.get()).is_null() && !*REGISTRY.releasing.get() }
    }
}

/// Takes every tasklet of a module that goes away out of service, for good, and waits until nothing
/// of it is left to be released.
///
/// The module's own code no longer runs, but for handlers that are still live. Those can revive and
/// schedule others, and drop owners, so this goes on until there is none.
///
/// # Safety
///
/// `module` must be valid and past its `exit` function, in a context that may sleep.
unsafe fn park_leaked(module: *mut bindings::module) {
    // What is about to be released has not leaked, nor has what is dropped with it.
    deferred::flush();
    loop {
        let mut registry = lock();
        // SAFETY: By the contract of this function.
        let Some(raw) = (unsafe { registry.find_in(module) }) else {
            if registry.nothing_deferred() {
                return;
            }
            drop(registry);
            deferred::flush();
            continue;
        };
        // SAFETY: Under the lock, what is in the list is valid.
        let raw = unsafe { raw.as_ref() };
        let vtable = raw.vtable();
        match raw::bury(raw, &mut registry) {
            raw::Burial::Done => {}
            raw::Burial::Begun => {
                drop(registry);
                // An owner that is dropped now waits for this to end.
                raw::finish_burial(raw);
                pr_warn!(
                    "tasklet of {}{} was not killed before its module went: parked\n",
                    (vtable.name)(),
                    vtable.field
                );
            }
            raw::Burial::Busy => {
                drop(registry);
                fsleep(Delta::from_millis(1));
            }
        }
    }
}

/// The registration of the module notifier.
#[pin_data(PinnedDrop)]
pub(crate) struct Notifier {
    #[pin]
    block: Opaque<bindings::notifier_block>,
}

// SAFETY: The kernel's notifier chain does its own locking.
unsafe impl Send for Notifier {}
// SAFETY: As above.
unsafe impl Sync for Notifier {}

impl Notifier {
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        deferred::init();
        try_pin_init!(Self {
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                // SAFETY: `slot` is valid for writes, and stays there until `drop` unregisters it.
                to_result(unsafe {
                    slot.write(bindings::notifier_block {
                        notifier_call: Some(Self::call),
                        // First, before others take things down that a handler may use.
                        priority: c_int::MAX,
                        ..Default::default()
                    });
                    bindings::register_module_notifier(slot)
                })
            }),
        })
    }

    /// # Safety
    ///
    /// Only for the kernel to call, from the chain of module notifiers.
    unsafe extern "C" fn call(
        _block: *mut bindings::notifier_block,
        action: c_ulong,
        module: *mut c_void,
    ) -> c_int {
        if action == bindings::module_state_MODULE_STATE_GOING as c_ulong {
            // SAFETY: The kernel passes a valid module, after its `exit`, and the chain may sleep.
            unsafe { park_leaked(module.cast()) };
        }
        0
    }
}

#[pinned_drop]
impl PinnedDrop for Notifier {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered in `register()`.
        unsafe { bindings::unregister_module_notifier(self.block.get()) };
        // All users are gone; the last of the work item may still be running.
        deferred::flush();
    }
}
