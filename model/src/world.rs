// SPDX-License-Identifier: GPL-2.0

//! One execution: everything that is made for it, and forgotten when it ends.
//!
//! The checker runs a scenario again and again, each time with other interleavings. All threads of an
//! execution are coroutines on one thread of the host. So what the checker must not see, such as this
//! bookkeeping, may use plain cells: nothing else happens between two operations of the checker.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed},
    thread::{self, ThreadId},
};

use crate::{
    kernel::Cpu,
    wait::{WaitFor, WaitQueue},
};

/// The CPUs that a scenario may use.
pub(crate) const CPUS: usize = 2;

/// Who runs.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) cpu: usize,
    pub(crate) name: &'static str,
    pub(crate) in_handler: bool,
}

pub(crate) struct World {
    execution: usize,
    /// Bottom halves are works, not tasklets.
    pub(crate) works: bool,
    pub(crate) cpus: [Cpu; CPUS],
    pub(crate) wait_queues: RefCell<HashMap<(usize, WaitFor), Rc<WaitQueue>>>,
    contexts: RefCell<HashMap<ThreadId, Context>>,
    kept: RefCell<Vec<Box<dyn Any>>>,
    /// What happened, if somebody wants to read it.
    trace: Option<RefCell<Vec<String>>>,
}

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
    static EXECUTIONS: Cell<usize> = const { Cell::new(0) };
}

/// The number of executions so far.
pub(crate) fn executions() -> usize {
    EXECUTIONS.get()
}

/// Runs a scenario once, as the body of the checker's model.
pub(crate) fn execute(scenario: fn(), works: bool, trace: bool) {
    EXECUTIONS.set(EXECUTIONS.get() + 1);
    let world = World {
        execution: EXECUTIONS.get(),
        works,
        cpus: [Cpu::new(), Cpu::new()],
        wait_queues: RefCell::default(),
        contexts: RefCell::default(),
        kept: RefCell::default(),
        trace: trace.then(RefCell::default),
    };
    WORLD.set(Some(Rc::new(world)));
    enter_context(0, "main");
    scenario();
    WORLD.take();
}

/// The execution under way.
pub(crate) fn world() -> Rc<World> {
    WORLD.with_borrow(|world| world.clone().expect("this is for scenarios"))
}

/// Keeps a value until the execution ends. It is not dropped by the scenario's end but with the execution.
pub(crate) fn keep<T: 'static>(value: T) -> &'static T {
    let value = Box::new(value);
    let place: *const T = &*value;
    world().kept.borrow_mut().push(value);
    // SAFETY: It is on the heap and stays there until the next execution begins; nothing of this one is
    // used then.
    unsafe { &*place }
}

/// Says who this thread is.
pub(crate) fn enter_context(cpu: usize, name: &'static str) {
    let context = Context {
        cpu,
        name,
        in_handler: false,
    };
    world()
        .contexts
        .borrow_mut()
        .insert(thread::current().id(), context);
}

pub(crate) fn context() -> Context {
    world().contexts.borrow()[&thread::current().id()]
}

pub(crate) fn set_in_handler(in_handler: bool) {
    let world = world();
    let mut contexts = world.contexts.borrow_mut();
    contexts
        .get_mut(&thread::current().id())
        .unwrap()
        .in_handler = in_handler;
}

/// Notes what this thread has just done.
pub(crate) fn note(what: impl FnOnce() -> String) {
    let world = world();
    if let Some(trace) = &world.trace {
        let name = world.contexts.borrow()[&thread::current().id()].name;
        trace.borrow_mut().push(format!("{name:>12} | {}", what()));
    }
}

/// What happened in the execution that failed.
pub(crate) fn trace() -> String {
    WORLD.with_borrow(|world| match world.as_ref().map(|world| &world.trace) {
        Some(Some(trace)) => trace.borrow().join("\n"),
        _ => String::new(),
    })
}

/// What the checker watches: it must not be used by others when it is given back.
pub(crate) trait Watched {
    /// Checks that all use of it happens before this.
    fn give_back(&mut self);
}

impl<T> Watched for UnsafeCell<T> {
    fn give_back(&mut self) {
        self.with_mut(|_| ());
    }
}

/// An atomic of the checker's, all accesses to which are tried in all orders.
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

/// A place in memory that the checker watches. It can be a static, or made by a `const fn`: what the checker
/// needs is made when an execution first uses it. Dropping it is giving the memory back.
pub(crate) struct Place<T: Watched> {
    /// Since which execution, and what.
    made: Cell<(usize, *mut T)>,
    given_back: Cell<bool>,
}

// SAFETY: All threads of an execution run on one thread of the host.
unsafe impl<T: Watched> Sync for Place<T> {}
// SAFETY: As above.
unsafe impl<T: Watched> Send for Place<T> {}

impl<T: Watched> Place<T> {
    pub(crate) const fn new() -> Self {
        Self {
            made: Cell::new((0, std::ptr::null_mut())),
            given_back: Cell::new(false),
        }
    }

    /// Whoever is first makes it. That is a write: the other threads must come after it. So the scenario does it,
    /// or whoever holds a lock that all need.
    pub(crate) fn get(&self, make: impl FnOnce() -> T) -> &T
    where
        T: 'static,
    {
        assert!(!self.given_back.get(), "touched after it was given back");
        let execution = world().execution;
        if self.made.get().0 != execution {
            let made: *const T = keep(make());
            self.made.set((execution, made.cast_mut()));
        }
        // SAFETY: It is kept during this execution.
        unsafe { &*self.made.get().1 }
    }
}

impl<T: Watched> Drop for Place<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.given_back.set(true);
        let (execution, made) = self.made.get();
        if WORLD.with_borrow(|world| {
            world
                .as_ref()
                .is_some_and(|world| world.execution == execution)
        }) {
            // SAFETY: It is kept during this execution. Somebody else who uses it at this moment is what the
            // checker finds here.
            unsafe { &mut *made }.give_back();
        }
    }
}
