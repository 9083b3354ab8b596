// SPDX-License-Identifier: GPL-2.0

//! Keeps every CPU busy with tasklets of owners of every form, and is loaded and unloaded many times
//! by the row `unload_under_load`: some of the owners it drops, some in an interrupt, some their own
//! handler drops at that moment, some it forgets.

use harness::{
    prelude::*,
    print, //
};

#[path = "../../harness/witness.rs"]
pub mod witness;

use witness::{
    Owner,
    Witness,
    MADE,
    ROUNDS, //
};

module! {
    type: Fixture,
    name: "unload_under_load_fixture",
    authors: ["The rust_tasklet developers"],
    description: "Is unloaded while its tasklets run on every CPU",
    license: "GPL",
}

static_tasklet! {
    static STATIC: Tasklet<Restless> = Restless;
}

struct Restless;

impl TaskletHandler for Restless {
    fn run(&self, cx: &TaskletContext) {
        cx.hi_schedule();
    }
}

struct Fixture {
    dropped: Option<Owner>,
    dropped_in_interrupt: Option<Owner>,
    dropped_by_itself: Option<(Owner, Arc<Witness>)>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut this = Self {
            dropped: None,
            dropped_in_interrupt: None,
            dropped_by_itself: None,
        };
        let mut leaks = 1;
        // Each time, another form and another CPU for each fate.
        let round = tally(ROUNDS, 1);

        for (fate, cpu) in cpus().take(4).enumerate() {
            let cpu = (cpu + round) % 4;
            let form = Owner::FORMS[(round as usize / 4 + fate) % Owner::FORMS.len()];
            let witness = Witness::new()?;
            let owner = form(&witness)?;

            witness.again.set();
            on_cpu(cpu, || owner.schedule())?;
            tally(MADE, u32::from(fate != 0));
            match fate {
                0 => {
                    leaks += owner.tasklets();
                    forget(owner);
                }
                1 => this.dropped = Some(owner),
                2 => this.dropped_in_interrupt = Some(owner),
                _ => this.dropped_by_itself = Some((owner, witness)),
            }
        }
        STATIC.schedule();
        print(fmt!("# leaks {leaks}"));
        Ok(this)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let owner = self.dropped_in_interrupt.take();
        Context::Hardirq.run(move || drop(owner));
        if let Some((owner, witness)) = self.dropped_by_itself.take() {
            witness.let_drop(owner);
            // It still runs then.
            spin_until(|| witness.victims.get() != 0);
        }
    }
}
