// SPDX-License-Identifier: GPL-2.0

//! For all tests of owners: an owner of every form, whose payload tells a [`Witness`] when it
//! ran, and when and where it was dropped.

// Of functions that `#[pin_data]` makes, which clippy takes for ours where a macro of ours has the struct.
#![allow(clippy::missing_safety_doc)]

use harness::prelude::*;
use kernel::{
    new_spinlock,
    sync::{
        ArcBorrow,
        SpinLock, //
    },
    time::{
        delay::udelay,
        Delta, //
    },
};
use rust_tasklet::{
    impl_has_tasklet,
    BhWorkBox,
    EmbeddedTasklet,
    TaskletBox,
    TaskletCallback,
    TaskletHandle, //
};

/// The counter in the harness that [`Payload`]s count their runs in.
pub const RUNS: u32 = 4;
/// The counter in the harness that [`Payload`]s count their drops in.
pub const DROPS: u32 = 5;
/// The counter in the harness of the payloads that were made and not forgotten.
pub const MADE: u32 = 6;

/// The counter in the harness that counts how often `unload_fixture` was loaded to keep the CPUs busy.
pub const ROUNDS: u32 = 7;

/// The counter in the harness of the unloads of `unload_fixture` that began to wait before all releases were over.
pub const LATE: u32 = 10;

/// A record of what happened to a payload. It outlives the payload.
#[pin_data]
pub struct Witness {
    /// Runs that have begun.
    pub runs: Counter,
    /// Runs that have ended.
    pub left: Counter,
    /// How often the payload was dropped.
    pub drops: Counter,
    left_at_drop: Counter,
    dropped_atomically: Counter,
    ran_after_drop: Counter,
    /// Keeps runs from ending.
    pub hold: Flag,
    /// A run was kept for too long, and has ended.
    stuck: Flag,
    /// Makes each run schedule the next.
    pub again: Flag,
    /// Makes runs take 50 milliseconds.
    pub slow: Flag,
    /// Makes the drop of the payload take its time.
    pub linger: Flag,
    /// Makes the next run drop its victim in an interrupt on top of it.
    pub interrupt: Flag,
    /// Makes the next run forget its victim instead.
    pub forget: Flag,
    /// How many victims the runs have dropped or forgotten.
    pub victims: Counter,
    /// How many of them were pending.
    pub pending_victims: Counter,
    /// An owner that the next run drops: its own, or that of another payload.
    #[pin]
    victim: SpinLock<Option<Owner>>,
    /// An owner on its way from one thread to another.
    #[pin]
    handed: SpinLock<Option<Owner>>,
}

impl Witness {
    /// A witness that has seen nothing.
    pub fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                runs: Counter::new(),
                left: Counter::new(),
                drops: Counter::new(),
                left_at_drop: Counter::new(),
                dropped_atomically: Counter::new(),
                ran_after_drop: Counter::new(),
                hold: Flag::new(),
                stuck: Flag::new(),
                again: Flag::new(),
                slow: Flag::new(),
                linger: Flag::new(),
                interrupt: Flag::new(),
                forget: Flag::new(),
                victims: Counter::new(),
                pending_victims: Counter::new(),
                victim <- new_spinlock!(None),
                handed <- new_spinlock!(None),
            }),
            GFP_KERNEL,
        )
    }

    /// The next run drops `owner`.
    pub fn let_drop(&self, owner: Owner) {
        // Handlers take this lock.
        Context::BhDisable.run(|| *self.victim.lock() = Some(owner));
    }

    /// Schedules the owner that the next run drops.
    pub fn schedule_victim(&self) -> bool {
        Context::BhDisable.run(|| self.victim.lock().as_ref().is_some_and(Owner::schedule))
    }

    /// Expects that the payload was dropped once, in process context, after the end of the last run.
    pub fn check_dropped(&self, t: &Test) {
        wait!(t, self.drops.get() != 0);
        let runs = self.runs.get();
        drain();
        check_eq!(t, self.drops.get(), 1);
        check_eq!(t, self.dropped_atomically.get(), 0);
        check_eq!(t, self.left_at_drop.get(), runs);
        check_eq!(t, self.runs.get(), runs);
        check_eq!(t, self.left.get(), runs);
        check_eq!(t, self.ran_after_drop.get(), 0);
        check!(t, !self.stuck.is_set());
    }

    /// The same, after exactly `runs` runs.
    pub fn check_dropped_after(&self, t: &Test, runs: u32) {
        self.check_dropped(t);
        check_eq!(t, self.runs.get(), runs);
    }

    /// Expects that the payload is there, and does not run.
    pub fn check_quiet(&self, t: &Test) {
        let runs = self.runs.get();
        drain();
        check_eq!(t, self.runs.get(), runs);
        check_eq!(t, self.left.get(), runs);
        check_eq!(t, self.drops.get(), 0);
        check!(t, !self.stuck.is_set());
    }
}

