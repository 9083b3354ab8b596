// SPDX-License-Identifier: GPL-2.0

//! `misuse`: each mistake that is a bug with C tasklets is harmless here, or returns an error.
//!
//! A case is named after the class of bug and the fault: the letter is that of
//! `docs/bug-classes.md`. Where `faults/c/` has the same fault in C, it has the same name, and the
//! first line of the case says what happens here. Each case shows that the situation arose before it
//! looks at the outcome.

use harness::prelude::*;
use kernel::sync::ArcBorrow;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletBox,
    TaskletCallback,
    TaskletHandle, //
};

#[path = "../harness/witness.rs"]
pub mod witness;

use witness::{
    while_held,
    Nic,
    Owner,
    Payload,
    Witness, //
};

suite! {
    "misuse",
    "What is a bug with C tasklets is harmless",
    both [
        d_synchronize_in_softirq,
        d_synchronize_in_hardirq,
        f_kill_in_own_handler,
        f_kill_in_softirq,
        f_kill_in_hardirq,
        g_disable_in_softirq,
        g_disable_in_hardirq,
        g_disable_in_own_handler,
        o_unbalanced_enable,
    ],
    // Those that make an owner of each form do so for both kinds.
    [
        a_freed_while_pending,
        a_freed_while_running,
        a_freed_under_schedules,
        b_scheduled_after_kill,
        b_source_still_fires,
        b_cycle,
        c_freed_in_own_handler,
        c_freed_under_own_handler,
        c_last_reference_in_handler,
        e_kill_disabled_and_scheduled,
        e_kill_self_rescheduling,
        e_drop_self_rescheduling,
        e_forgotten_guard,
        e_pending_on_offline_cpu,
        f_dropped_in_hardirq,
        f_dropped_in_other_handler,
        f_dropped_under_preempt_disable,
        f_dropped_under_spinlock,
        f_dropped_under_rcu,
        h_scheduled_before_setup,
        h_static_first_schedule,
        h_two_handles,
        k_guard_left_in_handler,
    ]
}

// ---- A: not killed ----

/// Dropping the owner lets the pending run happen, waits for it, and drops the data once.
fn a_freed_while_pending(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        let owner = Arc::new(owner, GFP_KERNEL)?;
        let dropped = Flag::new();

        scope(|s| {
            let dropped = &dropped;
            let lent = owner.clone();
            let kept = keep_pending(t, s, move || {
                check!(t, lent.schedule());
                // Not the last reference.
                drop(lent);
            })?;
            check!(t, owner.is_scheduled());
            let dropper = s.spawn_watched(2, move || {
                drop(owner);
                dropped.set();
            })?;
            dropper.check_blocked(t, dropped);
            check_eq!(t, (witness.runs.get(), witness.drops.get()), (0, 0));
            drop(kept);
            wait!(t, dropped.is_set());
            check_eq!(t, witness.drops.get(), 1);
            Ok::<(), Error>(())
        })?;
        witness.check_dropped_after(t, 1);
        Ok(())
    })
}

/// Dropping the owner waits for the handler that runs on another CPU.
fn a_freed_while_running(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        let dropped = Flag::new();

        scope(|s| {
            while_held(t, owner, &witness, |owner| {
                let dropper = s.spawn_watched(2, || {
                    drop(owner);
                    dropped.set();
                })?;
                dropper.check_blocked(t, &dropped);
                check_eq!(t, witness.drops.get(), 0);
                Ok::<(), Error>(())
            })??;
            wait!(t, dropped.is_set());
            Ok::<(), Error>(())
        })?;
        witness.check_dropped_after(t, 1);
        Ok(())
    })
}

/// In how many kills there must have been schedules, how many of them, and in how many kills that must arise.
const MEETINGS: u32 = 20;
const MANY: u32 = 4;
const LIMIT: usize = 1000;

