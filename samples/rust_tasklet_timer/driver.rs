// SPDX-License-Identifier: GPL-2.0

//! The top half and the bottom halves.

use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    impl_has_hr_timer,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        ArcBorrow, //
    },
    time::{
        delay::udelay,
        hrtimer::{
            ArcHrTimerHandle,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativeHardMode, //
        },
        Delta,
        Instant,
        Monotonic, //
    }, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

use crate::{
    latency::{
        Latency,
        Snapshot, //
    },
    ring::Ring,
    zeros, //
};

/// The module parameters, checked.
#[derive(Clone, Copy)]
pub(crate) struct Config {
    pub(crate) period_us: u32,
    /// Interrupts after a start, or 0 for no end.
    pub(crate) count: u64,
    pub(crate) work_us: u32,
}

impl Config {
    fn period(&self) -> Delta {
        Delta::from_micros(self.period_us.into())
    }
}

/// Nanoseconds since the module was loaded: a time stamp that fits into an atomic integer.
#[derive(Clone, Copy)]
struct Clock(Instant<Monotonic>);

impl Clock {
    fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// The device: the interrupt source and its two tasklets.
///
/// Nothing may free this while the timer is armed. That is what the [`ArcHrTimerHandle`] returned
/// by [`Driver::start`] is for: it owns a reference, and its drop cancels the timer first and
/// waits for the callback. So when the last reference goes, no interrupt can schedule anything,
/// and the drop of the two [`Tasklet`] fields waits for what is still queued or running.
#[pin_data]
pub(crate) struct Driver {
    #[pin]
    timer: HrTimer<Self>,
    #[pin]
    pub(crate) normal: Tasklet<NormalHandler>,
    #[pin]
    pub(crate) hi: Tasklet<HiHandler>,
    config: Config,
    clock: Clock,
    /// Interrupts that remain until the timer stops by itself.
    remaining: Atomic<u64>,
    interrupts: Atomic<u64>,
    missed: Atomic<u64>,
}

impl Driver {
    pub(crate) fn new(config: Config) -> impl PinInit<Self, Error> {
        let clock = Clock(Instant::now());

        try_pin_init!(Self {
            timer <- HrTimer::new(),
            normal <- Tasklet::new(NormalHandler(BottomHalf::new("normal", clock, config)?)),
            hi <- Tasklet::new(HiHandler(BottomHalf::new("hi", clock, config)?)),
            config,
            clock,
            remaining: Atomic::new(0),
            interrupts: Atomic::new(0),
            missed: Atomic::new(0),
        })
    }

    /// Arms the timer; it must not be armed.
    pub(crate) fn arm(self: &Arc<Self>) -> ArcHrTimerHandle<Self> {
        // No end is a number that is not reached in a million years.
        let count = match self.config.count {
            0 => u64::MAX,
            count => count,
        };
        self.remaining.store(count, Relaxed);
        self.clone().start(self.config.period())
    }

    /// Returns whether more interrupts are to come, as long as the handle of the timer lives.
    pub(crate) fn is_armed(&self) -> bool {
        self.remaining.load(Relaxed) != 0
    }

    pub(crate) fn config(&self) -> Config {
        self.config
    }

    /// Returns how many interrupts there were.
    pub(crate) fn interrupts(&self) -> u64 {
        self.interrupts.load(Relaxed)
    }

    /// Returns how many periods passed without an interrupt, because the one before came late.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }

    /// Sets all counters to zero; nothing must run that counts.
    pub(crate) fn clear(&self) {
        self.interrupts.store(0, Relaxed);
        self.missed.store(0, Relaxed);
        self.normal.handler().0.clear();
        self.hi.handler().0.clear();
    }
}

/// The top half.
///
/// It stamps the time, hands the stamp over, schedules, and is gone.
impl HrTimerCallback for Driver {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let stamp = this.clock.now_ns();
        count(&this.interrupts, 1);

        let normal = &this.normal.handler().0;
        normal.post(stamp);
        normal.count_schedule(this.normal.schedule());

        // Scheduled last, and still the first to run.
        let hi = &this.hi.handler().0;
        hi.post(stamp);
        hi.count_schedule(this.hi.hi_schedule());

        let remaining = this.remaining.load(Relaxed).saturating_sub(1);
        this.remaining.store(remaining, Relaxed);
        if remaining == 0 {
            return HrTimerRestart::NoRestart;
        }

        // To the next multiple of the period that lies in the future.
        let periods = timer.forward_now(this.config.period());
        count(&this.missed, periods.saturating_sub(1));
        HrTimerRestart::Restart
    }
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Driver {
        // Plain `RelativeMode` would run the callback in a thread on PREEMPT_RT.
        mode: RelativeHardMode<Monotonic>, field: self.timer
    }
}

