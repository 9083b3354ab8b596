// SPDX-License-Identifier: GPL-2.0

//! `spinlock_bh`: threads and handlers never see data in a `SpinLockBh` half changed, on one CPU or on
//! several, and neither waits for the other for ever.
//!
//! The shared data are two numbers that change one after the other. It is not left to chance
//! that a handler on the same CPU interrupts the change: hard interrupts schedule it while the lock is held.

use harness::prelude::*;
use kernel::{
    new_condvar,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        CondVar, //
    },
};
use rust_tasklet::{
    new_spinlock_bh,
    SpinLockBh, //
};

suite! {
    "spinlock_bh",
    "Threads and handlers share data under a SpinLockBh",
    [keeps_handlers_away, counts, disables_once, try_lock, condvar, kill, get_mut, unsized_data]
}

/// How many interrupts must hit a thread that has the lock.
const MEETINGS: u32 = 50;

/// Two numbers that are equal when the lock is free.
struct Twins(u32, u32);

impl Twins {
    /// Changes both, slowly. Returns whether they were equal.
    fn step(&mut self) -> bool {
        self.step_around(|| {
            for _ in 0..20 {
                core::hint::spin_loop();
            }
        })
    }

    /// Changes both, and calls `half_way` when they differ. Returns whether they were equal.
    fn step_around(&mut self, half_way: impl FnOnce()) -> bool {
        let equal = self.0 == self.1;
        self.0 += 1;
        half_way();
        self.1 = core::hint::black_box(self.1) + 1;
        equal
    }
}

/// A handler that steps the twins, too.
struct Stepper {
    twins: Arc<SpinLockBh<Twins>>,
    started: Counter,
    runs: Counter,
    waited: Counter,
    unequal: Counter,
    depth_changed: Counter,
}

impl Stepper {
    fn new(twins: &Arc<SpinLockBh<Twins>>) -> Result<Pin<KBox<Tasklet<Self>>>> {
        KBox::pin_init(
            Tasklet::new(Self {
                twins: twins.clone(),
                started: Counter::new(),
                runs: Counter::new(),
                waited: Counter::new(),
                unequal: Counter::new(),
                depth_changed: Counter::new(),
            }),
            GFP_KERNEL,
        )
    }

    fn check_sane(&self, t: &Test) {
        check_eq!(t, self.unequal.get(), 0);
        check_eq!(t, self.depth_changed.get(), 0);
        check_eq!(t, self.started.get(), self.runs.get());
    }
}

impl TaskletHandler for Stepper {
    fn run(&self, cx: &TaskletContext) {
        let depth = bh_depth();
        self.started.add(1);
        let mut twins = match self.twins.try_lock_with(cx) {
            Some(twins) => twins,
            None => {
                self.waited.add(1);
                self.twins.lock_with(cx)
            }
        };
        // Counted after the unlock: the counters would order what the lock alone must.
        let changed = bh_depth() != depth;
        let equal = twins.step();
        drop(twins);
        self.depth_changed.add(u32::from(changed));
        self.unequal.add(u32::from(!equal));
        self.depth_changed.add(u32::from(bh_depth() != depth));
        self.runs.add(1);
    }
}

fn twins() -> Result<Arc<SpinLockBh<Twins>>> {
    Arc::pin_init(new_spinlock_bh!(Twins(0, 0), "twins"), GFP_KERNEL)
}

/// If hard interrupts schedule the handler while a thread of this CPU has the lock, it runs when the
/// thread unlocks.
fn keeps_handlers_away(t: &Test) -> Result {
    let twins = twins()?;
    let tasklet = Stepper::new(&twins)?;
    let stepper = tasklet.handler();

    // The first schedule takes another path, which is not tested here.
    tasklet.schedule();
    wait!(t, stepper.runs.get() == 1);

    let interrupts = Counter::new();
    let guard = twins.lock();
    storm(
        50,
        || {
            tasklet.schedule();
            interrupts.add(1);
        },
        || {
            check!(t, spin_until(|| interrupts.get() >= MEETINGS));
        },
    );
    check!(t, tasklet.is_scheduled() || cfg!(CONFIG_PREEMPT_RT));
    check_eq!(t, stepper.runs.get(), 1);
    // On PREEMPT_RT another thread of this CPU may start it; then it waits for the lock.
    check!(t, stepper.started.get() == 1 || cfg!(CONFIG_PREEMPT_RT));
    check_eq!(t, (guard.0, guard.1), (1, 1));
    drop(guard);
    wait!(t, stepper.runs.get() >= 2);
    drain();
    // If it was started, it could be scheduled once more.
    check!(
        t,
        stepper.runs.get() <= 2 + u32::from(cfg!(CONFIG_PREEMPT_RT))
    );
    stepper.check_sane(t);
    Ok(())
}