/// Dropping the handle ends all runs, while four CPUs continue to schedule.
fn a_freed_under_schedules(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;
    let (stop, attempts) = (Flag::new(), Counter::new());
    let mut met = [0; 2];

    // One that never had a handle would be reported.
    drop(TaskletHandle::<_, 0>::activate(nic.clone())?);
    scope(|s| {
        let _stop = stop.set_on_drop();
        for cpu in cpus() {
            let (nic, stop, attempts) = (nic.clone(), &stop, &attempts);
            s.spawn(cpu, move || {
                while !stop.is_set() {
                    nic.rx.schedule();
                    attempts.add(1);
                    // CPU 0 is also for the case itself.
                    if cpu == 0 {
                        temptation();
                    }
                }
            })?;
        }
        for round in 0..LIMIT {
            let runs = witness.runs.get();
            let handle = TaskletHandle::<_, 0>::activate(nic.clone())?;
            wait!(t, witness.runs.get() > runs);
            let before = attempts.get();
            if round % 2 == 0 {
                drop(handle);
                check!(t, !nic.rx.is_running());
            } else {
                Context::Hardirq.run(move || drop(handle));
                wait!(t, nic.rx.is_parked());
            }
            met[round % 2] += u32::from(attempts.get() > before + MANY);
            let (runs, before) = (witness.runs.get(), attempts.get());
            wait!(t, attempts.get() > before + 20);
            check_eq!(t, witness.runs.get(), runs);
            // A release that was deferred gives the tasklet back a moment after it is parked.
            wait!(t, has_no_handle(&nic));
            if t.failed() || (round >= 30 && met.iter().all(|&met| met >= MEETINGS)) {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    // Both drops have met schedules.
    check!(t, met.iter().all(|&met| met >= MEETINGS), "but {:?}", met);
    check_eq!(t, witness.drops.get(), 0);
    drop(nic);
    witness.check_dropped(t);
    Ok(())
}

fn has_no_handle(nic: &Arc<Nic>) -> bool {
    TaskletHandle::<_, 0>::activate(nic.clone()).is_ok()
}

// ---- B: killed, then scheduled again ----

/// Scheduling during and after a kill, from four CPUs, does nothing until the tasklet is revived.
fn b_scheduled_after_kill(t: &Test) -> Result {
    let tasklet = probe::<TaskletContext>()?;
    let probe = tasklet.handler();
    let (stop, attempts, queued) = (Flag::new(), Counter::new(), Counter::new());
    let mut met = 0;

    scope(|s| {
        let _stop = stop.set_on_drop();
        for cpu in cpus() {
            let (tasklet, stop, attempts, queued) = (&tasklet, &stop, &attempts, &queued);
            s.spawn(cpu, move || {
                while !stop.is_set() {
                    queued.add(u32::from(tasklet.schedule()));
                    attempts.add(1);
                    // CPU 0 is also for the kill.
                    if cpu == 0 {
                        temptation();
                    }
                }
            })?;
        }
        for _ in 0..LIMIT {
            let runs = probe.runs();
            wait!(t, probe.runs() > runs);
            let before = attempts.get();
            check_eq!(t, tasklet.kill(), Ok(()));
            met += u32::from(attempts.get() > before + MANY);
            let (runs, all, before) = (probe.runs(), queued.get(), attempts.get());
            wait!(t, attempts.get() > before + 20);
            check_eq!(t, probe.runs(), runs);
            // A thread may be between its call and its count.
            check!(t, queued.get() <= all + 4);
            check!(t, tasklet.revive());
            if t.failed() || met >= MEETINGS {
                break;
            }
        }
        Ok::<(), Error>(())
    })?;
    check!(t, met >= MEETINGS, "but {}", met);
    check_eq!(t, tasklet.kill(), Ok(()));
    check_eq!(t, probe.runs(), queued.get());
    probe.check_sane(t);
    Ok(())
}

/// The interrupt continues to schedule a tasklet that its handle has parked: nothing runs, and nothing is freed
/// before the interrupt's own reference is dropped.
fn b_source_still_fires(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;
    let handle = TaskletHandle::<_, 0>::activate(nic.clone())?;
    let (stop, fires) = (Flag::new(), Counter::new());

    scope(|s| {
        let _stop = stop.set_on_drop();
        let (stop, fires) = (&stop, &fires);
        s.spawn(1, move || {
            storm(
                100,
                || {
                    fires.add(1);
                    nic.rx.schedule();
                },
                || {
                    t.wait(|| stop.is_set());
                },
            );
            // The last reference.
            drop(nic);
        })?;
        wait!(t, witness.runs.get() > 20);
        drop(handle);
        let (runs, before) = (witness.runs.get(), fires.get());
        wait!(t, fires.get() > before + 100);
        check_eq!(t, (witness.runs.get(), witness.left.get()), (runs, runs));
        check_eq!(t, witness.drops.get(), 0);
        Ok::<(), Error>(())
    })?;
    witness.check_dropped(t);
    Ok(())
}

/// Two tasklets that schedule each other.
#[pin_data]
struct Cycle {
    #[pin]
    ping: EmbeddedTasklet<Self, 0>,
    #[pin]
    pong: EmbeddedTasklet<Self, 1>,
    payload: Payload,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0> for Cycle { self.ping }
    impl HasTasklet<Self, 1> for Cycle { self.pong }
}

impl TaskletCallback<0> for Cycle {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, cx: &TaskletContext) {
        this.payload.run(cx);
        this.pong.schedule();
    }
}

impl TaskletCallback<1> for Cycle {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {
        this.ping.schedule();
    }
}

/// Dropping the handles, in any order and context, breaks a cycle of tasklets that schedule each other.
fn b_cycle(t: &Test) -> Result {
    for ping_first in [true, false] {
        for context in [Context::Task, Context::Softirq, Context::Hardirq] {
            let witness = Witness::new()?;
            let payload = Payload(witness.clone());
            let cycle = Arc::pin_init(
                pin_init!(Cycle {
                    ping <- Tasklet::embedded(),
                    pong <- Tasklet::embedded(),
                    payload,
                }),
                GFP_KERNEL,
            )?;
            let ping = TaskletHandle::<_, 0>::activate(cycle.clone())?;
            let pong = TaskletHandle::<_, 1>::activate(cycle.clone())?;

            check_eq!(t, on_cpu(1, || cycle.ping.schedule()), Ok(true));
            wait!(t, witness.runs.get() > 20);
            drop(cycle);
            context.run(move || {
                if ping_first {
                    drop(ping);
                    drop(pong);
                } else {
                    drop(pong);
                    drop(ping);
                }
            });
            witness.check_dropped(t);
        }
    }
    Ok(())
}

// ---- C: freed by its own handler ----

/// A handler that drops its own owner continues; the memory is freed after it has returned.
fn c_freed_in_own_handler(t: &Test) -> Result {
    for form in Owner::FORMS {
        let witness = Witness::new()?;

        witness.slow.set();
        witness.let_drop(form(&witness)?);
        check!(t, witness.schedule_victim());
        witness.check_dropped_after(t, 1);
    }
    Ok(())
}

/// A thread that the handler wakes drops the owner before the handler has returned: the drop waits for it.
fn c_freed_under_own_handler(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        while_held(t, owner, &witness, |owner| {
            Context::PreemptDisable.run(|| drop(owner));
            temptation();
            // The handler has not returned yet.
            check_eq!(t, (witness.left.get(), witness.drops.get()), (0, 0));
        })?;
        witness.check_dropped_after(t, 1);
        Ok(())
    })
}

/// The last `Arc`, which the handle owns, is dropped in the handler: the struct is freed after the handler.
fn c_last_reference_in_handler(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;
    let handle = TaskletHandle::activate(nic.clone())?;

    check!(t, nic.rx.schedule());
    wait!(t, witness.left.get() == 1);
    witness.slow.set();
    witness.let_drop(Owner::Shared(handle));
    drop(nic);
    // Only the handle is left, and the handler will drop it.
    check!(t, witness.schedule_victim());
    witness.check_dropped_after(t, 2);
    Ok(())
}

// ---- D: what a driver frees when it believes that no handler runs ----

fn answer_in<C: Kind, R>(
    t: &Test,
    context: Context,
    f: impl Fn(&BottomHalf<Probe, C>) -> Result<R>,
) -> Result {
    let tasklet = probe::<C>()?;

    while_running(t, &tasklet, 1, |_| {
        check!(t, tasklet.is_running());
        let answer = context.run(|| f(&tasklet).err());
        check_eq!(t, answer, Some(EWOULDBLOCK));
        check!(t, tasklet.handler().inside() && !tasklet.is_parked());
        check_eq!(t, tasklet.disable_depth(), 0);
    })?;
    // It was not changed.
    wait!(t, !tasklet.is_running());
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 2);
    Ok(())
}

