// SPDX-License-Identifier: GPL-2.0

//! The kernel's side: a model of `kernel/softirq.c` and `include/linux/interrupt.h` of Linux 7.3, line by line, and of
//! what a BH workqueue of `kernel/workqueue.c` does.
//!
//! Everything here is modelled, not checked. A thread stands for a task, for an interrupt that
//! schedules tasklets and runs them at its end, or for ksoftirqd. Threads of one CPU run in parallel here,
//! where the kernel runs one after another: that is more than can happen. "Interrupts off" is a lock of the CPU.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    ptr,
};

use crate::{
    checker::{
        sync::atomic::{
            fence,
            Ordering::{AcqRel, Relaxed, Release, SeqCst},
        },
        thread, InTurn,
    },
    tasklet::prim::{KernelTasklet, Priority, WorkStruct, RUN, SCHED},
    wait::{self, WaitFor},
    world::{context, enter_context, note, set_in_handler, world},
};

/// `struct tasklet_head` (softirq.c:837).
struct TaskletHead {
    head: *const KernelTasklet,
    /// Here the last tasklet, not the address of its `next`.
    tail: *const KernelTasklet,
}

impl TaskletHead {
    const fn new() -> Self {
        Self {
            head: ptr::null(),
            tail: ptr::null(),
        }
    }

    /// softirq.c:854 and softirq.c:977
    fn append(&mut self, t: &KernelTasklet) {
        // SAFETY: What is queued is valid; if it is not, the checker notices.
        unsafe {
            t.next().with_mut(|next| *next = ptr::null());
            match self.tail.as_ref() {
                None => self.head = t,
                Some(tail) => tail.next().with_mut(|next| *next = t),
            }
        }
        self.tail = t;
    }
}

/// What a CPU touches with its interrupts off. No other CPU does, so nothing here is for the checker to see but the
/// order of those who come here: see [`Cpu::irqs_off`].
pub(crate) struct Cpu {
    /// `tasklet_vec` and `tasklet_hi_vec`
    vec: RefCell<[TaskletHead; 2]>,
    /// The worker pools.
    pools: RefCell<[Pool; 2]>,
    irqs: InTurn,
    /// ksoftirqd, if it sleeps.
    sleeper: RefCell<Option<thread::Thread>>,
    /// ksoftirqd need not wait for more.
    last: Cell<bool>,
}

impl Cpu {
    pub(crate) fn new() -> Self {
        Self {
            vec: RefCell::new([const { TaskletHead::new() }; 2]),
            pools: RefCell::default(),
            irqs: InTurn::new(),
            sleeper: RefCell::new(None),
            last: Cell::new(false),
        }
    }

    /// What says to loom that threads come here in turn is next to a full barrier of the kernel's in all of them, so
    /// it hides nothing.
    fn irqs_off<T>(&self, f: impl FnOnce(&mut [TaskletHead; 2]) -> T) -> T {
        self.irqs.run(|| f(&mut self.vec.borrow_mut()))
    }

    fn is_idle(&self) -> bool {
        self.vec.borrow().iter().all(|vec| vec.head.is_null())
            && self
                .pools
                .borrow()
                .iter()
                .all(|pool| pool.worklist.is_empty())
    }

    fn wake_ksoftirqd(&self) {
        if let Some(ksoftirqd) = self.sleeper.take() {
            ksoftirqd.unpark();
        }
    }
}

/// `__tasklet_schedule_common()` (softirq.c:845).
pub(crate) fn tasklet_schedule(t: &KernelTasklet, priority: Priority) {
    let world = world();
    let cpu = &world.cpus[context().cpu];
    cpu.irqs_off(|vec| vec[priority as usize].append(t));
    note(|| "queues it".into());
    // raise_softirq_irqoff()
    cpu.wake_ksoftirqd();
}

/// `tasklet_trylock()` (interrupt.h:742): a fully ordered read-modify-write.
fn tasklet_trylock(t: &KernelTasklet) -> bool {
    let old = t.state().change(|a| a.fetch_or(RUN, AcqRel));
    fence(SeqCst);
    note(|| format!("RUN: {} -> 1", (old & RUN != 0) as u32));
    old & RUN == 0
}