/// On every CPU a thread and a handler of that CPU, which interrupts schedule at any moment.
fn counts(t: &Test) -> Result {
    let twins = twins()?;
    let steps = Counter::new();
    let unequal = Counter::new();
    let mut hits = KVec::new();
    let mut tasklets = KVec::new();

    for _ in cpus() {
        hits.push(Counter::new(), GFP_KERNEL)?;
        tasklets.push(Stepper::new(&twins)?, GFP_KERNEL)?;
    }
    scope(|s| {
        for (cpu, (tasklet, hits)) in cpus().zip(tasklets.iter().zip(&hits)) {
            let (twins, steps, unequal, tasklets) = (&twins, &steps, &unequal, &tasklets);
            s.spawn(cpu, move || {
                let holding = Atomic::<u32>::new(0);
                let interrupt = || {
                    hits.add(holding.load(Relaxed));
                    tasklet.schedule();
                };
                let a_handler_waited = || {
                    tasklets
                        .iter()
                        .any(|other| other.handler().waited.get() != 0)
                };
                // Once an interrupt has hit the thread while it has the lock, and once at its own pace.
                let meets = || {
                    spin_until(|| {
                        let mut guard = twins.lock();
                        let before = hits.get();
                        holding.store(1, Relaxed);
                        let equal = guard.step_around(|| {
                            spin_until(|| hits.get() != before);
                        });
                        holding.store(0, Relaxed);
                        drop(guard);
                        unequal.add(u32::from(!equal));
                        unequal.add(u32::from(!twins.lock().step()));
                        steps.add(2);
                        hits.get() >= MEETINGS && a_handler_waited()
                    })
                };
                // A busy host may let a CPU of its VM wait for long.
                storm(100, interrupt, || {
                    if !meets() {
                        meets();
                    }
                });
            })?;
        }
        Ok::<(), Error>(())
    })?;
    drain();

    let (mut runs, mut waited) = (0, 0);
    for tasklet in &tasklets {
        tasklet.kill()?;
        tasklet.handler().check_sane(t);
        runs += tasklet.handler().runs.get();
        waited += tasklet.handler().waited.get();
    }
    let guard = twins.lock();
    check_eq!(
        t,
        (guard.0, guard.1),
        (steps.get() + runs, steps.get() + runs)
    );
    check_eq!(t, unequal.get(), 0);
    check!(t, runs > 0);
    check!(t, waited > 0);
    check!(t, hits.iter().all(|hits| hits.get() >= MEETINGS));
    Ok(())
}

/// `lock()` disables bottom halves once and undoes it once, `lock_with()` leaves them alone.
fn disables_once(t: &Test) -> Result {
    static INSIDE: Counter = Counter::new();
    static LEFT: Counter = Counter::new();
    static RUNS: Counter = Counter::new();

    let a = twins()?;
    // Another lock class: lockdep knows no order between two locks of one.
    let b = Arc::pin_init(new_spinlock_bh!(()), GFP_KERNEL)?;

    check_eq!(t, bh_depth(), 0);
    {
        let _a = a.lock();
        check_eq!(t, bh_depth(), 1);
        check!(t, !in_softirq() && !irqs_disabled());
    }
    check_eq!(t, bh_depth(), 0);
    // Guards that are dropped in the order in which they were made.
    let guard = a.lock();
    let other = b.lock();
    check_eq!(t, bh_depth(), 2);
    drop(guard);
    check_eq!(t, bh_depth(), 1);
    drop(other);
    check_eq!(t, bh_depth(), 0);
    check!(t, preemptible());

    // In the handler: that of `lock_with()` is in `Stepper`. `lock()` is right there too, but does more than needed.
    let tasklet = KBox::pin_init(
        Tasklet::from_fn(move |cx| {
            let before = bh_depth();
            let guard = a.lock();
            let inner = b.lock_with(cx);
            INSIDE.set(bh_depth() - before);
            drop(guard);
            drop(inner);
            LEFT.set(bh_depth() - before);
            RUNS.add(1);
        }),
        GFP_KERNEL,
    )?;
    tasklet.schedule();
    wait!(t, RUNS.get() == 1);
    check_eq!(t, INSIDE.get(), 1);
    check_eq!(t, LEFT.get(), 0);
    Ok(())
}

