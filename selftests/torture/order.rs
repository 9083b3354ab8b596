// SPDX-License-Identifier: GPL-2.0

//! The order in which tasklets are due: first in, first out, per CPU and priority.
//!
//! An actor that schedules draws a **stamp** on its CPU with interrupts off, so that nothing comes between the
//! number and the queue. A run that has its stamp must find that no later number of the same CPU
//! and priority ran before. The kernel does not promise that
//!
//! - to a tasklet that it found disabled, or running on another CPU: it is queued again, at the end;
//! - to a tasklet whose CPU went offline: another CPU appends it to its own queue;
//! - on PREEMPT_RT, between two threads that process softirqs of one CPU at the same time: each
//!   takes what is queued, and the one that was preempted then runs its part later.
//!
//! Exactly these are excused: see [`Stamp::valid`], and [`Order::check`].

use harness::prelude::*;
use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    task::Task, //
};

use crate::{
    hotplug,
    invariants::{
        injected,
        violated,
        Invariant, //
    },
    ledger::Ledger,
    windows::{
        saw,
        Window, //
    },
};

/// The most CPUs; the numbers of all must be below.
pub(crate) const MAX_CPUS: usize = 64;

/// The order of one CPU and priority. Only that CPU uses it.
#[repr(align(64))]
struct Order {
    /// The last number that was drawn, with interrupts off.
    drawn: Atomic<u64>,
    /// The last number that ran.
    ran: Atomic<u64>,
    /// The thread in which it ran.
    thread: Atomic<usize>,
}

static ORDERS: [[Order; 2]; MAX_CPUS] = [const { [const { Order::new() }; 2] }; MAX_CPUS];

/// Where and when a tasklet was scheduled.
///
/// A stamp is written by the actor that scheduled successfully, and taken by the run. There is no other one
/// between the two, so it needs no lock. If the schedule met a run of the same tasklet, it writes an
/// empty stamp: that run may not have taken its own yet.
pub(crate) struct Stamp {
    /// Zero, or the number, CPU and priority.
    number: Atomic<u64>,
    /// What [`Ledger::lowered`] was.
    lowered: Atomic<u32>,
    /// What [`hotplug::epoch`] was.
    epoch: Atomic<u32>,
}

impl Stamp {
    pub(crate) const fn new() -> Self {
        Self {
            number: Atomic::new(0),
            lowered: Atomic::new(0),
            epoch: Atomic::new(0),
        }
    }

    /// Draws a number. Interrupts are off until it has been written or not.
    pub(crate) fn draw(hi: bool) -> u64 {
        let cpu = cpu() as usize % MAX_CPUS;
        let order = &ORDERS[cpu][usize::from(hi)];
        let number = order.drawn.load(Relaxed) + 1;
        order.drawn.store(number, Relaxed);
        (number << 8) | ((cpu as u64) << 1) | u64::from(hi)
    }

    /// Hands a drawn number to the run; `valid`: the tasklet can only be queued again if it is
    /// disabled meanwhile.
    pub(crate) fn write(&self, number: u64, valid: bool, ledger: &Ledger) {
        if valid {
            self.lowered.store(ledger.lowered(), Relaxed);
            self.epoch.store(hotplug::epoch(), Relaxed);
        }
        self.number.store(if valid { number } else { 0 }, Relaxed);
    }

    /// Clears the stamp; nothing schedules meanwhile.
    pub(crate) fn clear(&self) {
        self.number.store(0, Relaxed);
    }

    /// For the run, first of all: whether it came in order, and on the right CPU.
    pub(crate) fn check(&self, ledger: &Ledger) {
        let number = self.number.load(Relaxed);
        if number == 0 {
            return;
        }
        self.number.store(0, Relaxed);

        let hi = number & 1 != 0;
        saw(if hi {
            Window::HiRuns
        } else {
            Window::NormalRuns
        });
        let scheduled_on = (number >> 1) as usize % MAX_CPUS;
        let mut runs_on = cpu() as usize;
        if injected(Invariant::SameCpu) {
            runs_on = MAX_CPUS;
        }
        let enabled = ledger.raised() == self.lowered.load(Relaxed);
        if !enabled {
            saw(Window::RanAfterEnable);
        }
        if runs_on == scheduled_on {
            if enabled {
                ORDERS[runs_on][usize::from(hi)].check(number >> 8);
            } else {
                saw(Window::Requeued);
            }
            return;
        }
        let epoch = self.epoch.load(Relaxed);
        if runs_on < MAX_CPUS && (epoch % 2 != 0 || epoch != hotplug::epoch()) {
            saw(Window::RanAfterOffline);
            return;
        }
        violated(
            Invariant::SameCpu,
            fmt!("scheduled on CPU {scheduled_on}, ran on CPU {runs_on}"),
        );
    }
}

impl Order {
    const fn new() -> Self {
        Self {
            drawn: Atomic::new(0),
            ran: Atomic::new(0),
            thread: Atomic::new(0),
        }
    }

    fn check(&self, number: u64) {
        let thread = Task::current_raw() as usize;
        let mut last = self.ran.load(Relaxed);
        if injected(Invariant::Order) {
            last = u64::MAX;
        } else {
            let same_thread = !cfg!(CONFIG_PREEMPT_RT) || self.thread.load(Relaxed) == thread;
            self.thread.store(thread, Relaxed);
            self.ran.store(number, Relaxed);
            if !same_thread {
                return;
            }
        }
        saw(Window::InOrder);
        if number <= last {
            violated(
                Invariant::Order,
                fmt!(
                    "the schedule number {number} of CPU {} ran after number {last}",
                    cpu()
                ),
            );
        }
    }
}
