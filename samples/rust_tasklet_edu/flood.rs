// SPDX-License-Identifier: GPL-2.0

//! For tests: a timer that makes the device interrupt without end.

use core::ops::RangeInclusive;

use kernel::{
    io::Io,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        Mutex, //
    },
    time::{
        delay::fsleep,
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
        Monotonic, //
    }, //
};

use crate::regs::{
    self,
    Bar, //
};

/// Shorter periods leave the CPU of the timer nothing else to do.
const PERIOD_US: RangeInclusive<u32> = 20..=1_000_000;

/// The source of interrupts that are not about a request.
#[pin_data]
pub(crate) struct Flood {
    #[pin]
    state: Mutex<State>,
}

struct State {
    timer: Option<ArcHrTimerHandle<Timer>>,
    was_used: bool,
    ended: bool,
}

impl Flood {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                timer: None,
                was_used: false,
                ended: false,
            }),
        })
    }

    /// Raises an interrupt every `period_us` microseconds; 0 stops that.
    pub(crate) fn set(&self, bar: &Arc<Bar>, period_us: u32) -> Result {
        if period_us != 0 && !PERIOD_US.contains(&period_us) {
            return Err(ERANGE);
        }
        let mut state = self.state.lock();
        // Dropping the handle stops the timer.
        state.timer = None;
        if period_us == 0 {
            return Ok(());
        }
        if state.ended {
            return Err(ENODEV);
        }
        let period = Delta::from_micros(period_us.into());
        let timer = Arc::pin_init(
            pin_init!(Timer {
                timer <- HrTimer::new(),
                bar: bar.clone(),
                period,
            }),
            GFP_KERNEL,
        )?;
        state.timer = Some(timer.start(period));
        state.was_used = true;
        Ok(())
    }

    /// Stops it for ever.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        state.timer = None;
    }

    /// Lets the last interrupts arrive.
    ///
    /// An MSI is a write to memory, and may be on its way for a while after the device was stopped:
    /// for microseconds in hardware, for milliseconds where an emulator shares its CPUs. The kernel
    /// complains if the vector is free by then.
    pub(crate) fn settle(&self) {
        if self.state.lock().was_used {
            fsleep(Delta::from_millis(10));
        }
    }
}

#[pin_data]
struct Timer {
    #[pin]
    timer: HrTimer<Self>,
    bar: Arc<Bar>,
    period: Delta,
}

kernel::impl_has_hr_timer! {
    impl HasHrTimer<Self> for Timer { mode: RelativeHardMode<Monotonic>, field: self.timer }
}

impl HrTimerCallback for Timer {
    type Pointer<'a> = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, mut cx: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        let Some(bar) = this.bar.try_access() else {
            return HrTimerRestart::NoRestart;
        };
        bar.write_reg(regs::IRQ_RAISE::zeroed().with_flood(true));
        cx.forward_now(this.period);
        HrTimerRestart::Restart
    }
}
