// SPDX-License-Identifier: GPL-2.0

//! The primitives: every access to a word that several CPUs change, and every way to wait for one.
//!
//! The life of a tasklet ([`node`](super::node), [`life`](super::life), [`registry`](super::registry))
//! uses these and nothing else of the kernel. So the same files can be compiled against other
//! primitives, such as those of a model checker.
//!
//! # Memory ordering
//!
//! It is the kernel's own: see `Documentation/memory-barriers.txt`. A read-modify-write that returns a
//! value is fully ordered, and so is [`KernelTasklet::add_count`]. [`Word::load`] is relaxed. What
//! follows a wait, or a load with acquire, sees all that was written before the event.

use core::{
    cell::UnsafeCell,
    mem::ManuallyDrop, //
};

use kernel::{
    prelude::*,
    sync::atomic::Atomic,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

use crate::bindings;

use super::work::KernelWork;

pub(crate) use kernel::{
    error::Result,
    prelude::EINVAL, //
};

// What is atomic: `load`, `load_acquire`, `cmpxchg` (which returns the value if that was not `old`) and
// `fetch_add` of a `Word`; `test_and_set_sched` (which tells whether SCHED was set), `add_count` (the
// kernel's disable count) and `state` (with acquire) of a `KernelTasklet`.
//
// On x86-64 the hot path is inline, as it is in C, although GCC built the kernel. These few operations
// are Rust's own atomics, which the kernel's memory model does not know. There a sequentially
// consistent read-modify-write is the same locked instruction as the kernel's, and the compiler moves
// nothing across it.
#[cfg_attr(CONFIG_X86_64, path = "prim/x86_64.rs")]
#[cfg_attr(not(CONFIG_X86_64), path = "prim/generic.rs")]
mod arch;

// The RUN bit tells when a handler has returned.
#[cfg(not(any(CONFIG_SMP, CONFIG_PREEMPT_RT)))]
compile_error!("rust_tasklet needs CONFIG_SMP or CONFIG_PREEMPT_RT: others keep no RUN bit");

/// Waiting is impossible here: this is atomic context. Linux gives it the number of [`EAGAIN`].
pub const EWOULDBLOCK: Error = EAGAIN;

/// Fails if the caller may not sleep here and now.
pub(crate) fn may_wait() -> Result {
    // SAFETY: It reads counters of this CPU and this task only.
    if unsafe { bindings::rust_tasklet_may_wait() } {
        Ok(())
    } else {
        Err(EWOULDBLOCK)
    }
}

/// A full memory barrier between CPUs.
pub(crate) fn full_barrier() {
    // SAFETY: It has no requirements.
    unsafe { bindings::rust_tasklet_smp_mb() };
}

/// Prints a warning. Any context but NMI.
macro_rules! warning {
    ($($args:tt)*) => { ::kernel::prelude::pr_warn!($($args)*) };
}
pub(crate) use warning;

/// A word of ours.
pub(crate) struct Word(Atomic<u64>);

impl Word {
    #[inline]
    pub(crate) const fn new(value: u64) -> Self {
        Self(Atomic::new(value))
    }

    /// Some bits of the value, which are what they were in [`Self::new`]: nobody changes them.
    #[inline]
    pub(crate) fn constant(&self, bits: u64) -> u64 {
        self.load() & bits
    }

    /// Sleeps while the lowest bits, those in `mask`, have a value whose bit is set in `values`. What
    /// was written before the value changed is visible. After a change, [`Word::wake`] must be called.
    pub(crate) fn wait_while(&self, mask: u32, values: u32) {
        // SAFETY: The word is valid while it is borrowed; the callers checked that they may sleep.
        unsafe { bindings::rust_tasklet_wait_while(self.0.as_ptr().cast(), mask, values) };
    }

    /// Wakes the threads that wait for a change of the word at this address. It may have been freed.
    #[inline]
    pub(crate) fn wake(this: *const Self) {
        // SAFETY: Only the address counts.
        unsafe { bindings::wake_up_var(this.cast_mut().cast()) };
    }
}

/// A place that the registry lock guards, or that does not change while it can be seen.
pub(crate) struct Slot<T>(UnsafeCell<T>);

// SAFETY: All access is unsafe, and the caller vouches that nothing else accesses it at that time.
unsafe impl<T> Sync for Slot<T> {}
// SAFETY: It holds plain values and pointers, which belong to no thread.
unsafe impl<T> Send for Slot<T> {}

impl<T: Copy> Slot<T> {
    #[inline]
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    ///
    /// Nobody may be writing to it.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> T {
        // SAFETY: By the contract of this function.
        unsafe { *self.0.get() }
    }

    /// # Safety
    ///
    /// Nobody may be reading it or writing to it.
    #[inline(always)]
    pub(crate) unsafe fn set(&self, value: T) {
        // SAFETY: By the contract of this function.
        unsafe { *self.0.get() = value };
    }
}

