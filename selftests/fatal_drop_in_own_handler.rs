// SPDX-License-Identifier: GPL-2.0

//! Dropping an inline `Tasklet` in its own handler panics, and says why. Loading this kills the
//! kernel: it is for `misuse/expect-reports`, which boots one for it.

use harness::prelude::*;
use kernel::{
    new_spinlock,
    sync::SpinLock, //
};

suite! {
    "fatal_drop_in_own_handler",
    "Panics: drops an inline tasklet in its own handler",
    [drop_in_own_handler]
}

/// The last reference to its tasklet goes in a run.
#[pin_data]
struct Suicide {
    #[pin]
    last: SpinLock<Option<Arc<Tasklet<Suicide>>>>,
}

impl TaskletHandler for Suicide {
    fn run(&self, _cx: &TaskletContext) {
        let last = self.last.lock().take();
        drop(last);
    }
}

fn drop_in_own_handler(t: &Test) -> Result {
    let tasklet = Arc::pin_init(
        Tasklet::new(pin_init!(Suicide {
            last <- new_spinlock!(None),
        })),
        GFP_KERNEL,
    )?;

    Context::BhDisable.run(|| {
        check!(t, tasklet.schedule());
        *tasklet.handler().last.lock() = Some(tasklet.clone());
        // Not the last.
        drop(tasklet);
    });
    temptation();
    t.fail(file!(), line!(), fmt!("the drop returned"));
    Ok(())
}
