// SPDX-License-Identifier: GPL-2.0

//! Leaves a tasklet behind that makes others, for the row `unload_is_safe`: its handler runs when the
//! module's exit function has returned, and makes, schedules and forgets tasklets like itself until one
//! of them is refused.

use harness::prelude::*;
use rust_tasklet::TaskletBox;

module! {
    type: Fixture,
    name: "unload_breeder_fixture",
    authors: ["The rust_tasklet developers"],
    description: "Leaves a tasklet behind that makes others",
    license: "GPL",
}

/// The counter in the harness of the tasklets that were made live.
const BRED: u32 = 8;
/// The counter in the harness of the tasklets that were refused.
const REFUSED: u32 = 9;
/// How long a handler tries before it gives up: that is a failure.
const LIMIT_NS: u64 = 5_000_000_000;
/// How long it waits between two attempts.
const PAUSE_NS: u64 = 2_000_000;

/// Whether the exit function is about to return.
static EXITING: Flag = Flag::new();

struct Breeder;

impl TaskletHandler for Breeder {
    fn run(&self, cx: &TaskletContext) {
        let end = harness::now_ns() + LIMIT_NS;

        while EXITING.is_set() && harness::now_ns() < end {
            let Ok(offspring) = TaskletBox::new(Breeder, GFP_ATOMIC) else {
                return;
            };
            let is_live = offspring.schedule();
            tally(if is_live { BRED } else { REFUSED }, 1);
            forget(offspring);
            if !is_live {
                return;
            }
            // So that the log can hold a warning for each.
            let next = harness::now_ns() + PAUSE_NS;
            while harness::now_ns() < next {
                core::hint::spin_loop();
            }
        }
        cx.schedule();
    }
}

struct Fixture;

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let breeder = TaskletBox::new(Breeder, GFP_KERNEL)?;
        on_cpu(1, || breeder.schedule())?;
        forget(breeder);
        Ok(Self)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        EXITING.set();
        // The handler has seen it, and is at work when this returns.
        spin_until(|| tally(BRED, 0) != 0);
    }
}
