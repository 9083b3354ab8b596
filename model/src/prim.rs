// SPDX-License-Identifier: GPL-2.0

//! The primitives of `tasklet/prim.rs`, on the checker's atomics.
//!
//! Each has the memory ordering that `tasklet/prim.rs` promises, and no more:
//!
//! - A fully ordered read-modify-write has a sequentially consistent fence before it and after it. Of
//!   [`Word::cmpxchg`], which is fully ordered only if it stores, it is known too late whether it does, so
//!   there is no fence before it: that is weaker than the kernel's.
//! - A relaxed load may return any value that coherence allows, however old.

use crate::{
    checker::{
        cell::UnsafeCell,
        lazy_static,
        sync::{
            atomic::{
                fence, AtomicI32, AtomicU64, AtomicUsize,
                Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
            },
            Mutex, MutexGuard,
        },
        Atomic,
    },
    kernel,
    wait::{self, WaitFor},
    world::{self, note, Place},
};

use super::{state::Life, work::KernelWork};

#[derive(Debug, PartialEq)]
pub(crate) struct Error(&'static str);

pub(crate) type Result<T = (), E = Error> = core::result::Result<T, E>;

pub(crate) const EINVAL: Error = Error("EINVAL");
pub(crate) const EWOULDBLOCK: Error = Error("EWOULDBLOCK");

pub(crate) fn may_wait() -> Result {
    if world::context().in_handler {
        Err(EWOULDBLOCK)
    } else {
        Ok(())
    }
}

pub(crate) fn full_barrier() {
    fence(SeqCst);
    note(|| "full barrier".into());
}

macro_rules! warning {
    ($($args:tt)*) => {{
        // What it says is read, whoever wants to hear it.
        let text = format!($($args)*);
        $crate::world::note(|| text);
    }};
}
pub(crate) use warning;

/// A fully ordered read-modify-write.
fn fully_ordered<T>(operation: impl FnOnce() -> T) -> T {
    let result = operation();
    fence(SeqCst);
    result
}

pub(crate) struct Word {
    initial: u64,
    place: Place<Atomic<AtomicU64>>,
}

impl Word {
    pub(crate) const fn new(value: u64) -> Self {
        Self {
            initial: value,
            place: Place::new(),
        }
    }

    fn atomic(&self) -> &Atomic<AtomicU64> {
        self.place.get(|| Atomic::new(AtomicU64::new(self.initial)))
    }

    pub(crate) fn load(&self) -> u64 {
        let value = self.atomic().look(|a| a.load(Relaxed));
        note(|| format!("state: finds {}", text(value)));
        value
    }

    pub(crate) fn load_acquire(&self) -> u64 {
        let value = self.atomic().look(|a| a.load(Acquire));
        note(|| format!("state: finds {}", text(value)));
        value
    }

    pub(crate) fn cmpxchg(&self, old: u64, new: u64) -> Result<(), u64> {
        self.atomic()
            .change(|a| a.compare_exchange(old, new, AcqRel, Relaxed))?;
        fence(SeqCst);
        note(|| format!("state: {} -> {}", text(old), text(new)));
        Ok(())
    }

    pub(crate) fn fetch_add(&self, n: u64) -> u64 {
        let old = fully_ordered(|| self.atomic().change(|a| a.fetch_add(n, AcqRel)));
        note(|| format!("state: {} -> {}", text(old), text(old.wrapping_add(n))));
        old
    }

    pub(crate) fn constant(&self, bits: u64) -> u64 {
        self.initial & bits
    }

    pub(crate) fn wait_while(&self, mask: u32, values: u32) {
        wait::wait_until(core::ptr::from_ref(self) as usize, WaitFor::Var, || {
            let value = self.atomic().look(|a| a.load(Acquire));
            note(|| format!("state: finds {}, waiting", text(value)));
            1 << (value as u32 & mask) & values == 0
        });
    }

    pub(crate) fn wake(this: *const Self) {
        wait::wake_up(this as usize, WaitFor::Var);
    }
}

/// For the trace: the life and the depth, if it is the state; and the whole value.
fn text(value: u64) -> String {
    let lives = [
        (Life::Live, "Live"),
        (Life::Fresh, "Fresh"),
        (Life::Unowned, "Unowned"),
        (Life::Parked, "Parked"),
        (Life::Draining, "Draining"),
        (Life::Discarding, "Discarding"),
        (Life::Claimed, "Claimed"),
        (Life::Buried, "Buried"),
    ];
    let (_, life) = lives
        .iter()
        .find(|(life, _)| *life as u64 == value & 7)
        .unwrap();
    format!("{life}, depth {} ({value:#x})", value >> 32)
}

pub(crate) struct Slot<T> {
    initial: T,
    place: Place<UnsafeCell<T>>,
}

// SAFETY: All threads of an execution run on one thread of the host.
unsafe impl<T> Sync for Slot<T> {}
// SAFETY: As above.
unsafe impl<T> Send for Slot<T> {}

impl<T: Copy + 'static> Slot<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            initial: value,
            place: Place::new(),
        }
    }

    fn cell(&self) -> &UnsafeCell<T> {
        self.place.get(|| UnsafeCell::new(self.initial))
    }

    /// # Safety
    ///
    /// The checker finds out whether somebody is writing to it.
    pub(crate) unsafe fn get(&self) -> T {
        // SAFETY: The checker would have stopped us.
        self.cell().with(|value| unsafe { *value })
    }

    /// # Safety
    ///
    /// The checker finds out whether somebody is reading it or writing to it.
    pub(crate) unsafe fn set(&self, new: T) {
        // SAFETY: The checker would have stopped us.
        self.cell().with_mut(|value| unsafe { *value = new });
    }
}