/// The registry lock, held. It may be taken in any context but NMI, and keeps interrupts off.
pub(crate) struct LockGuard {
    irqflags: usize,
    _cpu: NotThreadSafe,
}

pub(crate) fn lock() -> LockGuard {
    LockGuard {
        // SAFETY: It is released in `Drop`, and nobody takes it twice: it is private to the registry.
        irqflags: unsafe { bindings::rust_tasklet_registry_lock() },
        _cpu: NotThreadSafe,
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // SAFETY: It was taken in `lock()`, on this CPU.
        unsafe { bindings::rust_tasklet_registry_unlock(self.irqflags) };
    }
}

/// A module of the kernel.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Module(*mut bindings::module);

impl Module {
    /// # Safety
    ///
    /// `module` must stay valid for as long as this is used.
    #[inline]
    pub(crate) unsafe fn new(module: *mut bindings::module) -> Self {
        Self(module)
    }

    /// Whether the code at `address` is the module's.
    pub(crate) fn contains(self, address: usize) -> bool {
        // SAFETY: The module is valid by the contract of `new()`.
        unsafe { bindings::rust_tasklet_within_module(address, self.0) }
    }
}

/// The softirq that a tasklet or a work item is queued for.
#[derive(Clone, Copy)]
pub(crate) enum Priority {
    /// `TASKLET_SOFTIRQ`
    Normal,
    /// `HI_SOFTIRQ`
    High,
}

/// The function that the kernel calls for a tasklet.
pub(crate) type TaskletFunction = unsafe extern "C" fn(*mut bindings::tasklet_struct);

/// The function that the kernel calls for a work item.
pub(crate) type WorkFunction = unsafe extern "C" fn(*mut bindings::work_struct);

/// A function that the kernel calls; it tells what for.
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

/// What the kernel knows of a bottom half: a tasklet or a work item, as its [`Callback`] says. It is the first
/// field of both, so the kernel's pointer is a pointer to this.
#[repr(C)]
pub(crate) union KernelPart {
    tasklet: ManuallyDrop<KernelTasklet>,
    work: ManuallyDrop<KernelWork>,
}

impl KernelPart {
    /// Looks pending to us, but is on no queue.
    #[inline]
    pub(crate) const fn new(callback: Callback, priority: Priority, count: i32) -> Self {
        match callback {
            Callback::Tasklet(function) => Self {
                tasklet: ManuallyDrop::new(KernelTasklet::new(function, count)),
            },
            Callback::Work(_) => Self {
                work: ManuallyDrop::new(KernelWork::new(priority, count)),
            },
        }
    }

    /// # Safety
    ///
    /// It must be a tasklet.
    #[inline(always)]
    pub(crate) unsafe fn tasklet(&self) -> &KernelTasklet {
        // SAFETY: By the contract of this function.
        unsafe { &self.tasklet }
    }

    /// # Safety
    ///
    /// It must be a work item.
    #[inline(always)]
    pub(crate) unsafe fn work(&self) -> &KernelWork {
        // SAFETY: By the contract of this function.
        unsafe { &self.work }
    }
}

/// The kernel's structure of a work item on a BH workqueue. C header:
/// [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).
#[repr(transparent)]
pub(crate) struct WorkStruct(Opaque<bindings::work_struct>);

impl WorkStruct {
    #[inline]
    pub(crate) const fn uninit() -> Self {
        Self(Opaque::uninit())
    }