/// The data of a handler: tells its witness of each run and of its end.
pub struct Payload(pub Arc<Witness>);

impl Payload {
    /// A run, of whatever has the payload.
    pub fn run<C: BottomHalfContext>(&self, cx: &C) {
        let witness = &*self.0;

        witness.runs.add(1);
        tally(RUNS, 1);
        witness.ran_after_drop.add(witness.drops.get());
        if witness.again.is_set() {
            cx.schedule();
        }
        if !spin_until(|| !witness.hold.is_set()) {
            witness.stuck.set();
        }
        let victim = witness.victim.lock().take();
        if let Some(victim) = victim {
            let pending = victim.is_scheduled();
            witness.pending_victims.add(u32::from(pending));
            if witness.interrupt.is_set() {
                Context::Hardirq.run(move || drop(victim));
            } else if witness.forget.is_set() {
                forget(victim);
            } else {
                drop(victim);
            }
            witness.victims.add(1);
        }
        // Long enough for a release that does not wait.
        if witness.slow.is_set() {
            (0..50).for_each(|_| udelay(Delta::from_millis(1)));
        }
        witness.ran_after_drop.add(witness.drops.get());
        witness.left.add(1);
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        let witness = &*self.0;

        witness.left_at_drop.set(witness.left.get());
        if !preemptible() {
            witness.dropped_atomically.add(1);
        } else if witness.linger.is_set() {
            temptation();
        }
        witness.drops.add(1);
        // Last, because a test that looks at it may be waiting for the module to be unloaded.
        tally(DROPS, 1);
    }
}

impl<C: BottomHalfContext> TaskletHandler<C> for Payload {
    fn run(&self, cx: &C) {
        self.run(cx);
    }
}

