// SPDX-License-Identifier: GPL-2.0

//! A driver in miniature: a hard interrupt as the top half, two tasklets and a BH work as the bottom half.
//!
//! A high resolution timer stands in for the device. Each expiry is a hard interrupt: it stamps the
//! time, hands the stamp to a normal and to a high priority tasklet and to a work, and schedules all of
//! them. Their handlers, which are one and the same code, measure the time since the interrupt.
//!
//! ```text
//!   hard interrupt                          softirq
//!
//!                    ring of time stamps
//!              +-----------------------------> hi tasklet -----> latency histogram
//!   hrtimer ---+-----------------------------> normal tasklet -> latency histogram
//!              +-----------------------------> work -----------> latency histogram
//! ```
//!
//! `/sys/kernel/debug/rust_tasklet_timer/` has
//!
//! - `stats`: all counters, and the latencies in a table;
//! - `histogram`: the latencies of all of them as text bars;
//! - `control`: takes `start`, `stop`, `disable`, `enable` or `reset`, and shows the state.
//!
//! Close these files before `rmmod`: the kernel's own debugfs abstraction does not keep a module
//! loaded while a file of it is open, up to 7.3 at least.
//!
//! The parts, each in a file of `rust_tasklet_timer/`:
//!
//! - `driver.rs`: the device and its top half, and how it is taken down;
//! - `ring.rs`: the queue to a bottom half, safe in hard interrupt context on every kernel;
//! - `bottom_half.rs`: the handler, and its counters;
//! - `latency.rs`: a histogram with one writer and any number of readers;
//! - `control.rs`: what the words in `control` do;
//! - `show.rs`: what the files print.

#[path = "rust_tasklet_timer/bottom_half.rs"]
mod bottom_half;
#[path = "rust_tasklet_timer/control.rs"]
mod control;
#[path = "rust_tasklet_timer/driver.rs"]
mod driver;
#[path = "rust_tasklet_timer/latency.rs"]
mod latency;
#[path = "rust_tasklet_timer/ring.rs"]
mod ring;
#[path = "rust_tasklet_timer/show.rs"]
mod show;

use core::{
    borrow::Borrow,
    ops::RangeInclusive, //
};
use kernel::{
    debugfs::Scope,
    prelude::*,
    sync::{
        atomic::Atomic,
        Arc, //
    }, //
};

use control::Control;
use driver::{
    Config,
    Driver, //
};

/// Shorter periods would leave a slow machine, or an emulated one, no time for anything else.
const PERIOD_US: RangeInclusive<u32> = 20..=10_000_000;

/// A handler that keeps the CPU for longer than this belongs in a thread.
const WORK_US: RangeInclusive<u32> = 0..=1000;

module! {
    type: TimerModule,
    name: "rust_tasklet_timer",
    authors: ["The rust_tasklet developers"],
    description: "Tasklets and a BH work scheduled from a timer interrupt",
    license: "GPL",
    params: {
        period_us: u32 {
            default: 1000,
            description: "Time between two interrupts in microseconds, 20 to 10000000 (default 1000)",
        },
        count: u64 {
            default: 0,
            description: "Number of interrupts after a start, 0 for no end (default 0)",
        },
        work_us: u32 {
            default: 0,
            description: "Busy work of each handler run in microseconds, 0 to 1000 (default 0)",
        },
    },
}

#[pin_data]
struct TimerModule {
    // On `rmmod` this first removes the debugfs files, which waits for their readers and writers,
    // and then drops `Control`, which stops the timer and then the tasklets.
    #[pin]
    control: Scope<Control>,
}

impl kernel::InPlaceModule for TimerModule {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            control <- {
                let config = config()?;
                let driver = Arc::pin_init(Driver::new(config), GFP_KERNEL)?;
                Scope::dir(Control::new(driver), c"rust_tasklet_timer", |control, dir| {
                    dir.read_callback_file(c"stats", control, &show::stats);
                    dir.read_callback_file(c"histogram", control, &show::histogram);
                    dir.read_write_callback_file(c"control", control, &show::state, &Control::write);
                })
            },
        })
        .pin_chain(|this| {
            pr_info!(
                "an interrupt every {} us, see rust_tasklet_timer/stats in debugfs\n",
                this.control.driver.config().period_us
            );
            this.control.start();
            Ok(())
        })
    }
}

/// Reads the module parameters. If one is out of range, logs the accepted range.
fn config() -> Result<Config> {
    let period_us = value(module_parameters::period_us.value());
    let count = value(module_parameters::count.value());
    let work_us = value(module_parameters::work_us.value());

    Ok(Config {
        period_us: within("period_us", period_us, PERIOD_US)?,
        count,
        work_us: within("work_us", work_us, WORK_US)?,
    })
}

fn within(name: &str, value: u32, accepted: RangeInclusive<u32>) -> Result<u32> {
    if accepted.contains(&value) {
        return Ok(value);
    }
    let (least, most) = accepted.into_inner();
    pr_err!("{name}={value} is out of range, accepted are {least} to {most} microseconds\n");
    Err(EINVAL)
}

/// The value of a parameter: kernels before 7.3 return a reference to it.
fn value<T: Copy>(value: impl Borrow<T>) -> T {
    *value.borrow()
}

/// Returns `len` counters.
fn zeros(len: usize) -> Result<KVec<Atomic<u64>>> {
    let mut counters = KVec::with_capacity(len, GFP_KERNEL)?;

    for _ in 0..len {
        counters.push(Atomic::new(0), GFP_KERNEL)?;
    }
    Ok(counters)
}