/// `tasklet_clear_sched()` (softirq.c:875): fully ordered. Nobody sleeps for SCHED here, so nobody is woken.
fn tasklet_clear_sched(t: &KernelTasklet) -> bool {
    let old = t.state().change(|a| a.fetch_and(!SCHED, AcqRel));
    fence(SeqCst);
    note(|| format!("SCHED: {} -> 0", (old & SCHED != 0) as u32));
    old & SCHED != 0
}

/// `tasklet_unlock()` (softirq.c:1058): `clear_and_wake_up_bit()` (wait_bit.h:551).
fn tasklet_unlock(t: &KernelTasklet) {
    let address = t as *const _ as usize;
    t.state().change(|a| a.fetch_and(!RUN, Release));
    note(|| "RUN: 1 -> 0".into());
    fence(SeqCst);
    wait::wake_up(address, WaitFor::Run);
}

/// `tasklet_action_common()` (softirq.c:939). Returns whether it did more than to put tasklets back.
fn tasklet_action_common(cpu: &Cpu, priority: Priority) -> bool {
    let mut ran = false;
    let mut list =
        cpu.irqs_off(|vec| std::mem::replace(&mut vec[priority as usize], TaskletHead::new()).head);
    // SAFETY: What is queued is valid; if it is not, the checker notices.
    while let Some(t) = unsafe { list.as_ref() } {
        // SAFETY: As above.
        list = t.next().with(|next| unsafe { *next });

        if tasklet_trylock(t) {
            let count = t.count().look(|a| a.load(Relaxed));
            note(|| format!("count: finds {count}"));
            if count == 0 {
                assert!(tasklet_clear_sched(t), "tasklet SCHED state not set");
                // SAFETY: As above.
                let callback = t.callback().with(|callback| unsafe { *callback });
                set_in_handler(true);
                // SAFETY: It was scheduled.
                unsafe { callback(t) };
                set_in_handler(false);
                tasklet_unlock(t);
                ran = true;
                continue;
            }
            tasklet_unlock(t);
        }

        cpu.irqs_off(|vec| vec[priority as usize].append(t));
    }
    ran
}

/// `struct worker_pool` (workqueue.c), and its worker. Its lock is not modelled: who has it does nothing that the
/// checker sees in between. All pools are used in turn; the barriers of that are next to full barriers of the kernel.
#[derive(Default)]
struct Pool {
    worklist: VecDeque<*const WorkStruct>,
    /// `current_work` of the workers: threads of one CPU run in parallel here, so there may be several.
    executing: Vec<*const WorkStruct>,
}

/// Notices if a work item is queued twice.
pub(crate) fn assert_not_queued(work: *const WorkStruct) {
    for cpu in &world().cpus {
        let pools = cpu.pools.borrow();
        assert!(!pools.iter().any(|pool| pool.worklist.contains(&work)));
    }
}

/// `queue_work_on()` and `__queue_work()` (workqueue.c:2360): on this CPU, unless it is executing on another.
pub(crate) fn queue_work(work: &WorkStruct, priority: Priority) {
    let world = world();
    // From test_and_set_bit(WORK_STRUCT_PENDING_BIT) on.
    let cpu = world.pools.run(|| {
        assert_not_queued(work);
        work.entry().with_mut(|_| ());
        let executes = |cpu: &&Cpu| {
            let pools = cpu.pools.borrow();
            pools[priority as usize]
                .executing
                .contains(&ptr::from_ref(work))
        };
        let cpu = world.cpus.iter().find(executes);
        let cpu = cpu.unwrap_or(&world.cpus[context().cpu]);
        cpu.pools.borrow_mut()[priority as usize]
            .worklist
            .push_back(work);
        cpu
    });
    note(|| "queues it".into());
    cpu.wake_ksoftirqd();
}