/// synchronize() in softirq context returns EWOULDBLOCK at once.
fn d_synchronize_in_softirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Softirq, |tasklet| tasklet.synchronize())
}

/// synchronize() in hard interrupt context returns EWOULDBLOCK at once.
fn d_synchronize_in_hardirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Hardirq, |tasklet| tasklet.synchronize())
}

// ---- E: hangs ----

/// kill() of a disabled tasklet discards the pending run and returns.
fn e_kill_disabled_and_scheduled(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        let guard = owner.disable()?;
        check!(t, owner.schedule() && owner.is_scheduled());
        check_eq!(t, owner.kill(), Ok(()));
        check!(t, !owner.is_scheduled());
        drop(guard);
        witness.check_quiet(t);
        check_eq!(t, witness.runs.get(), 0);
        drop(owner);
        witness.check_dropped_after(t, 0);
        Ok(())
    })
}

fn end_self_rescheduling(t: &Test, end: impl Fn(Owner)) -> Result {
    Owner::each(|witness, owner| {
        witness.again.set();
        check_eq!(t, on_cpu(1, || owner.schedule()), Ok(true));
        wait!(t, witness.runs.get() > 20);
        end(owner);
        witness.check_dropped(t);
        Ok(())
    })
}

/// kill() of a tasklet that always schedules itself returns after one more run at most.
fn e_kill_self_rescheduling(t: &Test) -> Result {
    end_self_rescheduling(t, |owner| {
        check_eq!(t, owner.kill(), Ok(()));
        check!(t, !owner.is_scheduled());
    })
}

