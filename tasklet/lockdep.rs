// SPDX-License-Identifier: GPL-2.0

//! What lockdep is told: that waiting for a handler is like taking a lock that the handler holds.
//!
//! So who kills a tasklet while holding a lock that its handler takes gets the report of a possible
//! deadlock, as with timers and workqueues, and gets it the first time, deadlock or not. Without
//! `CONFIG_LOCKDEP` there is no field and no code.

use crate::tasklet::handler::Vtable;

#[cfg(CONFIG_LOCKDEP)]
mod imp {
    use super::*;
    use crate::bindings;
    use core::mem::MaybeUninit;
    use kernel::types::Opaque;

    /// The map of one tasklet; its class is the handler's type.
    pub(crate) struct HandlerMap(Opaque<bindings::lockdep_map>);

    impl HandlerMap {
        #[inline]
        pub(crate) const fn new(vtable: &'static Vtable) -> Self {
            // SAFETY: All zero is valid; this is what `STATIC_LOCKDEP_MAP_INIT()` builds on.
            let mut map: bindings::lockdep_map = unsafe { MaybeUninit::zeroed().assume_init() };
            map.name = c"tasklet_handler".as_ptr().cast();
            // A static key stands for its address only, and there is one vtable per handler type.
            // CAST: Lockdep does not look behind the pointer, which is to static data.
            map.key = core::ptr::from_ref(vtable).cast_mut().cast();
            Self(Opaque::new(map))
        }

        /// The handler starts.
        #[inline(always)]
        pub(crate) fn enter(&self) {
            // SAFETY: The map is initialised.
            unsafe { bindings::rust_tasklet_lockdep_enter(self.0.get()) };
        }

        /// The handler has returned.
        #[inline(always)]
        pub(crate) fn exit(&self) {
            // SAFETY: The map is initialised, and was entered.
            unsafe { bindings::rust_tasklet_lockdep_exit(self.0.get()) };
        }

        /// The caller is about to wait for the handler.
        pub(crate) fn wait(&self) {
            // SAFETY: The map is initialised.
            unsafe { bindings::rust_tasklet_lockdep_wait(self.0.get()) };
        }
    }
}

#[cfg(not(CONFIG_LOCKDEP))]
mod imp {
    use super::*;

    pub(crate) struct HandlerMap;

    impl HandlerMap {
        #[inline(always)]
        pub(crate) const fn new(_vtable: &'static Vtable) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn enter(&self) {}

        #[inline(always)]
        pub(crate) fn exit(&self) {}

        #[inline(always)]
        pub(crate) fn wait(&self) {}
    }
}

pub(crate) use imp::HandlerMap;