macro_rules! drivers {
    (
        $context:ident, $box:ident, $nic:ident, $uart:ident, $duo:ident,
        $heap:ident => $Heap:ident, $shared:ident => $Shared:ident,
        $boxed:ident => $Boxed:ident, $twins:ident => $Twins:ident
    ) => {
        /// A driver whose owners share it.
        #[pin_data]
        pub struct $nic {
            /// Its tasklet.
            #[pin]
            pub rx: EmbeddedTasklet<Self, 0, $context>,
            /// What its tasklet runs.
            pub payload: Payload,
        }

        impl_has_tasklet! {
            impl HasTasklet<Self, 0, $context> for $nic { self.rx }
        }

        impl TaskletCallback<0, $context> for $nic {
            type Pointer = Arc<Self>;

            fn run(this: ArcBorrow<'_, Self>, cx: &$context) {
                this.payload.run(cx);
            }
        }

        impl $nic {
            /// A driver without a handle yet.
            pub fn new(witness: &Arc<Witness>) -> Result<Arc<Self>> {
                let payload = Payload(witness.clone());
                Arc::pin_init(
                    pin_init!(Self {
                        rx <- EmbeddedTasklet::embedded(),
                        payload,
                    }),
                    GFP_KERNEL,
                )
            }
        }

        /// A driver with one owner, and two tasklets that run the same.
        #[pin_data]
        pub struct $uart {
            /// The tasklet of [`Owner::Boxed`].
            #[pin]
            pub rx: EmbeddedTasklet<Self, 0, $context>,
            /// Another one.
            #[pin]
            pub tx: EmbeddedTasklet<Self, 1, $context>,
            payload: Payload,
        }

        impl_has_tasklet! {
            impl HasTasklet<Self, 0, $context> for $uart { self.rx }
            impl HasTasklet<Self, 1, $context> for $uart { self.tx }
        }

        impl TaskletCallback<0, $context> for $uart {
            type Pointer = Pin<KBox<Self>>;

            fn run(this: Pin<&Self>, cx: &$context) {
                this.payload.run(cx);
            }
        }

        impl TaskletCallback<1, $context> for $uart {
            type Pointer = Pin<KBox<Self>>;

            fn run(this: Pin<&Self>, cx: &$context) {
                this.payload.run(cx);
            }
        }

        impl $uart {
            /// A driver without a handle yet.
            pub fn new(witness: &Arc<Witness>) -> Result<Pin<KBox<Self>>> {
                let payload = Payload(witness.clone());
                KBox::pin_init(
                    pin_init!(Self {
                        rx <- EmbeddedTasklet::embedded(),
                        tx <- EmbeddedTasklet::embedded(),
                        payload,
                    }),
                    GFP_KERNEL,
                )
            }
        }

        /// A driver with two tasklets that run the same, in service together: their handles share it.
        #[pin_data]
        pub struct $duo {
            /// The tasklet that is scheduled.
            #[pin]
            pub rx: EmbeddedTasklet<Self, 0, $context>,
            /// The other one.
            #[pin]
            pub tx: EmbeddedTasklet<Self, 1, $context>,
            payload: Payload,
        }

        impl_has_tasklet! {
            impl HasTasklet<Self, 0, $context> for $duo { self.rx }
            impl HasTasklet<Self, 1, $context> for $duo { self.tx }
        }

        impl TaskletCallback<0, $context> for $duo {
            type Pointer = Arc<Self>;

            fn run(this: ArcBorrow<'_, Self>, cx: &$context) {
                this.payload.run(cx);
            }
        }

        impl TaskletCallback<1, $context> for $duo {
            type Pointer = Arc<Self>;

            fn run(this: ArcBorrow<'_, Self>, cx: &$context) {
                this.payload.run(cx);
            }
        }

        impl $duo {
            /// A driver without a handle yet.
            pub fn new(witness: &Arc<Witness>) -> Result<Arc<Self>> {
                let payload = Payload(witness.clone());
                Arc::pin_init(
                    pin_init!(Self {
                        rx <- EmbeddedTasklet::embedded(),
                        tx <- EmbeddedTasklet::embedded(),
                        payload,
                    }),
                    GFP_KERNEL,
                )
            }
        }

        impl Owner {
            /// The heap form of a new payload.
            pub fn $heap(witness: &Arc<Witness>) -> Result<Self> {
                let payload = Payload(witness.clone());
                Ok(Self::$Heap($box::new(payload, GFP_KERNEL)?))
            }

            /// A handle of a new payload that is shared with nobody yet.
            pub fn $shared(witness: &Arc<Witness>) -> Result<Self> {
                let nic = $nic::new(witness)?;
                Ok(Self::$Shared(TaskletHandle::activate(nic)?))
            }

            /// A handle of a box with a new payload.
            pub fn $boxed(witness: &Arc<Witness>) -> Result<Self> {
                let uart = $uart::new(witness)?;
                Ok(Self::$Boxed(TaskletHandle::activate(uart)?))
            }

            /// Two handles of a new payload.
            pub fn $twins(witness: &Arc<Witness>) -> Result<Self> {
                let duo = $duo::new(witness)?;
                let rx = TaskletHandle::activate(duo.clone())?;
                Ok(Self::$Twins(rx, TaskletHandle::activate(duo)?))
            }
        }
    };
}

drivers!(
    TaskletContext, TaskletBox, Nic, Uart, Duo,
    heap => Heap, shared => Shared, boxed => Boxed, twins => Twins
);
drivers!(
    BhContext, BhWorkBox, BhNic, BhUart, BhDuo,
    bh_heap => BhHeap, bh_shared => BhShared, bh_boxed => BhBoxed, bh_twins => BhTwins
);

/// An owner that may be dropped anywhere, of any form.
pub enum Owner {
    /// The heap form.
    Heap(TaskletBox<Payload>),
    /// A handle that owns a reference.
    Shared(TaskletHandle<Arc<Nic>>),
    /// A handle that owns a box.
    Boxed(TaskletHandle<Pin<KBox<Uart>>>),
    /// Two handles of one struct, each of which owns a reference.
    Twins(TaskletHandle<Arc<Duo>, 0>, TaskletHandle<Arc<Duo>, 1>),
    /// The same for BH works.
    BhHeap(BhWorkBox<Payload>),
    /// As above.
    BhShared(TaskletHandle<Arc<BhNic>, 0, BhContext>),
    /// As above.
    BhBoxed(TaskletHandle<Pin<KBox<BhUart>>, 0, BhContext>),
    /// As above.
    BhTwins(
        TaskletHandle<Arc<BhDuo>, 0, BhContext>,
        TaskletHandle<Arc<BhDuo>, 1, BhContext>,
    ),
}

// An owner is a pointer; only what it points to is pinned.
impl Unpin for Owner {}

/// Makes an owner for a payload.
pub type Form = fn(&Arc<Witness>) -> Result<Owner>;

