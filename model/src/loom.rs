// SPDX-License-Identifier: GPL-2.0

//! The types of loom, which tries all interleavings and has the weak memory of C11.

use std::env;

use loom::sync::atomic::{
    fence, AtomicI32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

use crate::{
    scenarios::Scenario,
    world::{self, Watched},
};

pub(crate) use loom::{cell, lazy_static, sync, thread};

/// An atomic, all accesses to which are tried in all orders.
///
/// Loom 0.7 by itself overlooks some: if a thread loads a value and then changes it, nobody else's load is tried
/// after that change (https://github.com/tokio-rs/loom/issues/166). It overlooks nothing if there are
/// read-modify-writes only. So each access begins with one of those, to a counter of its own. It is relaxed, so it
/// orders nothing else, and a load may still return an old value.
pub(crate) struct Atomic<A> {
    value: A,
    accesses: AtomicUsize,
}

impl<A> Atomic<A> {
    pub(crate) fn new(value: A) -> Self {
        Self {
            value,
            accesses: AtomicUsize::new(0),
        }
    }

    /// A load.
    pub(crate) fn look<T>(&self, load: impl FnOnce(&A) -> T) -> T {
        self.accesses.fetch_add(1, Relaxed);
        load(&self.value)
    }

    /// A read-modify-write.
    pub(crate) fn change<T>(&self, rmw: impl FnOnce(&A) -> T) -> T {
        self.accesses.fetch_add(1, Relaxed);
        // Nobody comes in between: that would be no other order.
        loom::stop_exploring();
        let result = rmw(&self.value);
        loom::explore();
        result
    }
}

macro_rules! watch_atomics {
    ($($atomic:ty),*) => {$(
        impl Watched for Atomic<$atomic> {
            fn give_back(&mut self) {
                self.value.with_mut(|_| ());
            }
        }
    )*};
}
watch_atomics!(AtomicU64, AtomicUsize, AtomicI32);

/// What one thread does here comes before what the next one does. No thread is interrupted here, so fences will do.
pub(crate) struct InTurn;

impl InTurn {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        fence(SeqCst);
        let result = f();
        fence(SeqCst);
        result
    }
}

/// Checks a scenario in all interleavings, or in those with at most so many preemptions. Returns how many executions
/// that took, or panics.
pub(crate) fn check(scenario: &Scenario, preemptions: Option<usize>) -> usize {
    world::explain_panics(|| format!("in execution {}", world::executions()));
    let mut model = loom::model::Builder::new();
    model.preemption_bound = preemptions;
    let (run, works) = (scenario.run, scenario.works);
    let trace = env::var_os(world::TRACE).is_some();
    model.check(move || world::execute(run, works, trace));
    world::executions()
}
