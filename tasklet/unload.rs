// SPDX-License-Identifier: GPL-2.0

//! What happens to the tasklets of a module that is unloaded.
//!
//! Safe code may `mem::forget` the owner of a tasklet, or use a static one and not kill it. Both are
//! harmless while the driver's module is loaded. When the module is unloaded, its code is freed, so a
//! module notifier parks what is left in service, and names it.

use kernel::{
    error::to_result,
    prelude::*,
    sync::global_lock,
    time::{
        delay::fsleep,
        Delta, //
    },
    types::Opaque, //
};

use crate::bindings;

use super::{
    deferred,
    prim::Module,
    registry,
    state::Life, //
};

global_lock! {
    // SAFETY: It is initialised before the notifier is registered, which is the only one to use it.
    unsafe(uninit) static ONE_AT_A_TIME: Mutex<()> = ();
}

/// Parks every tasklet that a module left in service, and waits until nothing of it is left to be
/// released.
///
/// The module's exit function has returned. So the only code of the module that still runs are handlers of
/// tasklets in service, and the `Drop` of owners that are released. From the first step on, none of them can
/// make another tasklet live. So this ends when those that are live now are parked.
fn park_leaked(module: Module) {
    let _only = ONE_AT_A_TIME.lock();
    // An owner that is about to be released has not leaked.
    deferred::flush();
    // SAFETY: Only this function begins that, and it holds the lock until the end.
    unsafe { registry::lock().begin_going(module) };
    loop {
        let registry = registry::lock();
        let Some(raw) = registry.next_leaked() else {
            break;
        };
        let vtable = raw.vtable();
        if raw.begin_kill(Life::Discarding) {
            // An owner that is dropped from now on waits until this kill ends.
            let raw: *const _ = raw;
            drop(registry);
            // SAFETY: As its owner waits, the tasklet is valid until the kill ends.
            unsafe { &*raw }.finish_kill(Life::Buried);
            pr_warn!(
                "{} of {}{} was not killed before its module was unloaded: parked\n",
                vtable.kind(),
                (vtable.name)(),
                vtable.field
            );
        } else {
            // Another thread is killing the tasklet, and may then free it. So this cannot wait for that kill.
            drop(registry);
            fsleep(Delta::from_millis(1));
        }
    }
    // No handler of the module runs any more. Owners that the last ones deferred are released now.
    deferred::flush();
    // So are owners that those deferred in turn. After that no more are, because this must end.
    registry::lock().close();
    deferred::flush();
    registry::lock().end_going();
}

/// The registration of the module notifier.
#[pin_data(PinnedDrop)]
pub(crate) struct Notifier {
    #[pin]
    block: Opaque<bindings::notifier_block>,
}

// SAFETY: The kernel's notifier chain does its own locking.
unsafe impl Send for Notifier {}
// SAFETY: As for `Send`: no method touches the block but by the kernel's chain.
unsafe impl Sync for Notifier {}

impl Notifier {
    pub(crate) fn register() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                // SAFETY: `slot` is valid for writes, and stays there until `drop` unregisters it. The module
                // comes here once.
                to_result(unsafe {
                    ONE_AT_A_TIME.init();
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
            // SAFETY: The kernel passes a module that is valid until this returns. Its `exit` has run, and
            // the chain may sleep.
            park_leaked(unsafe { Module::new(module.cast()) });
        }
        0
    }
}

#[pinned_drop]
impl PinnedDrop for Notifier {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It was registered in `register()`.
        unsafe { bindings::unregister_module_notifier(self.block.get()) };
        // All users were unloaded, but the last run of the work item may not have returned.
        deferred::flush();
    }
}
