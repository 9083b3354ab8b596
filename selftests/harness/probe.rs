// SPDX-License-Identifier: GPL-2.0

//! A handler that watches itself, for either kind of bottom half.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use rust_tasklet::{
    BottomHalf,
    TaskletHandler, //
};

use crate::{
    check,
    check_eq,
    contexts::{
        in_hardirq,
        in_softirq,
        irqs_disabled,
        Context, //
    },
    counters::{
        Counter,
        Flag, //
    },
    kind::{
        Kind,
        Made, //
    },
    suite::Test,
    threads::{
        cpu,
        scope,
        Scope, //
    },
    wait,
    wait::{
        spin_for,
        spin_until, //
    }, //
};

/// A handler that notes how, where and how often it runs, and that can be held inside a run.
pub struct Probe {
    runs: Counter,
    left: Counter,
    inside: Counter,
    overlaps: Counter,
    last_cpu: Counter,
    cpus: Counter,
    wrong_context: Counter,
    hold: Flag,
    stuck: Flag,
    dawdle: Counter,
    again: Counter,
    again_hi: Flag,
    /// How many runs have ended, in plain loads and stores: what orders these is the tasklet alone.
    unordered: Atomic<u32>,
}

impl Probe {
    /// A probe that has not run.
    #[inline]
    pub const fn new() -> Self {
        Self {
            runs: Counter::new(),
            left: Counter::new(),
            inside: Counter::new(),
            overlaps: Counter::new(),
            last_cpu: Counter::new(),
            cpus: Counter::new(),
            wrong_context: Counter::new(),
            hold: Flag::new(),
            stuck: Flag::new(),
            dawdle: Counter::new(),
            again: Counter::new(),
            again_hi: Flag::new(),
            unordered: Atomic::new(0),
        }
    }

    /// How many runs have begun.
    #[inline]
    pub fn runs(&self) -> u32 {
        self.runs.get()
    }

    /// How many runs have ended.
    #[inline]
    pub fn left(&self) -> u32 {
        self.left.get()
    }

    /// How many runs have ended, as seen by one who knows already that none is under way.
    #[inline]
    pub fn settled(&self) -> u32 {
        self.unordered.load(Relaxed)
    }

    /// Whether the handler is inside a run.
    #[inline]
    pub fn inside(&self) -> bool {
        self.inside.get() != 0
    }

    /// The CPU of the last run.
    #[inline]
    pub fn last_cpu(&self) -> u32 {
        self.last_cpu.get()
    }

    /// On how many CPUs it ran.
    #[inline]
    pub fn cpu_count(&self) -> u32 {
        self.cpus.get().count_ones()
    }

    /// Makes the next runs spin inside until [`Probe::release`].
    #[inline]
    pub fn hold(&self) {
        self.hold.set();
    }

    /// Lets runs end.
    #[inline]
    pub fn release(&self) {
        self.hold.clear();
    }

    /// Makes runs take a little time.
    #[inline]
    pub fn dawdle(&self, microseconds: u32) {
        self.dawdle.set(microseconds);
    }

    /// Makes the handler reschedule itself in its next `times` runs.
    #[inline]
    pub fn reschedule(&self, times: u32) {
        self.again.set(times);
    }

    /// The same at hi priority.
    #[inline]
    pub fn reschedule_hi(&self, times: u32) {
        self.again_hi.set();
        self.again.set(times);
    }

    /// Whether it can still reschedule itself.
    #[inline]
    pub fn reschedules(&self) -> bool {
        self.again.get() != 0
    }

    /// Expects that no run overlapped another, ran outside softirq context, or was held too long.
    #[inline]
    pub fn check_sane(&self, t: &Test) {
        check_eq!(t, self.overlaps.get(), 0);
        check_eq!(t, self.wrong_context.get(), 0);
        check!(t, !self.stuck.is_set());
        check_eq!(t, self.runs(), self.left());
    }
}

impl<C: Kind> TaskletHandler<C> for Probe {
    #[inline]
    fn run(&self, cx: &C) {
        // First: see below.
        let unordered = self.unordered.load(Relaxed);
        if self.inside.add(1) != 0 {
            self.overlaps.add(1);
        }
        if !in_softirq() || in_hardirq() || irqs_disabled() {
            self.wrong_context.add(1);
        }
        self.last_cpu.set(cpu());
        self.cpus.set(self.cpus.get() | 1 << (cpu() % 32));
        self.runs.add(1);
        if self.again.get() != 0 {
            self.again.sub1();
            cx.again(self.again_hi.is_set());
        }
        if self.hold.is_set() && !spin_until(|| !self.hold.is_set()) {
            self.stuck.set();
        }
        spin_for(self.dawdle.get());
        self.left.add(1);
        self.inside.sub1();
        // Last, and ordered by nothing in here.
        self.unordered.store(unordered + 1, Relaxed);
    }
}

/// A new bottom half with a [`Probe`], on the heap.
#[inline]
pub fn probe<C: Kind>() -> Result<Made<Probe, C>> {
    C::make(Probe::new())
}

/// The same, to be scheduled with [`schedule_at`](crate::schedule_at) at this priority.
#[inline]
pub fn probe_at<C: Kind>(hi: bool) -> Result<Made<Probe, C>> {
    C::make_at(hi, Probe::new())
}

/// Runs `f` while the handler of `tasklet` is held inside a run on `cpu`, and ends the hold.
///
/// `f` gets the scope, to start threads that may wait until the run has ended.
#[inline]
pub fn while_running<'env, C: Kind, R>(
    t: &'env Test,
    tasklet: &'env BottomHalf<Probe, C>,
    cpu: u32,
    f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
) -> Result<R> {
    let probe = tasklet.handler();
    let runs = probe.runs();
    probe.hold();
    let result = scope(|s| {
        s.spawn(cpu, move || {
            Context::BhDisable.run(|| tasklet.schedule());
        })?;
        wait!(t, probe.runs() == runs + 1 && probe.inside());
        check_eq!(t, probe.last_cpu(), cpu);
        let result = f(s);
        probe.release();
        Ok(result)
    });
    probe.release();
    result
}
