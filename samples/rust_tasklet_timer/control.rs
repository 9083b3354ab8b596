// SPDX-License-Identifier: GPL-2.0

//! What can be done to the driver from user space.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::hrtimer::ArcHrTimerHandle,
    uaccess::UserSliceReader, //
};

use crate::driver::Driver;

/// What `control` accepts.
pub(crate) const WORDS: &str = "start stop disable enable reset";

/// The owner of the driver.
///
/// The fields are dropped in their order. The timer is first: the drop of its handle cancels it and waits
/// for the callback, so nothing schedules the tasklets any more. The last reference to the driver is next,
/// and with it the tasklets.
#[pin_data]
pub(crate) struct Control {
    #[pin]
    state: Mutex<State>,
    pub(crate) driver: Arc<Driver>,
}

struct State {
    /// The timer, from start to stop.
    timer: Option<ArcHrTimerHandle<Driver>>,
    disabled: bool,
}

/// A snapshot of the state, to be shown.
pub(crate) struct Shown {
    pub(crate) started: bool,
    pub(crate) disabled: bool,
}

impl Control {
    pub(crate) fn new(driver: Arc<Driver>) -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                timer: None,
                disabled: false,
            }),
            driver,
        })
    }

    /// Does what is written to the file, one word with or without a newline.
    pub(crate) fn write(&self, reader: &mut UserSliceReader) -> Result {
        let mut buffer = [0; 16];
        let len = reader.len();
        // Text that does not fit is none of the words.
        let word = match buffer.get_mut(..len) {
            Some(buffer) => {
                reader.read_slice(buffer)?;
                buffer.strip_suffix(b"\n").unwrap_or(buffer)
            }
            None => &[],
        };

        match word {
            b"start" => self.start(),
            b"stop" => self.stop(),
            b"disable" => self.disable()?,
            b"enable" => self.enable()?,
            b"reset" => self.reset()?,
            _ => {
                pr_err!("control: unknown word, accepted are: {WORDS}\n");
                return Err(EINVAL);
            }
        }
        Ok(())
    }

    /// Starts the timer, for `count` interrupts; nothing changes if it runs already.
    pub(crate) fn start(&self) {
        let mut state = self.state.lock();

        if !self.is_started(&state) {
            // After `count` was reached, the old handle is still there. It must be dropped first.
            state.timer = None;
            state.timer = Some(self.driver.arm());
        }
    }

    /// Stops the timer; nothing changes if it does not run. A queued tasklet still runs.
    fn stop(&self) {
        self.state.lock().timer = None;
    }

    /// Disables all bottom halves; nothing changes if they are.
    ///
    /// The timer continues, and schedules them. The kernel then tries again and again to run the tasklets, which
    /// keeps a CPU busy: a real driver would stop its interrupts first, or enable soon.
    fn disable(&self) -> Result {
        let mut state = self.state.lock();

        if !state.disabled {
            let normal = self.driver.normal.disable()?;
            // If this fails, the drop of the first guard enables the first one again.
            let hi = self.driver.hi.disable()?;
            let work = self.driver.work.disable()?;
            // From here on it takes an `enable` to undo it.
            normal.keep();
            hi.keep();
            work.keep();
            state.disabled = true;
        }
        Ok(())
    }

    /// Enables all bottom halves; nothing changes if they are. What is pending runs now.
    fn enable(&self) -> Result {
        let mut state = self.state.lock();

        if state.disabled {
            self.driver.normal.enable()?;
            self.driver.hi.enable()?;
            self.driver.work.enable()?;
            state.disabled = false;
        }
        Ok(())
    }

    /// Sets all counters to zero. A running timer is started anew; what is disabled stays disabled.
    fn reset(&self) -> Result {
        let mut state = self.state.lock();
        let started = self.is_started(&state);

        // Nothing may run while the counters are set to zero, or they would not add up afterwards.
        // After a kill that is certain, and it leaves the depth of disables as it is.
        state.timer = None;
        let normal = self.driver.normal.kill();
        let hi = self.driver.hi.kill();
        let work = self.driver.work.kill();
        let killed = normal.and(hi).and(work);
        if killed.is_ok() {
            self.driver.clear();
        }
        self.driver.normal.revive();
        self.driver.hi.revive();
        self.driver.work.revive();

        if started {
            state.timer = Some(self.driver.arm());
        }
        killed
    }

    fn is_started(&self, state: &State) -> bool {
        state.timer.is_some() && self.driver.is_armed()
    }

    /// Calls `show` under the lock, so that it never shows a word that is carried out half.
    pub(crate) fn with_state<R>(&self, show: impl FnOnce(Shown) -> R) -> R {
        let state = self.state.lock();

        show(Shown {
            started: self.is_started(&state),
            disabled: state.disabled,
        })
    }
}