lazy_static! {
    static ref REGISTRY_LOCK: Mutex<()> = Mutex::new(());
}

/// A spinlock: acquire and release.
pub(crate) struct LockGuard(#[allow(dead_code)] MutexGuard<'static, ()>);

pub(crate) fn lock() -> LockGuard {
    let guard = LockGuard(REGISTRY_LOCK.lock().unwrap());
    note(|| "registry: locks".into());
    guard
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            note(|| "registry: unlocks".into());
        }
    }
}

/// A module: here, the address of the one function that is a callback of it.
#[derive(Clone, Copy)]
pub(crate) struct Module(pub(crate) usize);

impl Module {
    pub(crate) fn contains(self, address: usize) -> bool {
        address == self.0
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Priority {
    Normal,
    High,
}

pub(crate) type TaskletFunction = unsafe fn(*const KernelTasklet);

pub(crate) type WorkFunction = unsafe fn(*const WorkStruct);

#[derive(Clone, Copy)]
pub(crate) enum Callback {
    Tasklet(TaskletFunction),
    Work(WorkFunction),
}

impl Callback {
    pub(crate) fn address(self) -> usize {
        match self {
            Self::Tasklet(function) => function as usize,
            Self::Work(function) => function as usize,
        }
    }
}

/// Both kinds, one of which is never touched: not a union, so that dropping it gives back what was touched.
#[repr(C)]
pub(crate) struct KernelPart {
    tasklet: KernelTasklet,
    work: KernelWork,
}

/// Of the callback of a tasklet that is a work item only.
unsafe fn never(_tasklet: *const KernelTasklet) {
    unreachable!();
}

impl KernelPart {
    /// Where the kernel's pointer to a work item points to.
    pub(crate) const WORK: usize = core::mem::offset_of!(Self, work);

    pub(crate) const fn new(callback: Callback, priority: Priority, count: i32) -> Self {
        let function = match callback {
            Callback::Tasklet(function) => function,
            Callback::Work(_) => never,
        };
        Self {
            tasklet: KernelTasklet::new(function, count),
            work: KernelWork::new(priority, count),
        }
    }

    /// # Safety
    ///
    /// None here.
    pub(crate) unsafe fn tasklet(&self) -> &KernelTasklet {
        &self.tasklet
    }

    /// # Safety
    ///
    /// None here.
    pub(crate) unsafe fn work(&self) -> &KernelWork {
        &self.work
    }
}

/// The word of a work item: it is the last field.
pub(crate) fn word_of_work(work: &KernelWork) -> &Word {
    let offset = size_of::<KernelWork>() - size_of::<Word>();
    // SAFETY: The layout is that of C.
    unsafe { &*core::ptr::from_ref(work).byte_add(offset).cast() }
}

/// `struct work_struct` (workqueue_types.h:16).
pub(crate) struct WorkStruct {
    entry: Place<UnsafeCell<()>>,
    function: Place<UnsafeCell<Option<WorkFunction>>>,
}

impl WorkStruct {
    pub(crate) const fn uninit() -> Self {
        Self {
            entry: Place::new(),
            function: Place::new(),
        }
    }

    pub(crate) fn entry(&self) -> &UnsafeCell<()> {
        self.entry.get(|| UnsafeCell::new(()))
    }

    pub(crate) fn function(&self) -> &UnsafeCell<Option<WorkFunction>> {
        self.function.get(|| UnsafeCell::new(None))
    }

    /// Before other threads see it.
    pub(crate) fn announce(&self) {
        self.entry();
        self.function();
    }

    /// `INIT_WORK()`
    ///
    /// # Safety
    ///
    /// The checker finds out whether somebody else looks at it.
    pub(crate) unsafe fn init(&self, function: WorkFunction) {
        kernel::assert_not_queued(self);
        self.entry().with_mut(|_| ());
        // SAFETY: The checker would have stopped us.
        self.function()
            .with_mut(|place| unsafe { *place = Some(function) });
    }

    /// # Safety
    ///
    /// As in the crate.
    pub(crate) unsafe fn queue(&self, priority: Priority) {
        kernel::queue_work(self, priority);
    }
}

pub(crate) const SCHED: usize = 1;
pub(crate) const RUN: usize = 2;

/// `struct tasklet_struct` (interrupt.h:693).
pub(crate) struct KernelTasklet {
    initial_count: i32,
    initial_callback: TaskletFunction,
    next: Place<UnsafeCell<*const KernelTasklet>>,
    state: Place<Atomic<AtomicUsize>>,
    count: Place<Atomic<AtomicI32>>,
    callback: Place<UnsafeCell<TaskletFunction>>,
    data: Place<UnsafeCell<usize>>,
}

impl KernelTasklet {
    pub(crate) const fn new(callback: TaskletFunction, count: i32) -> Self {
        Self {
            initial_count: count,
            initial_callback: callback,
            next: Place::new(),
            state: Place::new(),
            count: Place::new(),
            callback: Place::new(),
            data: Place::new(),
        }
    }

    pub(crate) fn next(&self) -> &UnsafeCell<*const KernelTasklet> {
        self.next.get(|| UnsafeCell::new(core::ptr::null()))
    }

    pub(crate) fn state(&self) -> &Atomic<AtomicUsize> {
        self.state.get(|| Atomic::new(AtomicUsize::new(SCHED)))
    }

    pub(crate) fn count(&self) -> &Atomic<AtomicI32> {
        self.count
            .get(|| Atomic::new(AtomicI32::new(self.initial_count)))
    }

    pub(crate) fn callback(&self) -> &UnsafeCell<TaskletFunction> {
        self.callback.get(|| UnsafeCell::new(self.initial_callback))
    }

    /// Before other threads see it.
    pub(crate) fn announce(&self) {
        self.next();
        self.state();
        self.count();
        self.callback();
        wait::announce(core::ptr::from_ref(self) as usize, WaitFor::Run);
    }

    /// # Safety
    ///
    /// The checker finds out whether somebody else looks at it.
    pub(crate) unsafe fn set_callback(&self, callback: TaskletFunction) {
        // SAFETY: The checker would have stopped us.
        self.callback()
            .with_mut(|place| unsafe { *place = callback });
    }

    fn data(&self) -> &UnsafeCell<usize> {
        self.data.get(|| UnsafeCell::new(0))
    }

    /// # Safety
    ///
    /// The checker finds out whether somebody is writing to it.
    pub(crate) unsafe fn number(&self) -> usize {
        // SAFETY: The checker would have stopped us.
        self.data().with(|data| unsafe { *data })
    }

    /// # Safety
    ///
    /// The checker finds out whether somebody else looks at it.
    pub(crate) unsafe fn set_number(&self, number: usize) {
        // SAFETY: The checker would have stopped us.
        self.data().with_mut(|data| unsafe { *data = number });
    }

    pub(crate) fn test_and_set_sched(&self) -> bool {
        let old = fully_ordered(|| self.state().change(|a| a.fetch_or(SCHED, AcqRel))) & SCHED != 0;
        note(|| format!("SCHED: {} -> 1", old as u32));
        old
    }

    /// `clear_bit_unlock()`
    ///
    /// # Safety
    ///
    /// As in the crate.
    pub(crate) unsafe fn release_sched(&self) {
        self.state().change(|a| a.fetch_and(!SCHED, Release));
        note(|| "SCHED: 1 -> 0".into());
    }

    pub(crate) fn is_scheduled(&self) -> bool {
        self.state().look(|a| a.load(Acquire)) & SCHED != 0
    }

    pub(crate) fn is_running(&self) -> bool {
        let running = self.state().look(|a| a.load(Acquire)) & RUN != 0;
        note(|| format!("RUN: finds {}", running as u32));
        running
    }

    pub(crate) fn add_count(&self, n: i32) {
        let old = fully_ordered(|| self.count().change(|a| a.fetch_add(n, AcqRel)));
        note(|| format!("count: {old} -> {}", old + n));
    }

    /// # Safety
    ///
    /// As in the crate.
    pub(crate) unsafe fn queue(&self, priority: Priority) {
        kernel::tasklet_schedule(self, priority);
    }

    pub(crate) fn wait_until_idle(&self) {
        if self.is_running() {
            // tasklet_unlock_wait() (softirq.c:1064)
            wait::wait_until(core::ptr::from_ref(self) as usize, WaitFor::Run, || {
                !self.is_running()
            });
        }
    }
}
