// SPDX-License-Identifier: GPL-2.0

//! `listed`: `rust_tasklet/tasklets` in debugfs shows each tasklet in service, with its state, its disable
//! depth, its module and its handler.
//!
//! This brings tasklets into each state and leaves them there. The runner looks for them in the list.

use harness::prelude::*;
use rust_tasklet::{
    TaskletBox,
    TaskletHandle, //
};

#[path = "../harness/witness.rs"]
pub mod witness;

use witness::{
    Nic,
    Witness, //
};

suite! {
    "listed",
    "Tasklets in each state, to be found in debugfs",
    [idle, disabled, pending, running, parked, embedded, statics, unused, dropped]
}

/// Declares handlers that do nothing.
macro_rules! handlers {
    ($($name:ident),*) => {$(
        struct $name;

        impl TaskletHandler for $name {
            fn run(&self, _cx: &TaskletContext) {}
        }
    )*};
}

handlers!(
    Idle,
    Disabled2,
    Pending,
    Parked,
    Unscheduled,
    Static,
    Unused,
    Dropped,
    DroppedInPlace
);

fn run_once<H>(t: &Test, tasklet: &Tasklet<H>) {
    check!(t, tasklet.schedule());
    wait!(t, !tasklet.is_scheduled() && !tasklet.is_running());
}

fn once<H: TaskletHandler + Send + 'static>(t: &Test, handler: H) -> Result<TaskletBox<H>> {
    let tasklet = TaskletBox::new(handler, GFP_KERNEL)?;

    run_once(t, &tasklet);
    Ok(tasklet)
}

fn idle(t: &Test) -> Result {
    t.leaks(1);
    forget(once(t, Idle)?);
    Ok(())
}

fn disabled(t: &Test) -> Result {
    t.leaks(1);
    let tasklet = once(t, Disabled2)?;
    forget(tasklet.disable()?);
    tasklet.disable_nosync().keep();
    forget(tasklet);
    Ok(())
}

fn pending(t: &Test) -> Result {
    t.leaks(1);
    let tasklet = once(t, Pending)?;
    tasklet.disable()?.keep();
    check!(t, tasklet.schedule());
    forget(tasklet);
    Ok(())
}

/// Runs nearly all the time.
fn running(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = TaskletHandle::<_, 0>::activate(Nic::new(&witness)?)?;

    t.leaks(1);
    witness.slow.set();
    witness.again.set();
    check_eq!(t, on_cpu(3, || nic.rx.schedule()), Ok(true));
    forget(nic);
    Ok(())
}

/// Out of service, so not in the list.
fn parked(t: &Test) -> Result {
    let tasklet = once(t, Parked)?;
    check_eq!(t, tasklet.kill(), Ok(()));
    forget(tasklet);
    Ok(())
}

/// Live, and never scheduled.
fn embedded(t: &Test) -> Result {
    let uart = witness::Uart::new(&Witness::new()?)?;

    t.leaks(1);
    forget(TaskletHandle::<_, 1>::activate(uart)?);
    Ok(())
}

static_tasklet! {
    static UNSCHEDULED: Tasklet<Unscheduled> = Unscheduled;
    static STATIC: Tasklet<Static> = Static, disabled;
}

fn statics(t: &Test) -> Result {
    t.leaks(1);
    check!(t, !UNSCHEDULED.is_scheduled());
    check!(t, STATIC.schedule());
    Ok(())
}

/// Never scheduled, so not in the list.
fn unused(t: &Test) -> Result {
    let tasklet = TaskletBox::new(Unused, GFP_KERNEL)?;

    check!(t, !tasklet.is_parked());
    forget(tasklet);
    Ok(())
}

/// One is dropped with its owner, the other one in place.
fn dropped(t: &Test) -> Result {
    drop(once(t, Dropped)?);

    let in_place = KBox::pin_init(Tasklet::new(DroppedInPlace), GFP_KERNEL)?;
    run_once(t, &in_place);
    Ok(())
}
