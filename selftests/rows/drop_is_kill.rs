// SPDX-License-Identifier: GPL-2.0

//! `drop_is_kill`: dropping an owner leaves no queued or running handler; the handler's data is
//! dropped after the last run, exactly once.
//!
//! The handler's data notes, when it is dropped, how many runs had ended. Owners of every kind are
//! dropped while their tasklet is pending, running, disabled, or reschedules itself.

use harness::prelude::*;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

suite! {
    "drop_is_kill",
    "Dropping an owner kills the tasklet, then drops the handler's data",
    both [
        pending,
        running,
        disabled_and_pending,
        reschedules_itself,
        unused,
        killed_in_atomic_context,
        shared,
        closure,
    ],
    [on_the_stack, as_a_field, bh_as_a_field]
}

/// The runs of a handler and its drop, for a test to look at afterwards.
struct Grave {
    runs: Counter,
    left: Counter,
    drops: Counter,
    left_at_drop: Counter,
    hold: Flag,
    stuck: Flag,
    reschedule: Flag,
    /// How many runs have ended, in plain loads and stores.
    unordered: Atomic<u32>,
    unordered_at_drop: Counter,
}

impl Grave {
    const fn new() -> Self {
        Self {
            runs: Counter::new(),
            left: Counter::new(),
            drops: Counter::new(),
            left_at_drop: Counter::new(),
            hold: Flag::new(),
            stuck: Flag::new(),
            reschedule: Flag::new(),
            unordered: Atomic::new(0),
            unordered_at_drop: Counter::new(),
        }
    }

    /// Forgets everything.
    fn dig(&self) {
        for counter in [
            &self.runs,
            &self.left,
            &self.drops,
            &self.left_at_drop,
            &self.unordered_at_drop,
        ] {
            counter.set(0);
        }
        self.unordered.store(0, Relaxed);
        self.hold.clear();
        self.stuck.clear();
        self.reschedule.clear();
    }

    /// Expects one drop, after `runs` runs that had all ended, and nothing since.
    fn check(&self, t: &Test, runs: u32) {
        self.check_drops(t, 1, runs);
    }

    /// The same after the last of `drops` drops.
    fn check_drops(&self, t: &Test, drops: u32, runs: u32) {
        drain();
        check!(t, !self.stuck.is_set());
        check_eq!(t, self.drops.get(), drops);
        check_eq!(t, self.left_at_drop.get(), runs);
        check_eq!(t, self.unordered_at_drop.get(), runs);
        check_eq!(t, self.runs.get(), runs);
        check_eq!(t, self.left.get(), runs);
    }
}

/// A handler that records its drop.
struct Mortal(&'static Grave);

impl Mortal {
    fn boxed<C: Kind>(grave: &'static Grave) -> Result<Made<Self, C>> {
        grave.dig();
        C::make(Self(grave))
    }

    fn shared<C: Kind>(grave: &'static Grave) -> Result<Arc<BottomHalf<Self, C>>> {
        grave.dig();
        C::make_shared(Self(grave))
    }
}

impl<C: BottomHalfContext> TaskletHandler<C> for Mortal {
    fn run(&self, cx: &C) {
        let unordered = self.0.unordered.load(Relaxed);
        self.0.runs.add(1);
        if self.0.reschedule.is_set() {
            cx.schedule();
        }
        if !spin_until(|| !self.0.hold.is_set()) {
            self.0.stuck.set();
        }
        self.0.left.add(1);
        // Last: what orders it and the drop is the tasklet alone.
        self.0.unordered.store(unordered + 1, Relaxed);
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let unordered = self.0.unordered.load(Relaxed);
        self.0.unordered_at_drop.set(unordered);
        self.0.drops.add(1);
        self.0.left_at_drop.set(self.0.left.get());
    }
}

/// Drops the last reference on CPU 2 and expects that this takes until `let_go`.
fn drop_takes_until<C: Kind>(
    t: &Test,
    grave: &Grave,
    tasklet: Arc<BottomHalf<Mortal, C>>,
    let_go: impl FnOnce(),
) -> Result {
    let dropped = Flag::new();

    scope(|s| {
        let dropped = &dropped;
        let dropper = s.spawn_watched(2, move || {
            drop(tasklet);
            dropped.set();
        })?;
        dropper.check_blocked(t, dropped);
        check_eq!(t, grave.drops.get(), 0);
        let_go();
        wait!(t, dropped.is_set());
        Ok(())
    })
}

fn pending<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::shared::<C>(&GRAVE)?;

    scope(|s| {
        let lent = tasklet.clone();
        let kept = keep_pending(t, s, move || {
            check!(t, lent.schedule());
            // Not the last reference.
            drop(lent);
        })?;
        check!(t, tasklet.is_scheduled());
        check_eq!(t, GRAVE.runs.get(), 0);
        drop_takes_until(t, &GRAVE, tasklet, || drop(kept))
    })?;
    GRAVE.check(t, 1);
    Ok(())
}