/// The handler of the normal tasklet.
///
/// Two types, rather than two values of one, so that each has a name of its own in traces.
pub(crate) struct NormalHandler(pub(crate) BottomHalf);

impl TaskletHandler for NormalHandler {
    fn run(&self, _cx: &TaskletContext<'_>) {
        self.0.run();
    }
}

/// The handler of the high priority tasklet.
pub(crate) struct HiHandler(pub(crate) BottomHalf);

impl TaskletHandler for HiHandler {
    fn run(&self, _cx: &TaskletContext<'_>) {
        self.0.run();
    }
}

/// What the two handlers have in common.
///
/// Each counter has one writer at a time, the top half or the handler. They are atomic because
/// `stats` reads them while they change.
pub(crate) struct BottomHalf {
    name: &'static str,
    clock: Clock,
    config: Config,
    ring: Ring,

    // Written by the top half.
    queued: Atomic<u64>,
    coalesced: Atomic<u64>,
    dropped: Atomic<u64>,

    // Written by the handler.
    latency: Latency,
    /// How often the handler ran on each CPU.
    runs: KVec<Atomic<u64>>,
}

impl BottomHalf {
    fn new(name: &'static str, clock: Clock, config: Config) -> Result<Self> {
        Ok(Self {
            name,
            clock,
            config,
            ring: Ring::new()?,
            queued: Atomic::new(0),
            coalesced: Atomic::new(0),
            dropped: Atomic::new(0),
            latency: Latency::new(),
            runs: zeros(nr_cpu_ids() as usize)?,
        })
    }

    /// Hands over a time stamp; called by the top half, before it schedules the tasklet.
    fn post(&self, stamp: u64) {
        if !self.ring.push(stamp) {
            count(&self.dropped, 1);
        }
    }

    /// Counts what `schedule` returned to the top half.
    fn count_schedule(&self, newly_queued: bool) {
        if newly_queued {
            count(&self.queued, 1);
        } else {
            count(&self.coalesced, 1);
        }
    }

    /// Takes all stamps out of the ring; called by the handler.
    fn run(&self) {
        // In this order: what is in the ring now was stamped before now.
        let stamps = self.ring.drain();
        let now = self.clock.now_ns();

        for stamp in stamps {
            self.latency.add(now.saturating_sub(stamp));
        }

        // A softirq stays on its CPU.
        count(&self.runs[CpuId::current().as_u32() as usize], 1);

        if self.config.work_us > 0 {
            udelay(Delta::from_micros(self.config.work_us.into()));
        }
    }

    fn clear(&self) {
        // Nothing else drains now, so this one may.
        self.ring.drain().for_each(drop);
        self.latency.clear();
        for counter in [&self.queued, &self.coalesced, &self.dropped] {
            counter.store(0, Relaxed);
        }
        for counter in &self.runs {
            counter.store(0, Relaxed);
        }
    }

    /// Reads all counters, in one go so that they fit together as well as can be.
    pub(crate) fn counters(&self) -> Counters {
        Counters {
            queued: self.queued.load(Relaxed),
            coalesced: self.coalesced.load(Relaxed),
            runs: self.runs.iter().map(|runs| runs.load(Relaxed)).sum(),
            dropped: self.dropped.load(Relaxed),
            waiting: self.ring.len(),
            latency: self.latency.snapshot(),
        }
    }

    /// Returns how often the handler ran on one CPU.
    pub(crate) fn runs_on(&self, cpu: usize) -> u64 {
        self.runs[cpu].load(Relaxed)
    }
}

impl Drop for BottomHalf {
    // A tasklet drops its handler after the last run, so nothing moves these numbers any more.
    fn drop(&mut self) {
        let Counters { queued, runs, .. } = self.counters();

        pr_info!(
            "{} tasklet: queued {queued} times, ran {runs} times\n",
            self.name
        );
    }
}

/// The counters of a [`BottomHalf`] at one time.
pub(crate) struct Counters {
    /// How many schedules queued the tasklet.
    pub(crate) queued: u64,
    /// How many schedules found it queued already.
    pub(crate) coalesced: u64,
    /// How often the handler ran.
    pub(crate) runs: u64,
    /// How many time stamps were dropped, because the ring was full.
    pub(crate) dropped: u64,
    /// How many time stamps wait for the handler.
    pub(crate) waiting: usize,
    /// How long the others took.
    pub(crate) latency: Snapshot,
}

/// Adds to a counter that has one writer.
fn count(counter: &Atomic<u64>, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
