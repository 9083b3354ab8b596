// SPDX-License-Identifier: GPL-2.0

//! Deferred release: how an owner can be dropped where waiting is not allowed.
//!
//! The last reference to a driver's data may be dropped anywhere: in an interrupt handler, in another
//! tasklet, in the tasklet's own handler. None of these may wait for a handler, and the kernel still
//! writes to the tasklet after its handler has returned. So the tasklet is put on a list, and a work
//! item does the rest in process context: it parks the tasklet, then drops the owner.
//!
//! The list uses the links that the tasklet has for the registry, so nothing is allocated and nothing
//! can fail. When a module is unloaded, the notifier waits for the work item, so the code of the owners'
//! `Drop` stays until it has run.

use core::ptr::NonNull;

use kernel::{
    prelude::*,
    types::Opaque, //
};

use crate::bindings;

use super::{
    export::export_symbol_gpl,
    node::RawTasklet,
    prim,
    registry, //
};

/// Drops the owner of `raw`: at once if the caller may wait, otherwise as soon as possible.
///
/// # Safety
///
/// The vtable of `raw` must have a `release`, and the caller must be its owner and give it up.
#[inline(never)]
pub(crate) unsafe fn release(raw: NonNull<RawTasklet>) {
    if prim::may_wait().is_ok() {
        // SAFETY: By the contract of this function.
        unsafe { park_and_release(raw) };
        return;
    }
    // SAFETY: The caller gives it up, so it stays until the work item releases it.
    if unsafe { registry::lock().defer(raw.as_ref()) } {
        RELEASE.queue();
    } else {
        pr_warn!("an owner was dropped in atomic context after its module's end: never freed\n");
    }
}

export_symbol_gpl!(release);

/// # Safety
///
/// As for [`release`], in a context that may sleep.
unsafe fn park_and_release(raw: NonNull<RawTasklet>) {
    // SAFETY: By the contract of this function; the owner still exists.
    let release = unsafe { raw.as_ref().disown() };
    // SAFETY: It is parked, and its owner was given up.
    unsafe { release(raw) };
}

/// The function of the work item. It leaves what is deferred meanwhile to its next run, so that each run
/// ends.
///
/// # Safety
///
/// Only for the kernel to call, as the function of the work item.
unsafe extern "C" fn release_all(_work: *mut bindings::work_struct) {
    let batch = registry::lock().take_deferred();
    for links in batch {
        // SAFETY: It was put on the list by `release()`, for this, and stays until it is released.
        unsafe { park_and_release(NonNull::from(RawTasklet::of_links(links))) };
    }
}

/// The work item. C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).
struct ReleaseWork(Opaque<bindings::work_struct>);

// SAFETY: The kernel synchronises all access to it.
unsafe impl Sync for ReleaseWork {}

static RELEASE: ReleaseWork = ReleaseWork(Opaque::uninit());

impl ReleaseWork {
    /// Not bound to this CPU, which its bottom halves may keep busy.
    fn queue(&self) {
        // SAFETY: It was initialised before the first tasklet was made.
        unsafe { bindings::rust_tasklet_queue_unbound_work(self.0.get()) };
    }
}

/// Initialises the work item.
///
/// # Safety
///
/// It must be called once, before the first tasklet is made.
pub(crate) unsafe fn init() {
    // SAFETY: Nobody uses it yet.
    unsafe { bindings::rust_tasklet_init_work(RELEASE.0.get(), Some(release_all)) };
}

/// Waits until everything that was deferred so far is released.
pub(crate) fn flush() {
    // `release()` may have listed an owner without queueing the work yet.
    RELEASE.queue();
    // SAFETY: It was initialised; this is called where sleeping is allowed.
    unsafe { bindings::flush_work(RELEASE.0.get()) };
}
