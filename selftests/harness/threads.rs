// SPDX-License-Identifier: GPL-2.0

//! CPUs, and threads bound to them.

use core::{
    cell::Cell,
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::prelude::*;

use crate::{
    c,
    check,
    counters::Flag,
    suite::Test,
    wait,
    wait::temptation, //
};

/// How long a thread may take before the log shows where it is. The wait continues all the same.
const THREAD_LIMIT_MS: u32 = 25_000;

/// The CPU this runs on.
#[inline]
pub fn cpu() -> u32 {
    c::selftest_cpu()
}

/// The CPUs that are online.
#[inline]
pub fn cpus() -> impl Iterator<Item = u32> + Clone {
    (0..c::selftest_cpu_limit()).filter(|&cpu| c::selftest_cpu_online(cpu))
}

/// Takes `cpu` offline, or online again.
#[inline]
pub fn set_online(cpu: u32, online: bool) -> Result {
    kernel::error::to_result(c::selftest_cpu_set_online(cpu, online))
}

/// Moves the calling thread to `cpu`. False: it is not online, or some CPU is going online or offline now.
#[inline]
pub fn move_to(cpu: u32) -> bool {
    c::selftest_move_to(cpu)
}

/// Calls `*arg`.
///
/// # Safety
///
/// `arg` must point to an `F` that nothing else uses during the call.
#[inline]
pub(crate) unsafe extern "C" fn call_mut<F: FnMut()>(arg: *mut c_void) {
    // SAFETY: By the safety requirement.
    unsafe { (*arg.cast::<F>())() }
}

/// Calls `*arg` and frees it.
///
/// # Safety
///
/// `arg` must come from `KBox::<F>::into_raw()` and must not be used afterwards.
#[inline]
unsafe extern "C" fn call_box<F: FnOnce()>(arg: *mut c_void) {
    // SAFETY: By the safety requirement.
    KBox::into_inner(unsafe { KBox::from_raw(arg.cast::<F>()) })()
}

/// Threads that have all finished when [`scope()`] returns, so that they may borrow.
pub struct Scope<'scope, 'env: 'scope> {
    /// The last one started, which leads to the others.
    threads: Cell<*mut c::Thread>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Calls `f`, which may start threads, and returns when all of these have finished.
#[inline]
pub fn scope<'env, R>(f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R) -> R {
    let scope = Scope {
        threads: Cell::new(core::ptr::null_mut()),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = f(&scope);
    let mut thread = scope.threads.get();
    while !thread.is_null() {
        // SAFETY: It was started by the scope.
        thread = unsafe { join(thread) };
    }
    result
}

/// Starts a thread.
///
/// # Safety
///
/// It must be [`join`]ed before the borrows of `f` end.
#[inline]
unsafe fn start<F: FnOnce() + Send>(
    cpu: u32,
    f: F,
    next: *mut c::Thread,
) -> Result<*mut c::Thread> {
    let f = KBox::into_raw(KBox::new(f, GFP_KERNEL)?);
    // SAFETY: `f` comes from `KBox::into_raw()`; its borrows are valid, by the safety requirement.
    let thread = unsafe { c::selftest_thread_start(cpu, call_box::<F>, f.cast(), next) };
    if thread.is_null() {
        // SAFETY: No thread has got `f`.
        drop(unsafe { KBox::from_raw(f) });
        return Err(ENOMEM);
    }
    Ok(thread)
}

/// Waits until a thread has finished; returns what was `next` when it was started.
///
/// # Safety
///
/// `thread` must come from [`start`], and is used up.
#[inline]
unsafe fn join(thread: *mut c::Thread) -> *mut c::Thread {
    // SAFETY: `thread` is valid, and after it has finished nobody else uses it.
    unsafe {
        while !c::selftest_thread_wait(thread, THREAD_LIMIT_MS) {}
        c::selftest_thread_free(thread)
    }
}

/// A thread that borrows nothing. Dropping this waits until it has finished.
///
/// # Invariants
///
/// The thread comes from [`start`].
pub struct Thread(NonNull<c::Thread>);

// SAFETY: A thread may be waited for anywhere.
unsafe impl Send for Thread {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl Sync for Thread {}

impl Thread {
    /// Runs `f` in a thread that begins on `cpu`.
    #[inline]
    pub fn spawn<F: FnOnce() + Send + 'static>(cpu: u32, f: F) -> Result<Self> {
        // SAFETY: `f` borrows nothing.
        let thread = unsafe { start(cpu, f, core::ptr::null_mut()) }?;
        // INVARIANT: Just started.
        Ok(Self(NonNull::new(thread).ok_or(ENOMEM)?))
    }
}

impl Drop for Thread {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariant, and nobody else has it.
        unsafe { join(self.0.as_ptr()) };
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Runs `f` in a thread on `cpu`.
    #[inline]
    pub fn spawn<F: FnOnce() + Send + 'scope>(&'scope self, cpu: u32, f: F) -> Result {
        // SAFETY: `scope()` joins it, before the borrows of `f` can end.
        let thread = unsafe { start(cpu, f, self.threads.get()) }?;
        self.threads.set(thread);
        Ok(())
    }

    /// The same; the caller can see whether the thread is blocked. It must not [`wait!`](crate::wait) itself.
    #[inline]
    pub fn spawn_watched<F: FnOnce() + Send + 'scope>(
        &'scope self,
        cpu: u32,
        f: F,
    ) -> Result<ScopedThread<'scope>> {
        self.spawn(cpu, f)?;
        // INVARIANT: The scope frees its threads after it has ended.
        Ok(ScopedThread {
            thread: self.threads.get(),
            scope: PhantomData,
        })
    }
}

/// A thread of a [`Scope`].
///
/// # Invariants
///
/// The thread is not freed before `'scope` ends.
pub struct ScopedThread<'scope> {
    thread: *mut c::Thread,
    scope: PhantomData<&'scope ()>,
}

impl ScopedThread<'_> {
    /// Whether it waits for an event, in a call that does not return before.
    #[inline]
    pub fn is_blocked(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { c::selftest_thread_blocked(self.thread) }
    }

    /// Expects that the thread is blocked in a call, and stays so; when the call returns, the thread sets `returned`.
    #[inline]
    pub fn check_blocked(&self, t: &Test, returned: &Flag) {
        wait!(t, self.is_blocked() || returned.is_set());
        temptation();
        check!(t, !returned.is_set());
    }
}

/// Runs `f` in a thread on `cpu` and returns what it returned.
#[inline]
pub fn on_cpu<R: Send>(cpu: u32, f: impl FnOnce() -> R + Send) -> Result<R> {
    let mut result = None;
    scope(|s| s.spawn(cpu, || result = Some(f())))?;
    result.ok_or(EIO)
}