    /// Initialises it, or replaces the function.
    ///
    /// # Safety
    ///
    /// It must not be on a queue, and no other CPU may be able to queue it.
    pub(crate) unsafe fn init(&self, function: WorkFunction) {
        // SAFETY: Nobody else uses it, by the contract of this function. The kernel has forgotten it: it does not
        // touch a work item after it has called its function.
        unsafe { bindings::rust_tasklet_init_bh_work(self.0.get(), Some(function)) };
    }

    /// Queues it on this CPU, or on one that still runs its function.
    ///
    /// # Safety
    ///
    /// It must be initialised and on no queue, and stay where it is until the kernel has called its function.
    #[inline(always)]
    pub(crate) unsafe fn queue(&self, priority: Priority) {
        // SAFETY: By the contract of this function.
        unsafe {
            match priority {
                Priority::Normal => bindings::rust_tasklet_queue_bh_work(self.0.get()),
                Priority::High => bindings::rust_tasklet_queue_bh_hi_work(self.0.get()),
            }
        }
    }
}

/// The kernel's structure.
///
/// # Invariants
///
/// It is initialised.
#[repr(transparent)]
pub(crate) struct KernelTasklet(Opaque<bindings::tasklet_struct>);

impl KernelTasklet {
    /// Looks pending to the kernel, but is on no queue.
    #[inline]
    pub(crate) const fn new(callback: TaskletFunction, count: i32) -> Self {
        // What `tasklet_setup()` writes, but as a constant, and with SCHED set.
        Self(Opaque::new(bindings::tasklet_struct {
            next: core::ptr::null_mut(),
            state: 1 << bindings::TASKLET_STATE_SCHED,
            count: bindings::atomic_t { counter: count },
            use_callback: true,
            __bindgen_anon_1: bindings::tasklet_struct__bindgen_ty_1 {
                callback: Some(callback),
            },
            data: 0,
        }))
    }

    /// Replaces the callback.
    ///
    /// # Safety
    ///
    /// It must not be on a queue, and no other CPU may be able to queue it.
    pub(crate) unsafe fn set_callback(&self, callback: TaskletFunction) {
        // SAFETY: Nobody else looks at the field, by the contract of this function.
        unsafe { (*self.0.get()).__bindgen_anon_1.callback = Some(callback) };
    }

    /// Clears SCHED. The next CPU that sets it sees what was written before.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED: it must be set, and the tasklet on no queue.
    pub(crate) unsafe fn release_sched(&self) {
        // SAFETY: It is initialised, by the type invariant.
        unsafe { bindings::rust_tasklet_release_sched(self.0.get()) };
    }

    /// The number that [`Self::set_number`] gave it. It is in the kernel's `data`, which is not used otherwise.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn number(&self) -> usize {
        // SAFETY: By the contract of this function nobody writes to it.
        unsafe { (*self.0.get()).data }
    }

    /// Gives it a number, for people who want to tell it from others.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn set_number(&self, number: usize) {
        // SAFETY: By the contract of this function nobody else accesses it.
        unsafe { (*self.0.get()).data = number };
    }

    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.state() & (1 << bindings::TASKLET_STATE_SCHED) != 0
    }

    /// If this returns `false`, what the last run wrote is visible.
    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.state() & (1 << bindings::TASKLET_STATE_RUN) != 0
    }

    /// Queues it on this CPU.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED and gives it away with this call. The tasklet must stay where it is
    /// until the kernel has run it.
    #[inline(always)]
    pub(crate) unsafe fn queue(&self, priority: Priority) {
        // SAFETY: By the contract of this function.
        unsafe {
            match priority {
                Priority::Normal => bindings::__tasklet_schedule(self.0.get()),
                Priority::High => bindings::__tasklet_hi_schedule(self.0.get()),
            }
        }
    }

    /// Sleeps until no callback runs. What the last one wrote is then visible.
    ///
    /// There is no barrier before the first look.
    pub(crate) fn wait_until_idle(&self) {
        if self.is_running() {
            // SAFETY: It is initialised, by the type invariant; the callers checked that they may sleep.
            unsafe { bindings::tasklet_unlock_wait(self.0.get()) };
        }
    }
}