/// A lock that another CPU holds cannot be taken, and a failed try changes nothing.
fn try_lock(t: &Test) -> Result {
    let twins = twins()?;
    let tasklet = Stepper::new(&twins)?;
    let stepper = tasklet.handler();
    let held = Flag::new();
    let Some(other) = cpus().find(|&cpu| cpu != 0) else {
        t.note(fmt!("needs two CPUs"));
        return Ok(());
    };

    scope(|s| {
        s.spawn(other, || {
            let _guard = twins.lock();
            held.set();
            // The handler gets as far as the lock.
            check!(t, spin_until(|| stepper.waited.get() == 1));
            check_eq!(t, stepper.runs.get(), 0);
        })?;
        wait!(t, held.is_set());
        check!(t, twins.try_lock().is_none());
        check_eq!(t, bh_depth(), 0);
        check!(t, preemptible());
        tasklet.schedule();
        Ok::<(), Error>(())
    })?;
    wait!(t, stepper.runs.get() == 1);
    match twins.try_lock() {
        Some(guard) => {
            check_eq!(t, bh_depth(), 1);
            check_eq!(t, (guard.0, guard.1), (1, 1));
        }
        None => t.fail(file!(), line!(), fmt!("the lock is free")),
    }
    check_eq!(t, bh_depth(), 0);
    stepper.check_sane(t);
    Ok(())
}

/// A thread sleeps until the handler, on the same CPU, has done something.
fn condvar(t: &Test) -> Result {
    #[pin_data]
    struct Mailbox {
        #[pin]
        letters: SpinLockBh<u32>,
        #[pin]
        delivered: CondVar,
    }

    let mailbox = Arc::pin_init(
        pin_init!(Mailbox {
            letters <- new_spinlock_bh!(0),
            delivered <- new_condvar!(),
        }),
        GFP_KERNEL,
    )?;
    let tasklet = KBox::pin_init(
        Tasklet::from_fn({
            let mailbox = mailbox.clone();
            move |cx| {
                *mailbox.letters.lock_with(cx) += 1;
                mailbox.delivered.notify_one();
            }
        }),
        GFP_KERNEL,
    )?;

    for round in 1..=20 {
        let mut letters = mailbox.letters.lock();
        // Due here and now, if bottom halves were not disabled.
        tasklet.schedule();
        check_eq!(t, *letters, round - 1);
        while *letters < round {
            mailbox.delivered.wait(&mut letters);
            check_eq!(t, bh_depth(), 1);
        }
        check_eq!(t, *letters, round);
        drop(letters);
        check_eq!(t, bh_depth(), 0);
    }
    Ok(())
}

/// A kill waits, which the lock forbids. The lock still works afterwards.
fn kill(t: &Test) -> Result {
    let twins = twins()?;
    let tasklet = Stepper::new(&twins)?;
    let other = Arc::pin_init(new_spinlock_bh!(()), GFP_KERNEL)?;
    let stepper = tasklet.handler();

    tasklet.schedule();
    wait!(t, stepper.runs.get() == 1);
    {
        // Not one that the handler takes: lockdep would be right to complain.
        let _guard = other.lock();
        tasklet.schedule();
        check_eq!(t, tasklet.kill(), Err(EWOULDBLOCK));
        check_eq!(t, tasklet.disable().err(), Some(EWOULDBLOCK));
        check_eq!(t, tasklet.synchronize(), Err(EWOULDBLOCK));
        check!(t, !tasklet.is_parked());
    }
    tasklet.kill()?;
    check_eq!(t, stepper.runs.get(), 2);
    check!(t, twins.lock().step());
    tasklet.revive();
    tasklet.schedule();
    tasklet.kill()?;
    check_eq!(t, stepper.runs.get(), 3);
    stepper.check_sane(t);
    drop(tasklet);
    check_eq!(t, twins.lock().0, 4);
    Ok(())
}

/// A destructor can use the data without locking, also where it must not lock.
fn get_mut(t: &Test) -> Result {
    let mut twins = KBox::pin_init(new_spinlock_bh!(Twins(3, 3)), GFP_KERNEL)?;

    Context::Hardirq.run(|| {
        let mut twins = SpinLockBh::get_mut(twins.as_mut());
        check!(t, twins.step());
    });
    check_eq!(t, twins.lock().0, 4);
    // The data is at its place, whatever its alignment.
    let mut bytes = KBox::pin_init(new_spinlock_bh!([1_u8, 2, 3]), GFP_KERNEL)?;
    let unsized_bytes: Pin<&mut SpinLockBh<[u8]>> = bytes.as_mut();
    SpinLockBh::get_mut(unsized_bytes)[1] = 7;
    check_eq!(t, *bytes.lock(), [1, 7, 3]);
    Ok(())
}

/// Data whose size depends on its value.
fn unsized_data(t: &Test) -> Result {
    let array: Pin<KBox<SpinLockBh<[u32; 3]>>> =
        KBox::pin_init(new_spinlock_bh!([1, 2, 3]), GFP_KERNEL)?;
    let slice: &SpinLockBh<[u32]> = &*array;

    slice.lock()[1] = 5;
    let sum = Context::Task.run(|| slice.lock().iter().sum::<u32>());
    check_eq!(t, sum, 9);
    Ok(())
}