fn running<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::shared::<C>(&GRAVE)?;

    GRAVE.hold.set();
    scope(|s| {
        let lent = tasklet.clone();
        s.spawn(1, move || {
            Context::BhDisable.run(|| {
                check!(t, lent.schedule());
                // Not the last reference.
                drop(lent);
            })
        })?;
        wait!(t, GRAVE.runs.get() == 1);
        check!(t, tasklet.is_running());
        drop_takes_until(t, &GRAVE, tasklet, || GRAVE.hold.clear())
    })?;
    GRAVE.check(t, 1);
    Ok(())
}

fn disabled_and_pending<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::boxed::<C>(&GRAVE)?;

    tasklet.disable()?.keep();
    check!(t, tasklet.schedule());
    check!(t, tasklet.is_scheduled());
    drop(tasklet);
    GRAVE.check(t, 0);
    Ok(())
}

fn reschedules_itself<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::boxed::<C>(&GRAVE)?;

    GRAVE.reschedule.set();
    check_eq!(t, on_cpu(1, || tasklet.schedule()), Ok(true));
    wait!(t, GRAVE.runs.get() > 20);
    drop(tasklet);
    GRAVE.check(t, GRAVE.left_at_drop.get());
    Ok(())
}

fn unused<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();

    drop(Mortal::boxed::<C>(&GRAVE)?);
    GRAVE.check(t, 0);
    Ok(())
}

/// A killed tasklet may be dropped anywhere, because there is nothing to wait for.
fn killed_in_atomic_context<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::boxed::<C>(&GRAVE)?;

    check!(t, tasklet.schedule());
    check_eq!(t, tasklet.kill(), Ok(()));
    Context::BhDisable.run(|| drop(tasklet));
    GRAVE.check(t, 1);
    Ok(())
}

/// The last of many references, in whichever thread drops it.
fn shared<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    let tasklet = Mortal::shared::<C>(&GRAVE)?;
    let schedules = Counter::new();

    scope(|s| {
        for cpu in cpus() {
            let (tasklet, schedules) = (tasklet.clone(), &schedules);
            s.spawn(cpu, move || {
                for _ in 0..200 {
                    schedules.add(u32::from(tasklet.schedule()));
                }
                drop(tasklet);
            })?;
        }
        drop(tasklet);
        Ok::<(), Error>(())
    })?;
    // None was lost.
    check!(t, schedules.get() > 0);
    GRAVE.check(t, schedules.get());
    Ok(())
}

/// Calls `schedule_and_drop`, which tells whether it found the tasklet pending right before the drop, until it often
/// has; and `check` after each, with how often that was.
fn while_pending(
    t: &Test,
    schedule_and_drop: impl Fn() -> Result<bool>,
    check: impl Fn(u32),
) -> Result {
    let mut pending = 0;

    for drops in 1..=500 {
        pending += u32::from(schedule_and_drop()?);
        check(drops);
        if pending == 5 || t.failed() {
            break;
        }
    }
    check_eq!(t, pending, 5);
    Ok(())
}

fn on_the_stack(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();

    while_pending(
        t,
        || {
            pin_init::stack_pin_init!(let tasklet = Tasklet::new(Mortal(&GRAVE)));
            check!(t, tasklet.schedule());
            Ok(tasklet.is_scheduled())
        },
        |drops| GRAVE.check_drops(t, drops, drops),
    )
}

macro_rules! as_a_field {
    ($case:ident, $type:ident) => {
        fn $case(t: &Test) -> Result {
            #[pin_data]
            struct Device {
                #[pin]
                rx: $type<Mortal>,
                #[pin]
                tx: $type<Mortal>,
            }

            static RX: Grave = Grave::new();
            static TX: Grave = Grave::new();

            while_pending(
                t,
                || {
                    let device = KBox::pin_init(
                        try_pin_init!(Device {
                            rx <- $type::new(Mortal(&RX)),
                            tx <- $type::new_disabled(Mortal(&TX)),
                        }? Error),
                        GFP_KERNEL,
                    )?;

                    check!(t, device.tx.schedule() && device.rx.schedule());
                    Ok(device.rx.is_scheduled() && device.tx.is_scheduled())
                },
                |drops| {
                    RX.check_drops(t, drops, drops);
                    TX.check_drops(t, drops, 0);
                },
            )
        }
    };
}

as_a_field!(as_a_field, Tasklet);
as_a_field!(bh_as_a_field, BhWork);

fn closure<C: Kind>(t: &Test) -> Result {
    static GRAVE: Grave = Grave::new();
    GRAVE.dig();

    while_pending(
        t,
        || {
            let mortal = Mortal(&GRAVE);
            let tasklet = C::make_fn(move |cx| mortal.run(cx))?;
            check!(t, tasklet.schedule());
            Ok(tasklet.is_scheduled())
        },
        |drops| GRAVE.check_drops(t, drops, drops),
    )
}
