// SPDX-License-Identifier: GPL-2.0

//! What lockdep is told: that waiting for a handler is like taking a lock that the handler holds.
//!
//! A driver that kills a tasklet while it holds a lock that the handler takes gets the report of a
//! possible deadlock, as with timers and workqueues, the first time, deadlock or not. A handler takes
//! spinlocks only, so such a call returns `EWOULDBLOCK` where the kernel counts held spinlocks. It is
//! reported although it does no harm there: a kernel without `CONFIG_PREEMPT_COUNT` does not notice the
//! spinlock, and waits for ever. Without `CONFIG_LOCKDEP` there is no field and no code.

use core::ffi::c_void;

#[cfg(CONFIG_LOCKDEP)]
use crate::bindings;

/// The map of one tasklet; its class is the handler's type.
pub(crate) struct HandlerMap(#[cfg(CONFIG_LOCKDEP)] kernel::types::Opaque<bindings::lockdep_map>);

impl HandlerMap {
    /// `class` is the address of static data; lockdep does not look behind it.
    #[inline(always)]
    #[cfg_attr(not(CONFIG_LOCKDEP), allow(unused_variables))]
    pub(crate) const fn new(class: *const c_void) -> Self {
        Self(
            #[cfg(CONFIG_LOCKDEP)]
            kernel::types::Opaque::new({
                // SAFETY: All zero is valid; this is what `STATIC_LOCKDEP_MAP_INIT()` builds on.
                let mut map: bindings::lockdep_map = unsafe { core::mem::zeroed() };
                map.name = c"bottom_half_handler".as_ptr().cast();
                map.key = class.cast_mut().cast();
                map
            }),
        )
    }

    /// The handler starts.
    #[inline(always)]
    pub(crate) fn enter(&self) {
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: `new()` initialised the map.
        unsafe {
            bindings::rust_tasklet_lockdep_enter(self.0.get())
        };
    }

    /// The handler has returned.
    #[inline(always)]
    pub(crate) fn exit(&self) {
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: `new()` initialised the map, and `enter()` came before.
        unsafe {
            bindings::rust_tasklet_lockdep_exit(self.0.get())
        };
    }

    /// The caller is about to wait for the handler.
    #[inline(always)]
    pub(crate) fn wait(&self) {
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: `new()` initialised the map.
        unsafe {
            bindings::rust_tasklet_lockdep_wait(self.0.get())
        };
    }
}
