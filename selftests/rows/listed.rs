// SPDX-License-Identifier: GPL-2.0

//! `listed`: `rust_tasklet/tasklets` in debugfs shows each tasklet and each BH work in service, with its state, its
//! disable depth, its module and its handler.
//!
//! This brings tasklets into each state and leaves them there. The runner looks for them in the list.

use harness::prelude::*;
use rust_tasklet::{
    BhWorkBox,
    TaskletBox,
    TaskletHandle, //
};

#[path = "../harness/witness.rs"]
pub mod witness;

use witness::{
    BhNic,
    Nic,
    Witness, //
};

suite! {
    "listed",
    "Tasklets in each state, to be found in debugfs",
    [idle, disabled, pending, running, parked, embedded, statics, unused, dropped, bh_works, bh_running]
}

/// Declares handlers that do nothing.
macro_rules! handlers {
    ($($name:ident),*) => {$(
        struct $name;

        impl<C: BottomHalfContext> TaskletHandler<C> for $name {
            fn run(&self, _cx: &C) {}
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
    DroppedInPlace,
    BhIdle,
    BhPending,
    BhParked
);

fn run_once<H, C: Kind>(t: &Test, tasklet: &BottomHalf<H, C>) {
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

/// Works are in the same list.
fn bh_works(t: &Test) -> Result {
    let idle = BhWorkBox::new(BhIdle, GFP_KERNEL)?;
    let pending = BhWorkBox::new(BhPending, GFP_KERNEL)?;
    let parked = BhWorkBox::new(BhParked, GFP_KERNEL)?;

    t.leaks(2);
    run_once(t, &idle);
    run_once(t, &parked);
    pending.disable()?.keep();
    check!(t, pending.schedule());
    check_eq!(t, parked.kill(), Ok(()));
    forget((idle, pending, parked));
    Ok(())
}

fn bh_running(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = TaskletHandle::<_, 0, BhContext>::activate(BhNic::new(&witness)?)?;

    t.leaks(1);
    witness.slow.set();
    witness.again.set();
    check_eq!(t, on_cpu(2, || nic.rx.schedule()), Ok(true));
    forget(nic);
    Ok(())
}
