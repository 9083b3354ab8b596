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
    fn run(&self, _cx: &TaskletContext<'_>) {
        *self.runs.lock() += 1;
    }
}

/// Calls `wait` with the lock held, when the handler has taken it once. The wait fails, since who holds
/// a spinlock may not wait; but lockdep knows better why not.
pub fn wait_under_lock(t: &Test, wait: impl Fn(&Tasklet<Shared>) -> Result) -> Result {
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
    Context::BhDisable.run(|| {
        let _runs = tasklet.handler().runs.lock();
        check_eq!(t, wait(&tasklet), Err(EWOULDBLOCK));
    });
    Ok(())
}
