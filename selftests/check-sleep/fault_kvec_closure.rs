// SPDX-License-Identifier: GPL-2.0

//! A closure as handler pushes to a vector with `GFP_KERNEL`.

use kernel::{
    prelude::*, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletFn, //
};

module! {
    type: Fixture,
    name: "fault_kvec_closure",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

/// The type of a closure cannot be written down, but its owner is needed to the end of the module.
trait Owner: Send + Sync {}

struct Owned<F: FnMut(&TaskletContext)>(#[expect(dead_code)] Pin<KBox<Tasklet<TaskletFn<F>>>>);

impl<F: FnMut(&TaskletContext) + Send> Owner for Owned<F> {}

fn start<F>(f: F) -> Result<KBox<dyn Owner>>
where
    F: FnMut(&TaskletContext) + Send + 'static,
{
    let tasklet = KBox::pin_init(Tasklet::from_fn(f), GFP_KERNEL)?;
    tasklet.schedule();
    let owned: KBox<dyn Owner> = KBox::new(Owned(tasklet), GFP_KERNEL)?;
    Ok(owned)
}

struct Fixture {
    _tasklet: KBox<dyn Owner>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut runs = 0;
        let mut history = KVec::new();
        let tasklet = start(move |_cx| {
            runs += 1;
            let _ = history.push(runs, GFP_KERNEL);
        })?;
        Ok(Self { _tasklet: tasklet })
    }
}
