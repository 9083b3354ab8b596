// SPDX-License-Identifier: GPL-2.0

//! The violations that must not happen, and how they are reported.

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
    /// A run began or ended during another run of the same tasklet.
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
    /// The data of a handler changed during a run.
    Payload = "payload",
    /// The data of a handler was not dropped exactly once, or was dropped before its last run had ended.
    DropCount = "drop_count",
    /// `synchronize()`, `disable()` or `kill()` returned in the middle of a run.
    EarlyReturn = "early_return",
    /// A waiting call in atomic context did not fail, or one in process context did.
    Context = "context",
    /// The disable depth was not the sum of guards and keeps.
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

/// How many times [`injected`] returns false first. For one fault it is called rarely.
fn hold_off(number: u32) -> i32 {
    if number == Invariant::Hang as u32 + 1 {
        1
    } else {
        20
    }
}

static INJECT: Atomic<u32> = Atomic::new(0);
static LEFT: Atomic<i32> = Atomic::new(0);

/// Chooses the fault to inject; zero for none.
pub(crate) fn inject(number: u32) {
    LEFT.store(hold_off(number), Relaxed);
    INJECT.store(number, Relaxed);
}

/// Whether to show the caller a violation here. True once, for the invariant that was chosen.
#[inline]
pub(crate) fn injected(invariant: Invariant) -> bool {
    INJECT.load(Relaxed) == invariant as u32 + 1 && LEFT.fetch_add(-1, Full) == 1
}
