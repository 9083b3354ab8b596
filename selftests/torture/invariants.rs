// SPDX-License-Identifier: GPL-2.0

//! What must not happen, and what is said if it does.

use harness::prelude::*;
use kernel::{
    fmt,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
};

macro_rules! invariants {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What must not happen; it is named after the fault.
        #[derive(Clone, Copy, PartialEq)]
        pub(crate) enum Invariant {
            $($(#[$doc])* $variant,)*
        }

        impl Invariant {
            /// All of them, in the order of the parameter `inject`, which counts from 1.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name of the fault.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

invariants! {
    /// A run began or ended while another run of the same tasklet was going on.
    Overlap = "overlap",
    /// A handler ran although `disable()` had returned and its guard was alive.
    DisabledRun = "disabled_run",
    /// A handler ran after `kill()` had returned and before `revive()`, or after the drop.
    LateRun = "late_run",
    /// Scheduling succeeded after `kill()` had returned and before `revive()`.
    LateSchedule = "late_schedule",
    /// A schedule returned `true` and no run followed, without a kill.
    LostRun = "lost_run",
    /// There were more runs than successful schedules.
    ExtraRun = "extra_run",
    /// Two tasklets of one CPU and priority ran in the wrong order.
    Order = "order",
    /// A run was not on the CPU that scheduled it, although no CPU went offline.
    SameCpu = "same_cpu",
    /// The data of a handler changed under its feet.
    Payload = "payload",
    /// The data of a handler was dropped not once, or before its last run was over.
    DropCount = "drop_count",
    /// `synchronize()`, `disable()` or `kill()` returned in the middle of a run.
    EarlyReturn = "early_return",
    /// A waiting call in atomic context did not say so, or one in process context failed.
    Context = "context",
    /// The disable depth was not what guards and keeps add up to.
    Depth = "depth",
    /// Something took so long that it hangs.
    Hang = "hang",
    /// The test missed one of its windows.
    Vacuous = "vacuous",
}

static VIOLATIONS: [Atomic<u32>; Invariant::ALL.len()] =
    [const { Atomic::new(0) }; Invariant::ALL.len()];

/// How many violations of each invariant are described in the log.
const DESCRIBED: u32 = 5;

/// Counts a violation, and describes it if it is one of the first. Any context.
#[cold]
#[inline(never)]
pub(crate) fn violated(invariant: Invariant, what: fmt::Arguments<'_>) {
    if VIOLATIONS[invariant as usize].fetch_add(1, Full) < DESCRIBED {
        pr_err!("violated: {}: {what}\n", invariant.name());
    }
}

/// How often an invariant was violated.
pub(crate) fn violations(invariant: Invariant) -> u32 {
    VIOLATIONS[invariant as usize].load(Relaxed)
}

/// How many questions [`injected`] answers before it says yes. One is asked rarely.
fn hold_off(number: u32) -> i32 {
    if number == Invariant::Hang as u32 + 1 {
        1
    } else {
        20
    }
}

static INJECT: Atomic<u32> = Atomic::new(0);
static LEFT: Atomic<i32> = Atomic::new(0);

/// Chooses what is to be falsified; zero for nothing.
pub(crate) fn inject(number: u32) {
    LEFT.store(hold_off(number), Relaxed);
    INJECT.store(number, Relaxed);
}

/// Whether the caller is to see a violation here. True once, for the invariant that was chosen.
#[inline]
pub(crate) fn injected(invariant: Invariant) -> bool {
    INJECT.load(Relaxed) == invariant as u32 + 1 && LEFT.fetch_add(-1, Full) == 1
}