/// `bh_worker()` (workqueue.c:3771). What is queued meanwhile it leaves to its next turn. Returns whether it did
/// anything.
fn bh_worker(cpu: &Cpu, priority: Priority) -> bool {
    let world = world();
    let queued = cpu.pools.borrow()[priority as usize].worklist.len();
    let mut ran = false;
    for _ in 0..queued {
        // process_one_work(): all of it with the pool's lock, to set_work_pool_and_clear_pending(), a full barrier.
        let taken = world.pools.run(|| {
            let work = cpu.pools.borrow_mut()[priority as usize].take()?;
            // SAFETY: What is queued is valid; if it is not, the checker notices.
            let function = unsafe {
                (*work).entry().with_mut(|_| ());
                (*work).function().with(|function| (*function).unwrap())
            };
            Some((work, function))
        });
        let Some((work, function)) = taken else {
            break;
        };
        ran = true;
        set_in_handler(true);
        // SAFETY: It was queued.
        unsafe { function(work) };
        set_in_handler(false);
        world
            .pools
            .run(|| cpu.pools.borrow_mut()[priority as usize].finish(work));
    }
    ran
}

impl Pool {
    /// The next work item. One that is executing waits for the end of that (`assign_work()`).
    fn take(&mut self) -> Option<*const WorkStruct> {
        let executing = &self.executing;
        let next = self
            .worklist
            .iter()
            .position(|work| !executing.contains(work))?;
        let work = self.worklist.remove(next)?;
        self.executing.push(work);
        Some(work)
    }

    fn finish(&mut self, work: *const WorkStruct) {
        self.executing.retain(|other| *other != work);
    }
}

/// Runs what is queued on this CPU, once. Returns whether something ran.
fn handle_softirqs(cpu: &Cpu) -> bool {
    let high = bh_worker(cpu, Priority::High) | tasklet_action_common(cpu, Priority::High);
    let normal = bh_worker(cpu, Priority::Normal) | tasklet_action_common(cpu, Priority::Normal);
    let ran = high | normal;
    if !cpu.is_idle() {
        // Once more, but others have their turn first.
        thread::yield_now();
    }
    ran
}

/// Runs what is queued on this CPU until nothing is.
pub(crate) fn do_softirq() {
    let world = world();
    let cpu = &world.cpus[context().cpu];
    while !cpu.is_idle() {
        handle_softirqs(cpu);
    }
}

/// A thread of a scenario.
pub(crate) struct Thread<T>(thread::JoinHandle<T>);

impl<T: 'static> Thread<T> {
    /// A task on a CPU.
    pub(crate) fn task(name: &'static str, cpu: usize, f: impl FnOnce() -> T + 'static) -> Self {
        Self(thread::spawn(move || {
            enter_context(cpu, name);
            f()
        }))
    }

    /// An interrupt on a CPU; at its end, what is queued there runs (`irq_exit()`).
    pub(crate) fn irq(name: &'static str, cpu: usize, f: impl FnOnce() -> T + 'static) -> Self {
        Self::task(name, cpu, || {
            let result = f();
            do_softirq();
            result
        })
    }

    pub(crate) fn join(self) -> T {
        self.0.join().unwrap()
    }
}

/// The thread of a CPU that runs what is queued there, at any time.
pub(crate) struct Ksoftirqd {
    cpu: usize,
    thread: Thread<()>,
}

impl Ksoftirqd {
    pub(crate) fn new(cpu: usize) -> Self {
        let thread = Thread::task("ksoftirqd", cpu, move || {
            let world = world();
            let cpu = &world.cpus[cpu];
            loop {
                while cpu.is_idle() {
                    if cpu.last.get() {
                        return;
                    }
                    cpu.sleeper.replace(Some(thread::current()));
                    thread::park();
                }
                let last = cpu.last.get();
                if !handle_softirqs(cpu) && last {
                    // What is left is disabled, and stays so.
                    return;
                }
            }
        });
        Self { cpu, thread }
    }

    /// Waits until everything that is queued has run, but for what is disabled.
    pub(crate) fn finish(self) {
        let world = world();
        let cpu = &world.cpus[self.cpu];
        cpu.last.set(true);
        cpu.wake_ksoftirqd();
        self.thread.join();
    }
}