/// Evaluates an expression with the bottom half of an owner.
macro_rules! with_tasklet_of {
    ($owner:expr, |$tasklet:ident| $value:expr) => {
        with_tasklet_of!(@ $owner, $tasklet, $value, [
            Owner::Heap(owner) => owner,
            Owner::Shared(owner) => owner.tasklet(),
            Owner::Boxed(owner) => owner.tasklet(),
            Owner::Twins(owner, _) => owner.tasklet(),
            Owner::BhHeap(owner) => owner,
            Owner::BhShared(owner) => owner.tasklet(),
            Owner::BhBoxed(owner) => owner.tasklet(),
            Owner::BhTwins(owner, _) => owner.tasklet(),
        ])
    };
    (@ $owner:expr, $tasklet:ident, $value:expr, [$($form:pat => $get:expr,)+]) => {
        match $owner {
            $($form => {
                let $tasklet: &BottomHalf<_, _> = $get;
                $value
            })+
        }
    };
}

impl Owner {
    /// Each of the forms.
    pub const FORMS: [Form; 8] = {
        let [a, b, c, d] = Self::TASKLETS;
        let [e, f, g, h] = Self::WORKS;
        [a, b, c, d, e, f, g, h]
    };

    /// The first is the heap form.
    pub const TASKLETS: [Form; 4] = [Self::heap, Self::shared, Self::boxed, Self::twins];

    /// The first is the heap form.
    pub const WORKS: [Form; 4] = [
        Self::bh_heap,
        Self::bh_shared,
        Self::bh_boxed,
        Self::bh_twins,
    ];

    /// Calls `f` with an owner of each form and its witness.
    pub fn each(mut f: impl FnMut(Arc<Witness>, Self) -> Result) -> Result {
        for form in Self::FORMS {
            let witness = Witness::new()?;
            let owner = form(&witness)?;
            f(witness, owner)?;
        }
        Ok(())
    }

    /// How many tasklets are live once it was scheduled.
    pub fn tasklets(&self) -> u32 {
        match self {
            Self::Twins(..) | Self::BhTwins(..) => 2,
            _ => 1,
        }
    }

    /// See [`Tasklet::schedule`].
    pub fn schedule(&self) -> bool {
        with_tasklet_of!(self, |tasklet| tasklet.schedule())
    }

    /// See [`Tasklet::is_scheduled`].
    pub fn is_scheduled(&self) -> bool {
        with_tasklet_of!(self, |tasklet| tasklet.is_scheduled())
    }

    /// See [`Tasklet::disable`].
    pub fn disable(&self) -> Result<DisableGuard<'_>> {
        with_tasklet_of!(self, |tasklet| tasklet.disable())
    }

    /// See [`Tasklet::kill`].
    pub fn kill(&self) -> Result {
        with_tasklet_of!(self, |tasklet| tasklet.kill())
    }
}

/// Drops `owner` in `context`, and expects that its payload is dropped there or later, but in process
/// context.
pub fn drop_in(t: &Test, context: Context, owner: Owner, witness: &Witness) {
    context.run(move || drop(owner));
    if context == Context::Task {
        check_eq!(t, witness.drops.get(), 1);
    }
}

/// A case of the rows on unloading: nothing of the module that is gone runs.
pub fn nothing_runs(t: &Test) -> Result {
    let before = tally(RUNS, 0);

    for _ in 0..10 {
        drain();
    }
    check_eq!(t, tally(RUNS, 0), before);
    Ok(())
}

/// A case of the rows on unloading: dropped owners were released before the module was unloaded, forgotten ones never.
pub fn all_were_released(t: &Test) -> Result {
    let released = tally(DROPS, 0);

    check_eq!(t, released, tally(MADE, 0));
    temptation();
    check_eq!(t, tally(DROPS, 0), released);
    Ok(())
}

/// Runs `f` while a run of `owner` is held on CPU 1.
pub fn while_held<R>(
    t: &Test,
    owner: Owner,
    witness: &Witness,
    f: impl FnOnce(Owner) -> R,
) -> Result<R> {
    let runs = witness.runs.get();

    witness.hold.set();
    let result = scope(|s| {
        s.spawn(1, || {
            Context::BhDisable.run(|| {
                check!(t, owner.schedule());
                *witness.handed.lock() = Some(owner);
            });
            // The run was here, on top of this thread.
        })?;
        wait!(t, witness.runs.get() == runs + 1);
        // On PREEMPT_RT the run may begin before that.
        wait!(
            t,
            Context::BhDisable.run(|| witness.handed.lock().is_some())
        );
        let owner = Context::BhDisable.run(|| witness.handed.lock().take());
        let result = owner.ok_or(EIO).map(f);
        witness.hold.clear();
        result
    });
    witness.hold.clear();
    result
}
