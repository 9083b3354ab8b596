// SPDX-License-Identifier: GPL-2.0

//! Leaves live tasklets behind when it is unloaded, for the row `unload_handles`: those of every owner
//! that may be dropped anywhere, in every state.

use harness::prelude::*;

#[path = "../../harness/witness.rs"]
pub mod witness;

use witness::{
    Owner,
    Witness, //
};

suite! {
    "unload_handles_fixture",
    "Leaves tasklets of forgotten owners behind",
    [idle, a_forgotten_then_unload, pending, slow, in_handler]
}

fn idle(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;
        let owner = form(&witness)?;

        t.leaks(owner.tasklets());
        check!(t, owner.schedule());
        wait!(t, witness.left.get() == 1);
        forget(owner);
    }
    Ok(())
}

/// A tasklet that runs all the time and was forgotten is parked when its module is unloaded; a warning names it.
fn a_forgotten_then_unload(t: &Test) -> Result {
    for (form, cpu) in Iterator::zip(Owner::FORMS.into_iter(), cpus()) {
        let witness = Witness::new()?;
        let owner = form(&witness)?;

        t.leaks(owner.tasklets());
        witness.again.set();
        check_eq!(t, on_cpu(cpu, || owner.schedule()), Ok(true));
        wait!(t, witness.runs.get() > 10);
        forget(owner);
    }
    Ok(())
}

/// Disabled by a guard that is forgotten as well.
fn pending(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;
        let owner = form(&witness)?;

        t.leaks(owner.tasklets());
        forget(owner.disable()?);
        check_eq!(t, on_cpu(1, || owner.schedule()), Ok(true));
        check!(t, owner.is_scheduled());
        forget(owner);
    }
    Ok(())
}

/// In the middle of a run most of the time, and maybe when the module is unloaded.
fn slow(t: &Test) -> Result {
    let witness = Witness::new()?;
    let owner = Owner::shared(&witness)?;

    t.leaks(owner.tasklets());
    witness.slow.set();
    witness.again.set();
    check_eq!(t, on_cpu(3, || owner.schedule()), Ok(true));
    wait!(t, witness.runs.get() > 1);
    forget(owner);
    Ok(())
}

fn in_handler(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;
        let owner = form(&witness)?;

        t.leaks(owner.tasklets());
        witness.forget.set();
        witness.again.set();
        witness.let_drop(owner);
        check!(t, witness.schedule_victim());
        wait!(t, witness.runs.get() > 10);
    }
    Ok(())
}
