// SPDX-License-Identifier: GPL-2.0

//! The types of shuttle, which tries random schedules. Its memory is sequentially consistent.

use std::{env, ops::Range};

use shuttle::{scheduler::RandomScheduler, Config, FailurePersistence, Runner};

use crate::{
    scenarios::Scenario,
    world::{self, Watched},
};

pub(crate) use shuttle::lazy_static;

/// An atomic. Shuttle may switch to another thread before and after each access.
pub(crate) struct Atomic<A>(A);

impl<A> Atomic<A> {
    pub(crate) fn new(value: A) -> Self {
        Self(value)
    }

    /// A load.
    pub(crate) fn look<T>(&self, load: impl FnOnce(&A) -> T) -> T {
        load(&self.0)
    }

    /// A read-modify-write.
    pub(crate) fn change<T>(&self, rmw: impl FnOnce(&A) -> T) -> T {
        rmw(&self.0)
    }
}

impl<A> Watched for Atomic<A> {
    /// There is nothing to check: all accesses are ordered, and a later one finds that the place was given back.
    fn give_back(&mut self) {}
}

/// What one thread does here comes before what the next one does.
pub(crate) struct InTurn(sync::Mutex<()>);

impl InTurn {
    pub(crate) fn new() -> Self {
        Self(sync::Mutex::new(()))
    }

    pub(crate) fn run<T>(&self, f: impl FnOnce() -> T) -> T {
        let _guard = self.0.lock().unwrap();
        f()
    }
}

pub(crate) mod sync {
    pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};

    pub(crate) mod atomic {
        pub(crate) use shuttle::sync::atomic::{
            fence, AtomicI32, AtomicU64, AtomicUsize, Ordering,
        };
    }
}

pub(crate) mod cell {
    use std::cell::{Cell, RefCell};

    use shuttle::{current, sync::atomic::AtomicUsize, thread};

    /// When a thread used a cell: the thread, and its own entry in its vector clock.
    #[derive(Clone, Copy)]
    struct Access {
        thread: usize,
        time: u32,
    }

    impl Access {
        /// This access, and the clock of the thread.
        fn now() -> (Self, Vec<u32>) {
            // Each operation on an atomic advances the clock of its thread. Nobody else knows this atomic.
            AtomicUsize::new(0).into_inner();
            let clock = current::clock().to_vec();
            let thread = usize::from(thread::current().id());
            let time = clock[thread];
            (Self { thread, time }, clock)
        }

        fn is_before(self, clock: &[u32]) -> bool {
            clock.get(self.thread).is_some_and(|now| *now >= self.time)
        }
    }

    /// A cell of which each use has to come after the uses that conflict with it. Shuttle itself has none.
    pub(crate) struct UnsafeCell<T> {
        value: std::cell::UnsafeCell<T>,
        written: Cell<Access>,
        /// Since it was written.
        read: RefCell<Vec<Access>>,
    }

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                value: std::cell::UnsafeCell::new(value),
                written: Cell::new(Access::now().0),
                read: RefCell::default(),
            }
        }

        #[track_caller]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            let (now, clock) = Access::now();
            assert!(
                self.written.get().is_before(&clock),
                "read, but not after it was written"
            );
            self.read.borrow_mut().push(now);
            f(self.value.get())
        }

        #[track_caller]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            let (now, clock) = Access::now();
            let mut read = self.read.borrow_mut();
            assert!(
                self.written.get().is_before(&clock),
                "written, but not after it was written before"
            );
            assert!(
                read.iter().all(|read| read.is_before(&clock)),
                "written, but not after it was read"
            );
            read.clear();
            self.written.set(now);
            f(self.value.get())
        }
    }
}

pub(crate) mod thread {
    use std::thread::Result;

    pub(crate) use shuttle::thread::{current, park, yield_now, Thread, ThreadId};

    /// What only one thread of the host sees.
    struct OneThread<T>(T);

    // SAFETY: All threads of an execution run on one thread of the host.
    unsafe impl<T> Send for OneThread<T> {}

    impl<T> OneThread<T> {
        fn into_inner(self) -> T {
            self.0
        }
    }

    pub(crate) struct JoinHandle<T>(shuttle::thread::JoinHandle<OneThread<T>>);

    pub(crate) fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
        let f = OneThread(f);
        JoinHandle(shuttle::thread::spawn(move || OneThread(f.into_inner()())))
    }

    impl<T> JoinHandle<T> {
        pub(crate) fn join(self) -> Result<T> {
            self.0.join().map(OneThread::into_inner)
        }
    }
}

/// Checks a scenario in one random schedule for each seed, or panics.
pub(crate) fn check(scenario: &Scenario, seeds: Range<u64>) {
    let first = seeds.start;
    world::explain_panics(move || format!("with SEED={}", first + world::executions() as u64 - 1));
    let (run, works) = (scenario.run, scenario.works);
    let trace = env::var_os(world::TRACE).is_some();
    for seed in seeds {
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        config.silence_warnings = true;
        Runner::new(RandomScheduler::new_from_seed(seed, 1), config)
            .run(move || world::execute(run, works, trace));
    }
}
