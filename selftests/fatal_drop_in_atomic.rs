// SPDX-License-Identifier: GPL-2.0

//! Dropping an inline `Tasklet` where it cannot wait panics, and says why. Loading this kills the
//! kernel: it is for `misuse/expect-reports`, which boots one for it.

use harness::prelude::*;

suite! {
    "fatal_drop_in_atomic",
    "Panics: drops an inline tasklet in atomic context",
    [drop_in_atomic]
}

struct Idle;

impl TaskletHandler for Idle {
    fn run(&self, _cx: &TaskletContext) {}
}

fn drop_in_atomic(t: &Test) -> Result {
    let tasklet = KBox::pin_init(Tasklet::new(Idle), GFP_KERNEL)?;

    check!(t, tasklet.schedule());
    Context::PreemptDisable.run(move || drop(tasklet));
    t.fail(file!(), line!(), fmt!("the drop returned"));
    Ok(())
}
