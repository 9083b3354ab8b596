// SPDX-License-Identifier: GPL-2.0

//! `forget_handles`: the same for the owners that may be dropped anywhere: `mem::forget` of a `TaskletBox`
//! or a `TaskletHandle`, or of a guard on it, causes no use after free.
//!
//! A forgotten owner stays alive: its payload is not dropped, and it still runs, or still does not.
//! The tasklets that are left are parked when this module is unloaded, with one warning each, which the
//! runner counts.

use harness::prelude::*;
use rust_tasklet::TaskletHandle;

#[path = "../harness/witness.rs"]
pub mod witness;

use witness::{
    drop_in,
    while_held,
    Nic,
    Owner,
    Witness, //
};

suite! {
    "forget_handles",
    "Forgetting owners that may be dropped anywhere is safe",
    [
        idle,
        pending,
        running,
        in_own_handler,
        in_other_handler,
        guard_and_owner,
        guard_then_drop,
        one_of_many_references,
        forgotten_handle,
    ]
}

/// Forgotten when it has run.
fn idle(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        check!(t, owner.schedule());
        wait!(t, witness.left.get() == 1);
        forget(owner);
        witness.check_quiet(t);
        Ok(())
    })
}

/// Forgotten right after a schedule: the run takes place.
fn pending(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        Context::SoftirqsHeld.run(|| {
            check!(t, owner.schedule());
            forget(owner);
            check_eq!(t, witness.runs.get(), 0);
        });
        wait!(t, witness.left.get() == 1);
        witness.check_quiet(t);
        Ok(())
    })
}

fn running(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        while_held(t, owner, &witness, forget)?;
        wait!(t, witness.left.get() == 1);
        witness.check_quiet(t);
        Ok(())
    })
}

/// Forgotten by its own handler.
fn in_own_handler(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        witness.forget.set();
        witness.let_drop(owner);
        check!(t, witness.schedule_victim());
        wait!(t, witness.left.get() == 1);
        witness.check_quiet(t);
        Ok(())
    })
}

/// Forgotten by the handler of another tasklet.
fn in_other_handler(t: &Test) -> Result {
    let killer = Witness::new()?;
    let killer_owner = Owner::heap(&killer)?;

    killer.forget.set();
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        check!(t, owner.schedule());
        wait!(t, witness.left.get() == 1);
        let victims = killer.victims.get();
        killer.let_drop(owner);
        check!(t, killer_owner.schedule());
        wait!(t, killer.victims.get() == victims + 1);
        witness.check_quiet(t);
        Ok(())
    })?;
    drop(killer_owner);
    killer.check_dropped(t);
    Ok(())
}

/// Pending and disabled for ever, and out of reach.
fn guard_and_owner(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        t.leaks(owner.tasklets());
        forget(owner.disable()?);
        check_eq!(t, on_cpu(1, || owner.schedule()), Ok(true));
        forget(owner);
        witness.check_quiet(t);
        check_eq!(t, witness.runs.get(), 0);
        Ok(())
    })
}

/// The drop of the owner does not wait for a guard that was forgotten.
fn guard_then_drop(t: &Test) -> Result {
    for form in Owner::FORMS {
        for context in [Context::Task, Context::Hardirq] {
            let witness = Witness::new()?;
            let owner = form(&witness)?;

            forget(owner.disable()?);
            forget(owner.disable()?);
            check!(t, owner.schedule());
            drop_in(t, context, owner, &witness);
            witness.check_dropped_after(t, 0);
        }
    }
    Ok(())
}

/// The handle is dropped as it should be; a forgotten reference keeps the struct, with its tasklet parked.
fn one_of_many_references(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;
    let handle = TaskletHandle::<_, 0>::activate(nic.clone())?;

    forget(nic.clone());
    check!(t, nic.rx.schedule());
    drop(handle);
    check_eq!(t, witness.left.get(), 1);
    check!(t, nic.rx.is_parked() && !nic.rx.schedule());
    drop(nic);
    witness.check_quiet(t);
    Ok(())
}

/// The last other reference is dropped, but the handle was forgotten: the struct stays valid.
fn forgotten_handle(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;

    t.leaks(1);
    forget(TaskletHandle::<_, 0>::activate(nic.clone())?);
    // The forgotten handle still owns the tasklet.
    check_eq!(
        t,
        TaskletHandle::<_, 0>::activate(nic.clone()).err(),
        Some(EBUSY)
    );
    check!(t, nic.rx.schedule());
    wait!(t, witness.left.get() == 1);
    drop(nic);
    witness.check_quiet(t);
    Ok(())
}
