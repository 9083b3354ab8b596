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
    panic, process,
    rc::Rc,
};

use crate::{
    checker::{
        cell::UnsafeCell,
        thread::{self, ThreadId},
        InTurn,
    },
    kernel::Cpu,
    wait::{WaitFor, WaitQueue},
};

/// Set if a failure is to be explained by what happened in its execution.
pub(crate) const TRACE: &str = "MODEL_TRACE";

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
    /// For the worker pools of all CPUs.
    pub(crate) pools: InTurn,
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
        pools: InTurn::new(),
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

/// Lets a panic say in which execution it was, and what had happened there. It ends the process.
pub(crate) fn explain_panics(execution: impl Fn() -> String + Send + Sync + 'static) {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        hook(info);
        eprintln!("{}, where this had happened:", execution());
        eprintln!("{}", trace());
        process::exit(1);
    }));
}

/// What happened in the execution that failed.
fn trace() -> String {
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