/// Dropping a tasklet that always schedules itself returns, in hard interrupt context too.
fn e_drop_self_rescheduling(t: &Test) -> Result {
    end_self_rescheduling(t, drop)?;
    end_self_rescheduling(t, |owner| Context::Hardirq.run(move || drop(owner)))
}

/// A guard that was forgotten leaves the tasklet disabled, and dropping the owner returns.
fn e_forgotten_guard(t: &Test) -> Result {
    Owner::each(|witness, owner| {
        forget(owner.disable()?);
        check!(t, owner.schedule());
        drain();
        check!(t, owner.is_scheduled());
        drop(owner);
        witness.check_dropped_after(t, 0);
        Ok(())
    })
}

/// A tasklet that is pending on a CPU that goes offline can be dropped and released.
fn e_pending_on_offline_cpu(t: &Test) -> Result {
    let victim = cpus().last().filter(|&cpu| cpu > 0).ok_or(ENODEV)?;

    for context in [Context::Task, Context::Hardirq] {
        let (disabled, restless) = (Witness::new()?, Witness::new()?);
        let (first, second) = (Owner::heap(&disabled)?, Owner::shared(&restless)?);

        forget(first.disable()?);
        restless.again.set();
        let queued = on_cpu(victim, || (first.schedule(), second.schedule()));
        check_eq!(t, queued, Ok((true, true)));
        wait!(t, restless.runs.get() > 5);
        set_online(victim, false)?;
        check!(t, first.is_scheduled());
        let runs = restless.runs.get();
        wait!(t, restless.runs.get() > runs);
        context.run(move || {
            drop(first);
            drop(second);
        });
        disabled.check_dropped_after(t, 0);
        restless.check_dropped(t);
        set_online(victim, true)?;
    }
    Ok(())
}

// ---- F: killed or dropped in atomic context ----

/// The results when a handler tries to stop its own tasklet.
#[pin_data]
struct Suicide<C: Kind> {
    #[pin]
    rx: EmbeddedTasklet<Self, 0, C>,
    tries: Counter,
    kills: Counter,
    disables: Counter,
    synchronizes: Counter,
}

impl_has_tasklet! {
    impl{C: Kind} HasTasklet<Self, 0, C> for Suicide<C> { self.rx }
}

impl<C: Kind> TaskletCallback<0, C> for Suicide<C> {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, cx: &C) {
        let count = |counter: &Counter, answer: Option<Error>| {
            counter.add(u32::from(answer == Some(EWOULDBLOCK)));
        };
        count(&this.kills, this.rx.kill().err());
        count(&this.disables, this.rx.disable().err());
        count(&this.synchronizes, this.rx.synchronize().err());
        if this.tries.add(1) == 0 {
            // It is still in service.
            cx.again(false);
        }
    }
}

fn suicide<C: Kind>(t: &Test, refused: impl Fn(&Suicide<C>) -> u32) -> Result {
    let suicide = Arc::pin_init(
        pin_init!(Suicide {
            rx <- EmbeddedTasklet::embedded(),
            tries: Counter::new(),
            kills: Counter::new(),
            disables: Counter::new(),
            synchronizes: Counter::new(),
        }),
        GFP_KERNEL,
    )?;
    let handle = TaskletHandle::<_, 0, C>::activate(suicide)?;

    check!(t, handle.rx.schedule());
    wait!(t, handle.tries.get() == 2);
    check_eq!(t, refused(&handle), 2);
    check_eq!(t, handle.rx.disable_depth(), 0);
    check!(t, !handle.rx.is_parked());
    Ok(())
}

