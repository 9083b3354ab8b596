// SPDX-License-Identifier: GPL-2.0

//! The parts that all selftests share: suites of cases that report KTAP, expectations, threads bound to CPUs,
//! contexts to run code in, the two [kinds](Kind) of bottom half, and [`Probe`], a handler that watches itself.
//!
//! This is the only place in the selftests with `unsafe` in it, except the faults in `faults/` and the population
//! of the torture test. Each file has its C half beside it.
//!
//! A few rules make the tests deterministic:
//!
//! - A case runs in a thread of its own on CPU 0. Handlers that are [held](Probe::hold) inside run on
//!   other CPUs, started by [`Context::BhDisable`], so that they run on top of the thread that
//!   scheduled them and of nothing else.
//! - What is promised of both kinds is shown by one case for both: see [`suite!`]. What a test calls a tasklet is
//!   then a bottom half of either kind.
//! - To keep a tasklet pending, use [`keep_pending`] or [`Context::SoftirqsHeld`], or disable it.
//! - "It has happened" is [`wait!`]ed for. "It does not happen" is [`drain`] and then a check.
//! - A case that hangs is reported, its module is pinned, and the run continues without it. So whatever
//!   waits for code that borrows from its caller may wait for ever.
//!
//! Everything here is generic or `#[inline]`: it is compiled into the tests, which link against the
//! C half only.

// The results of `new()` are for statics, where `Default` cannot be used.
#![expect(clippy::new_without_default)]

mod c;
mod contexts;
mod counters;
mod kind;
mod pending;
mod probe;
mod suite;
mod threads;
mod wait;

pub use contexts::*;
pub use counters::*;
pub use kind::*;
pub use pending::*;
pub use probe::*;
pub use suite::*;
pub use threads::*;
pub use wait::*;

/// Everything that a test needs.
pub mod prelude {
    pub use crate::{
        bh_depth,
        check,
        check_eq,
        cpu,
        cpus,
        drain,
        forget,
        in_hardirq,
        in_softirq,
        irqs_disabled,
        keep_pending,
        microseconds,
        on_cpu,
        preemptible,
        probe,
        probe_at,
        schedule_at,
        scope,
        set_online,
        spin_for,
        spin_until,
        static_of_both,
        storm,
        suite,
        tally,
        temptation,
        wait,
        while_running,
        Context,
        Counter,
        Flag,
        Kind,
        Made,
        Probe,
        Sequence,
        Test, //
    };
    pub use kernel::{
        prelude::*,
        sync::Arc, //
    };
    pub use rust_tasklet::{
        static_tasklet,
        BhContext,
        BhWork,
        BottomHalf,
        BottomHalfContext,
        DisableGuard,
        Tasklet,
        TaskletContext,
        TaskletHandler,
        EWOULDBLOCK, //
    };
}
