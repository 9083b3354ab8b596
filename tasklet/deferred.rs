// SPDX-License-Identifier: GPL-2.0

//! Deferred release: how an owner can be dropped where nobody may wait.
//!
//! The last reference to a driver's data goes where it goes: in an interrupt handler, in another
//! tasklet, in the tasklet's own handler. There is no waiting for a handler there, and the kernel
//! still writes to the tasklet after its handler has returned. So the tasklet is put on a list, and
//! a work item does the rest in process context: it parks the tasklet, then drops the owner.
//!
//! The list uses the links that the tasklet has for the registry, so nothing is allocated and
//! nothing can fail. When a module goes, the registry waits for the work item: the code of its
//! owners' `Drop` is there until it has run.

use core::ptr::NonNull;

use crate::{
    bindings,
    tasklet::{
        context::may_wait,
        export::export_symbol_gpl,
        raw::{
            self,
            RawTasklet, //
        },
        registry, //
    },
};

/// Drops the owner of `raw`, now if the caller may wait, and else as soon as possible.
///
/// # Safety
///
/// The vtable of `raw` must have a `release`, and the caller must be its owner and give it up.
#[inline(never)]
pub(crate) unsafe fn release(raw: NonNull<RawTasklet>) {
    // SAFETY: The owner still exists.
    let raw_ref = unsafe { raw.as_ref() };
    if may_wait() {
        // SAFETY: By the contract of this function.
        unsafe { park_and_release(raw) };
        return;
    }
    // SAFETY: The owner has been given up, so nobody else defers it, and it stays until released.
    unsafe { registry::lock().defer(raw_ref) };
    // SAFETY: Always safe to call.
    unsafe { bindings::rust_tasklet_release_queue() };
}

export_symbol_gpl!(release);

/// # Safety
///
/// As for [`release`], in a context that may sleep.
unsafe fn park_and_release(raw: NonNull<RawTasklet>) {
    // SAFETY: The owner still exists.
    let release = unsafe { raw::disown(raw.as_ref()) };
    // SAFETY: It is parked and its owner was given up.
    unsafe { release(raw) };
}

/// The work item.
extern "C" fn release_all() {
    loop {
        let Some(raw) = registry::lock().next_deferred() else {
            return;
        };
        // SAFETY: It was put on the list by `release`, for this.
        unsafe { park_and_release(raw) };
    }
}

/// Before the first tasklet: says what the work item does.
pub(crate) fn init() {
    // SAFETY: Nothing has been queued yet.
    unsafe { bindings::rust_tasklet_release_init(Some(release_all)) };
}

/// Waits until everything deferred so far is released.
pub(crate) fn flush() {
    // Queued first, for what is on the list and whose `release()` did not come to that yet.
    // SAFETY: Called where sleeping is allowed.
    unsafe {
        bindings::rust_tasklet_release_queue();
        bindings::rust_tasklet_release_flush();
    }
}