/// kill() in the own handler returns EWOULDBLOCK and changes nothing.
fn f_kill_in_own_handler<C: Kind>(t: &Test) -> Result {
    suicide::<C>(t, |suicide| suicide.kills.get())
}

/// kill() in softirq context returns EWOULDBLOCK and changes nothing.
fn f_kill_in_softirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Softirq, |tasklet| tasklet.kill())
}

/// kill() in hard interrupt context returns EWOULDBLOCK and changes nothing.
fn f_kill_in_hardirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Hardirq, |tasklet| tasklet.kill())
}

/// Drops a box in `context` while its handler runs on another CPU, and while it is pending.
fn dropped_in(t: &Test, context: Context) -> Result {
    let (running, pending) = (Witness::new()?, Witness::new()?);

    while_held(t, Owner::heap(&running)?, &running, |owner| {
        context.run(move || drop(owner));
        check_eq!(t, running.drops.get(), 0);
    })?;
    running.check_dropped_after(t, 1);

    let owner = TaskletBox::new(Payload(pending.clone()), GFP_KERNEL)?;
    owner.disable()?.keep();
    check!(t, owner.schedule());
    context.run(move || drop(owner));
    pending.check_dropped_after(t, 0);
    Ok(())
}

/// The drop returns at once; the release follows in process context, after the last run.
fn f_dropped_in_hardirq(t: &Test) -> Result {
    dropped_in(t, Context::Hardirq)
}

/// The drop returns at once; the release follows in process context, after the last run.
fn f_dropped_in_other_handler(t: &Test) -> Result {
    let (killer, victim) = (Witness::new()?, Witness::new()?);
    let owner = Owner::heap(&killer)?;

    // `Context::Softirq` is a handler as well, but one of C.
    dropped_in(t, Context::Softirq)?;
    while_held(t, Owner::heap(&victim)?, &victim, |running| {
        killer.let_drop(running);
        check!(t, owner.schedule());
        wait!(t, killer.left.get() == 1);
        check_eq!(t, (victim.left.get(), victim.drops.get()), (0, 0));
    })?;
    victim.check_dropped_after(t, 1);
    drop(owner);
    killer.check_dropped_after(t, 1);
    Ok(())
}

/// The drop returns at once; the release follows when preemption is possible.
fn f_dropped_under_preempt_disable(t: &Test) -> Result {
    dropped_in(t, Context::PreemptDisable)
}

/// The drop returns at once; the release follows outside the lock.
fn f_dropped_under_spinlock(t: &Test) -> Result {
    dropped_in(t, Context::SpinLock)?;
    dropped_in(t, Context::RawSpinLock)
}

/// The drop returns at once; the release follows outside the critical section.
fn f_dropped_under_rcu(t: &Test) -> Result {
    dropped_in(t, Context::RcuReadLock)
}

// ---- G: disabled in atomic context ----

/// disable() in softirq context returns EWOULDBLOCK and leaves the tasklet enabled.
fn g_disable_in_softirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Softirq, |tasklet| tasklet.disable().map(|_| ()))
}

/// disable() in hard interrupt context returns EWOULDBLOCK and leaves the tasklet enabled.
fn g_disable_in_hardirq<C: Kind>(t: &Test) -> Result {
    answer_in::<C, _>(t, Context::Hardirq, |tasklet| tasklet.disable().map(|_| ()))
}

/// disable() in the own handler returns EWOULDBLOCK and leaves the tasklet enabled.
fn g_disable_in_own_handler<C: Kind>(t: &Test) -> Result {
    suicide::<C>(t, |suicide| suicide.disables.get())?;
    suicide::<C>(t, |suicide| suicide.synchronizes.get())
}

// ---- H: used before it is set up ----

/// Scheduling an embedded tasklet that has no handle yet does nothing.
fn h_scheduled_before_setup(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;

    check!(t, nic.rx.is_parked());
    for context in [Context::Task, Context::Softirq, Context::Hardirq] {
        check!(
            t,
            !context.run(|| nic.rx.schedule() || nic.rx.hi_schedule())
        );
    }
    check_eq!(t, nic.rx.kill(), Ok(()));
    witness.check_quiet(t);
    // The schedule that came too early has no effect later.
    let handle = TaskletHandle::<_, 0>::activate(nic)?;
    witness.check_quiet(t);
    check_eq!(t, witness.runs.get(), 0);
    check!(t, handle.rx.schedule());
    drop(handle);
    witness.check_dropped_after(t, 1);
    Ok(())
}

