// SPDX-License-Identifier: GPL-2.0

//! The device and the top half.

use kernel::{
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
    BhWork,
    Tasklet, //
};

use crate::bottom_half::BottomHalf;

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
pub(crate) struct Clock(Instant<Monotonic>);

impl Clock {
    pub(crate) fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// The device: the interrupt source, its two tasklets and its work.
///
/// Nothing may free this while the timer is armed. The [`ArcHrTimerHandle`] that [`Driver::arm`] returns
/// prevents it: it owns a reference, and its drop cancels the timer first and waits for the callback. So
/// when the last reference is dropped, no interrupt can schedule anything, and the drop of the
/// [`Tasklet`] and [`BhWork`] fields waits for a run that is still queued or running.
#[pin_data]
pub(crate) struct Driver {
    #[pin]
    timer: HrTimer<Self>,
    #[pin]
    pub(crate) normal: Tasklet<BottomHalf>,
    #[pin]
    pub(crate) hi: Tasklet<BottomHalf>,
    #[pin]
    pub(crate) work: BhWork<BottomHalf>,
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
            normal <- Tasklet::new(BottomHalf::new("normal tasklet", clock, config)?),
            hi <- Tasklet::new(BottomHalf::new("hi tasklet", clock, config)?),
            work <- BhWork::new(BottomHalf::new("work", clock, config)?),
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

    /// Sets all counters to zero; neither half may run meanwhile.
    pub(crate) fn clear(&self) {
        self.interrupts.store(0, Relaxed);
        self.missed.store(0, Relaxed);
        self.normal.handler().clear();
        self.hi.handler().clear();
        self.work.handler().clear();
    }
}

/// The top half.
///
/// It stamps the time, hands the stamp over, schedules, and returns.
impl HrTimerCallback for Driver {
    type Pointer<'a> = Arc<Self>;

    fn run(
        this: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        let stamp = this.clock.now_ns();
        count(&this.interrupts, 1);

        let normal = this.normal.handler();
        normal.post(stamp);
        normal.count_schedule(this.normal.schedule());

        let work = this.work.handler();
        work.post(stamp);
        work.count_schedule(this.work.schedule());

        // Scheduled last, and still the first to run.
        let hi = this.hi.handler();
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
        // On PREEMPT_RT plain `RelativeMode` is not a hard interrupt, but a softirq.
        mode: RelativeHardMode<Monotonic>, field: self.timer
    }
}

/// Adds to a counter that has one writer.
pub(crate) fn count(counter: &Atomic<u64>, by: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
}
