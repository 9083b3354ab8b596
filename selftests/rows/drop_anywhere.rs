// SPDX-License-Identifier: GPL-2.0

//! `drop_anywhere`: a `TaskletBox`, a `BhWorkBox` and a `TaskletHandle` may be dropped in softirq context, in hard interrupts,
//! and in their own handler.
//!
//! Owners of every form are dropped in every context there is, while their tasklet is unused, idle,
//! pending, disabled, running elsewhere, or schedules itself for ever. Each time the payload must be
//! dropped once, in process context, after the end of the last run; and a run that is due when the
//! owner is dropped is not lost.

use harness::prelude::*;

#[path = "../harness/witness.rs"]
pub mod witness;

use witness::{
    drop_in,
    while_held,
    Form,
    Owner,
    Witness, //
};

suite! {
    "drop_anywhere",
    "Owners may be dropped in any context",
    [
        unused,
        idle,
        pending,
        disabled_and_pending,
        running,
        reschedules_itself,
        killed,
        own_handler,
        own_handler_that_reschedules,
        other_handler,
        interrupted_handler,
        many,
    ]
}

/// Calls `f` for owners of every form, to be dropped in every context.
fn everywhere(f: impl Fn(Context, Owner, &Witness) -> Result) -> Result {
    for form in Owner::FORMS {
        for context in Iterator::chain(core::iter::once(Context::Task), Context::ATOMIC) {
            let witness = Witness::new()?;
            let owner = form(&witness)?;
            f(context, owner, &witness)?;
        }
    }
    Ok(())
}

fn unused(t: &Test) -> Result {
    everywhere(|context, owner, witness| {
        drop_in(t, context, owner, witness);
        witness.check_dropped_after(t, 0);
        Ok(())
    })
}

fn idle(t: &Test) -> Result {
    everywhere(|context, owner, witness| {
        check!(t, owner.schedule());
        wait!(t, witness.left.get() == 1);
        drop_in(t, context, owner, witness);
        witness.check_dropped_after(t, 1);
        Ok(())
    })
}

fn pending(t: &Test) -> Result {
    for form in Owner::FORMS {
        // Those that can be entered while softirqs are held.
        for context in [
            Context::SoftirqsHeld,
            Context::Hardirq,
            Context::BhDisable,
            Context::IrqDisable,
            Context::RawSpinLock,
            Context::RcuReadLock,
        ] {
            let witness = Witness::new()?;
            let owner = form(&witness)?;

            Context::SoftirqsHeld.run(|| {
                check!(t, owner.schedule());
                drop_in(t, context, owner, &witness);
                check_eq!(t, (witness.runs.get(), witness.drops.get()), (0, 0));
            });
            witness.check_dropped_after(t, 1);
        }
    }
    Ok(())
}

/// The pending run is discarded, and the guard was forgotten.
fn disabled_and_pending(t: &Test) -> Result {
    everywhere(|context, owner, witness| {
        forget(owner.disable()?);
        check!(t, owner.schedule());
        drain();
        check!(t, owner.is_scheduled());
        drop_in(t, context, owner, witness);
        witness.check_dropped_after(t, 0);
        Ok(())
    })
}

fn running(t: &Test) -> Result {
    for form in Owner::FORMS {
        for context in Context::ATOMIC {
            let witness = Witness::new()?;
            let owner = form(&witness)?;

            while_held(t, owner, &witness, |owner| {
                drop_in(t, context, owner, &witness);
                temptation();
                check_eq!(t, witness.drops.get(), 0);
            })?;
            witness.check_dropped_after(t, 1);
        }
    }
    Ok(())
}

fn reschedules_itself(t: &Test) -> Result {
    everywhere(|context, owner, witness| {
        witness.again.set();
        check_eq!(t, on_cpu(1, || owner.schedule()), Ok(true));
        wait!(t, witness.runs.get() > 5);
        drop_in(t, context, owner, witness);
        witness.check_dropped(t);
        Ok(())
    })
}

fn killed(t: &Test) -> Result {
    everywhere(|context, owner, witness| {
        check!(t, owner.schedule());
        check_eq!(t, owner.kill(), Ok(()));
        drop_in(t, context, owner, witness);
        witness.check_dropped_after(t, 1);
        Ok(())
    })
}

/// The handler drops its owner, and continues to use its borrow of the data.
fn own_handler(t: &Test) -> Result {
    for form in Owner::FORMS {
        for cpu in cpus() {
            let witness = Witness::new()?;

            witness.slow.set();
            witness.let_drop(form(&witness)?);
            check_eq!(t, on_cpu(cpu, || witness.schedule_victim()), Ok(true));
            witness.check_dropped_after(t, 1);
        }
    }
    Ok(())
}

/// The same, but it has scheduled itself before: that run may take place, and no other.
fn own_handler_that_reschedules(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;

        witness.slow.set();
        witness.again.set();
        witness.let_drop(form(&witness)?);
        check!(t, witness.schedule_victim());
        witness.check_dropped(t);
        check!(t, witness.runs.get() > 0);
    }
    Ok(())
}

/// The handler drops the owner of another one of its kind, which is pending behind it on the same CPU.
fn other_handler(t: &Test) -> Result {
    for forms in [Owner::TASKLETS, Owner::WORKS] {
        for form in forms {
            dropped_by_other_handler(t, forms[0], form)?;
        }
    }
    Ok(())
}

fn dropped_by_other_handler(t: &Test, killers: Form, form: Form) -> Result {
    let killer = Witness::new()?;
    let killer_owner = killers(&killer)?;

    // With PREEMPT_RT the killer may be early.
    t.wait(|| {
        let Ok(witness) = Witness::new() else {
            return false;
        };
        let Ok(owner) = form(&witness) else {
            return false;
        };
        killer.let_drop(owner);
        Context::BhDisable.run(|| {
            check!(t, killer_owner.schedule());
            killer.schedule_victim();
        });
        witness.check_dropped(t);
        killer.pending_victims.get() != 0
    });
    check!(t, killer.pending_victims.get() != 0);
    drop(killer_owner);
    killer.check_dropped(t);
    Ok(())
}

/// The interrupt interrupts the handler whose owner it drops.
fn interrupted_handler(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;

        witness.slow.set();
        witness.interrupt.set();
        witness.let_drop(form(&witness)?);
        check!(t, witness.schedule_victim());
        witness.check_dropped_after(t, 1);
    }
    Ok(())
}

/// More at once than the work item can release one by one between two drops.
fn many(t: &Test) -> Result {
    const COUNT: u32 = 100;
    let witness = Witness::new()?;
    let mut owners = KVec::new();

    for i in 0..COUNT {
        let form = Owner::FORMS[i as usize % Owner::FORMS.len()];
        owners.push(form(&witness)?, GFP_KERNEL)?;
    }
    for owner in &owners {
        check!(t, owner.schedule());
    }
    Context::Hardirq.run(|| owners.clear());
    wait!(t, witness.drops.get() == COUNT);
    check_eq!(t, witness.left.get(), COUNT);
    Ok(())
}