/// A static tasklet is live on its first schedule: there is nothing to forget.
fn h_static_first_schedule(t: &Test) -> Result {
    static_tasklet! {
        static FIRST: Tasklet<Probe> = Probe::new();
        static FIRST_DISABLED: Tasklet<Probe> = Probe::new(), disabled;
    }

    check!(t, !FIRST.is_parked() && !FIRST.is_scheduled());
    check!(t, FIRST.schedule());
    wait!(t, FIRST.handler().left() == 1);
    check_eq!(t, FIRST.kill(), Ok(()));
    check!(t, !FIRST.schedule());

    check!(t, FIRST_DISABLED.hi_schedule());
    drain();
    check!(t, FIRST_DISABLED.is_scheduled());
    check_eq!(t, FIRST_DISABLED.handler().runs(), 0);
    check_eq!(t, FIRST_DISABLED.enable(), Ok(()));
    wait!(t, FIRST_DISABLED.handler().left() == 1);
    check_eq!(t, FIRST_DISABLED.kill(), Ok(()));
    Ok(())
}

/// A tasklet that has a handle does not get a second one: EBUSY, and the first is untouched.
fn h_two_handles(t: &Test) -> Result {
    let witness = Witness::new()?;
    let nic = Nic::new(&witness)?;
    let handle = TaskletHandle::<_, 0>::activate(nic.clone())?;

    check_eq!(
        t,
        TaskletHandle::<_, 0>::activate(nic.clone()).err(),
        Some(EBUSY)
    );
    // Killed, it still has its handle.
    check_eq!(t, nic.rx.kill(), Ok(()));
    check_eq!(
        t,
        TaskletHandle::<_, 0>::activate(nic.clone()).err(),
        Some(EBUSY)
    );
    check!(t, handle.revive() && nic.rx.schedule());
    wait!(t, witness.left.get() == 1);
    drop(handle);
    check!(t, has_no_handle(&nic));
    drop(nic);
    witness.check_dropped_after(t, 1);
    Ok(())
}

// ---- K: a handler that keeps its CPU ----

/// A handler that leaves its own tasklet disabled does not run until it is enabled, and kill()
/// returns.
fn k_guard_left_in_handler(t: &Test) -> Result {
    static RUNS: Counter = Counter::new();

    struct Nosync;

    impl TaskletHandler for Nosync {
        fn run(&self, cx: &TaskletContext) {
            RUNS.add(1);
            NOSYNC.disable_nosync().keep();
            cx.schedule();
        }
    }

    static_tasklet! {
        static NOSYNC: Tasklet<Nosync> = Nosync;
    }

    check!(t, NOSYNC.schedule());
    wait!(t, RUNS.get() == 1);
    drain();
    check_eq!(t, RUNS.get(), 1);
    check!(t, NOSYNC.is_scheduled());
    check_eq!(t, NOSYNC.enable(), Ok(()));
    wait!(t, RUNS.get() == 2 && NOSYNC.disable_depth() == 1);
    check_eq!(t, NOSYNC.kill(), Ok(()));
    check_eq!(t, RUNS.get(), 2);
    check_eq!(t, NOSYNC.enable(), Ok(()));
    Ok(())
}

// ---- O: the state of a tasklet overwritten ----

/// enable() without a disable returns EINVAL, and the tasklet still runs.
fn o_unbalanced_enable<C: Kind>(t: &Test) -> Result {
    let tasklet = probe::<C>()?;

    for _ in 0..3 {
        check_eq!(t, tasklet.enable(), Err(EINVAL));
    }
    tasklet.disable()?.keep();
    check_eq!(t, tasklet.enable(), Ok(()));
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    // An enable does not take the depth of a guard.
    let guard = tasklet.disable()?;
    check_eq!(t, tasklet.enable(), Err(EINVAL));
    drop(guard);
    check_eq!(t, tasklet.disable_depth(), 0);
    check!(t, tasklet.schedule());
    wait!(t, tasklet.handler().left() == 1);
    check_eq!(t, tasklet.kill(), Ok(()));
    Ok(())
}
