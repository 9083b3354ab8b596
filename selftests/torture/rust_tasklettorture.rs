// SPDX-License-Identifier: GPL-2.0

//! A torture test in the manner of rcutorture and locktorture, on the public API of the crate only.
//!
//! Threads, hard interrupts and the handlers of the tasklets themselves do random operations on a
//! changing population of tasklets, on all CPUs, while CPUs go offline and online. Now and then all
//! of them pause, everything is checked at rest, and all continue together (a **stutter**).
//!
//! ```text
//!   threads ----+                             +---------+   run    +---------+
//!   interrupts -+-- use, close, 1 op -------->|  slots  +<-------->| payload |
//!   handlers ---+                             | ledger  |          +---------+
//!   hotplug ----+                             +---------+
//! ```
//!
//! A **slot** has at most one tasklet at a time, of a random form of owner. An actor that operates on it is
//! a user; one of them closes it, and the last user drops the owner, wherever that is. The **ledger**
//! of a slot counts what was asked for and what has happened; handlers hold it against the
//! **invariants** in each run, owners when they are dropped, and every stutter.
//!
//! A test in which nothing happens proves nothing. So it counts how often each situation arose that is hard
//! to get right, its **windows**, and fails if one that its parameters allow never arose.
//! `inject` shows that each invariant can fail: it falsifies one observation of the test.
//!
//! The last line in the log is `--- End of test: SUCCESS` or `FAILURE`, with all parameters. A seed
//! replays the operations that each thread and each timer tries, step by step; how they interleave
//! depends on the machine.
//!
//! It starts when the module is loaded, and ends after `seconds`, after `ops` operations, or when the
//! module is unloaded. Nothing else may take CPUs offline meanwhile.
//!
//! The parts, each in a file of its own:
//!
//! - `params.rs`, `rng.rs`: the parameters, and random numbers;
//! - `invariants.rs`, `windows.rs`: events that must not happen, and events that must;
//! - `slot.rs`, `owner.rs`, `payload.rs`: the population;
//! - `ledger.rs`, `order.rs`: everything known of a tasklet, and the order in which they are due;
//! - `operations.rs`: the operations on them;
//! - `load.rs`, `hotplug.rs`: the actors, and when all pause.

mod hotplug;
mod invariants;
mod ledger;
mod load;
mod operations;
mod order;
mod owner;
mod params;
mod payload;
mod rng;
mod slot;
mod windows;

use harness::{
    prelude::*,
    Thread, //
};

use params::Params;

module! {
    type: Torture,
    name: "rust_tasklettorture",
    authors: ["The rust_tasklet developers"],
    description: "Random operations on tasklets, with all promises checked all the time",
    license: "GPL",
    params: {
        seconds: u32 {
            default: 60,
            description: "How long to run, 0 for until rmmod (default 60)",
        },
        ops: u64 {
            default: 0,
            description: "End after so many operations, 0 for no limit (default 0)",
        },
        seed: u64 {
            default: 0,
            description: "Of the random numbers, 0 to take the time (default 0)",
        },
        nthreads: u32 {
            default: 0,
            description: "Threads, up to 64, 0 for one per CPU (default 0)",
        },
        nsubjects: u32 {
            default: 16,
            description: "Tasklets at a time, 1 to 63 (default 16)",
        },
        irq_us: u32 {
            default: 1000,
            description: "Microseconds between two interrupts of a CPU, from 50, 0 for none (default 1000)",
        },
        run_us: u32 {
            default: 50,
            description: "Microseconds of the longest runs, up to 1000 (default 50)",
        },
        onoff_ms: u32 {
            default: 500,
            description: "Milliseconds between taking CPUs offline and online, 0 for never (default 500)",
        },
        stutter_ms: u32 {
            default: 2000,
            description: "Milliseconds between two pauses, 0 for none but the last (default 2000)",
        },
        shuffle: u32 {
            default: 4,
            description: "Chance in 1000 operations that a thread changes CPUs (default 4)",
        },
        inject: u32 {
            default: 0,
            description: "Falsify what this invariant sees, 0 for none; a wrong number lists them (default 0)",
        },
        schedule: u32 {
            default: 600,
            description: "Weight of scheduling (default 600)",
        },
        hi_schedule: u32 {
            default: 300,
            description: "Weight of scheduling at high priority (default 300)",
        },
        disable: u32 {
            default: 40,
            description: "Weight of disabling with a guard (default 40)",
        },
        disable_nosync: u32 {
            default: 40,
            description: "Weight of disabling without waiting (default 40)",
        },
        keep: u32 {
            default: 20,
            description: "Weight of keeping a disable, and enabling (default 20)",
        },
        forget: u32 {
            default: 3,
            description: "Weight of forgetting a guard, and closing (default 3)",
        },
        kill: u32 {
            default: 30,
            description: "Weight of killing and reviving (default 30)",
        },
        synchronize: u32 {
            default: 20,
            description: "Weight of waiting for a handler (default 20)",
        },
        close: u32 {
            default: 20,
            description: "Weight of dropping an owner, to be made anew (default 20)",
        },
        self_schedule: u32 {
            default: 80,
            description: "Chance in 1000 runs that a handler schedules itself (default 80)",
        },
        self_hi_schedule: u32 {
            default: 40,
            description: "Chance in 1000 runs of the same at high priority (default 40)",
        },
        self_close: u32 {
            default: 5,
            description: "Chance in 1000 runs that a handler drops its owner (default 5)",
        },
        handler_ops: u32 {
            default: 300,
            description: "Chance in 1000 runs that a handler does some operation (default 300)",
        },
        form_inline: u32 {
            default: 2,
            description: "Weight of Tasklet in a KBox (default 2)",
        },
        form_box: u32 {
            default: 3,
            description: "Weight of TaskletBox (default 3)",
        },
        form_arc: u32 {
            default: 2,
            description: "Weight of TaskletHandle of an Arc (default 2)",
        },
        form_kbox: u32 {
            default: 2,
            description: "Weight of TaskletHandle of a KBox (default 2)",
        },
        form_static: u32 {
            default: 2,
            description: "Weight of static_tasklet!, for 4 of the tasklets (default 2)",
        },
        form_bh_box: u32 {
            default: 2,
            description: "Weight of BhWorkBox (default 2)",
        },
        form_bh_arc: u32 {
            default: 2,
            description: "Weight of TaskletHandle of an Arc with a BhWork (default 2)",
        },
    },
}

/// The running test.
struct Torture {
    _thread: Thread,
}

impl kernel::Module for Torture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let params = Params::read()?;

        invariants::inject(params.inject);
        params.announce(fmt!("Start of test"));
        Ok(Self {
            _thread: Thread::spawn(0, load::run)?,
        })
    }
}

impl Drop for Torture {
    fn drop(&mut self) {
        // Then the drop of the thread waits for it.
        load::stop();
    }
}
