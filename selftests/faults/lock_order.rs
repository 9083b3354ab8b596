// SPDX-License-Identifier: GPL-2.0

//! A wait for a handler while holding a lock that the handler takes: lockdep reports it. It reports once a boot, so this
//! is for `expect-reports`, which boots a kernel for each kind of wait.

use core::borrow::Borrow;
use harness::{
    prelude::*,
    run_suite, //
};
use kernel::{
    new_spinlock,
    sync::SpinLock, //
};

module! {
    type: LockOrder,
    name: "lock_order",
    authors: ["The rust_tasklet developers"],
    description: "Reported by lockdep: waits for a handler under a lock that the handler takes",
    license: "GPL",
    params: {
        kill_under_lock: u8 { default: 0, description: "1: kill()", },
        disable_under_lock: u8 { default: 0, description: "1: disable()", },
        synchronize_under_lock: u8 { default: 0, description: "1: synchronize()", },
    },
}

struct LockOrder;

/// A call that waits for the handler of a tasklet.
type Wait = fn(&Tasklet<Shared>) -> Result;

/// Two cases with the same wait: the twin, which is correct, and the fault.
macro_rules! twins {
    ($module:expr, $fault:ident, $wait:expr) => {
        if is_set(module_parameters::$fault.value()) {
            const WAIT: Wait = $wait;
            run_suite(
                $module,
                &[
                    ("without_the_fault", |t| wait_for_handler(t, false, WAIT)),
                    (stringify!($fault), |t| wait_for_handler(t, true, WAIT)),
                ],
            )?;
            return Ok(Self);
        }
    };
}

impl kernel::Module for LockOrder {
    fn init(module: &'static ThisModule) -> Result<Self> {
        twins!(module, kill_under_lock, |tasklet| tasklet.kill());
        twins!(module, disable_under_lock, |tasklet| tasklet
            .disable()
            .map(|_| ()));
        twins!(module, synchronize_under_lock, |tasklet| tasklet
            .synchronize());
        pr_err!("no wait chosen: set one of the parameters to 1\n");
        Err(EINVAL)
    }
}

/// Kernels before 7.3 hand out a reference to a parameter.
fn is_set(param: impl Borrow<u8>) -> bool {
    *param.borrow() != 0
}

/// Data that the handler shares with a thread.
#[pin_data]
struct Shared {
    #[pin]
    runs: SpinLock<u32>,
}

impl TaskletHandler for Shared {
    fn run(&self, _cx: &TaskletContext) {
        *self.runs.lock() += 1;
    }
}

/// Calls `wait` after the handler has taken the lock once. The fault is to hold the lock during the call. The wait fails then, because a holder of a spinlock may not wait; but lockdep knows better why
/// not.
fn wait_for_handler(t: &Test, fault: bool, wait: Wait) -> Result {
    let tasklet = KBox::pin_init(
        Tasklet::new(pin_init!(Shared {
            runs <- new_spinlock!(0),
        })),
        GFP_KERNEL,
    )?;

    Context::BhDisable.run(|| tasklet.schedule());
    wait!(
        t,
        Context::BhDisable.run(|| *tasklet.handler().runs.lock()) == 1
    );
    if fault {
        Context::BhDisable.run(|| {
            let _runs = tasklet.handler().runs.lock();
            check_eq!(t, wait(&tasklet), Err(EWOULDBLOCK));
        });
    } else {
        check_eq!(t, wait(&tasklet), Ok(()));
    }
    Ok(())
}
