// SPDX-License-Identifier: GPL-2.0

//! A timer's handler locks a mutex.

use kernel::{
    impl_has_hr_timer,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        Mutex, //
    },
    time::{
        hrtimer::{
            ArcHrTimerHandle,
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerPointer,
            HrTimerRestart,
            RelativeMode, //
        },
        Delta,
        Monotonic, //
    }, //
};

module! {
    type: Fixture,
    name: "fault_hrtimer",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Device {
    #[pin]
    timer: HrTimer<Self>,
    #[pin]
    ticks: Mutex<u32>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Device {
        mode: RelativeMode<Monotonic>, field: self.timer
    }
}

impl HrTimerCallback for Device {
    type Pointer<'a> = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        *this.ticks.lock() += 1;
        HrTimerRestart::NoRestart
    }
}

struct Fixture {
    _timer: ArcHrTimerHandle<Device>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let device = Arc::pin_init(
            pin_init!(Device {
                timer <- HrTimer::new(),
                ticks <- new_mutex!(0),
            }),
            GFP_KERNEL,
        )?;
        Ok(Self {
            _timer: device.start(Delta::from_millis(5)),
        })
    }
}
