// SPDX-License-Identifier: GPL-2.0

//! A tasklet whose handler takes a lock, and a wait for that handler while holding the lock.

use harness::prelude::*;
use kernel::{
    new_spinlock,
    sync::SpinLock, //
};

/// Data that the handler shares with a thread.
#[pin_data]
pub struct Shared {
    #[pin]
    runs: SpinLock<u32>,
}

impl TaskletHandler for Shared {
    fn run(&self, _cx: &TaskletContext) {
        *self.runs.lock() += 1;
    }
}

/// Calls `wait`, when the handler has taken the lock once; with the lock held, if that is the fault to be
/// committed. The wait fails then, since who holds a spinlock may not wait; but lockdep knows better why
/// not.
pub fn wait_for_handler(
    t: &Test,
    fault: bool,
    wait: impl Fn(&Tasklet<Shared>) -> Result,
) -> Result {
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
