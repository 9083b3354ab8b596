// SPDX-License-Identifier: GPL-2.0

//! Drops its owners in the last moment and in an interrupt, so that their release races the unload of
//! the module; for the rows `unload_handles` and `unload_under_load`.
//!
//! Nothing is forgotten here, so no warning is due.

use harness::prelude::*;

#[path = "../../harness/witness.rs"]
pub mod witness;

use witness::{
    Duo,
    Owner,
    Witness,
    MADE, //
};

use rust_tasklet::TaskletHandle;

module! {
    type: Fixture,
    name: "unload_deferred_fixture",
    authors: ["The rust_tasklet developers"],
    description: "Drops owners in an interrupt when it is unloaded",
    license: "GPL",
}

struct Fixture {
    owners: KVec<Owner>,
    /// One of its tasklets is in a long run when its handles are dropped.
    busy: Option<Owner>,
}

fn owners() -> Result<KVec<Owner>> {
    let mut owners = KVec::new();

    for form in Owner::FORMS {
        for state in 0..4 {
            let witness = Witness::new()?;
            let owner = form(&witness)?;

            tally(MADE, 1);
            witness.linger.set();
            match state {
                0 => (),
                1 => forget(owner.disable()?),
                // The last of them is dropped by its own handler.
                _ => witness.again.set(),
            }
            if state == 3 {
                witness.let_drop(owner);
                on_cpu(state, || witness.schedule_victim())?;
            } else {
                on_cpu(state, || owner.schedule())?;
                owners.push(owner, GFP_KERNEL)?;
            }
        }
    }
    Ok(owners)
}

fn busy() -> Result<Owner> {
    let witness = Witness::new()?;
    let duo = Duo::new(&witness)?;
    let rx = TaskletHandle::activate(duo.clone())?;
    let tx = TaskletHandle::activate(duo)?;

    tally(MADE, 1);
    witness.slow.set();
    witness.again.set();
    on_cpu(3, || rx.rx.schedule())?;
    Ok(Owner::Twins(rx, tx))
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self {
            owners: owners()?,
            busy: Some(busy()?),
        })
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let busy = self.busy.take();
        Context::Hardirq.run(move || drop(busy));
        // The release has begun, and waits for that tasklet.
        temptation();
        Context::Hardirq.run(|| self.owners.clear());
    }
}
