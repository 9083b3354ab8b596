// SPDX-License-Identifier: GPL-2.0

//! What the selftests share: suites of cases that report KTAP, expectations, threads bound to CPUs,
//! contexts to run code in, and [`Probe`], a tasklet handler that watches itself.
//!
//! The only place in the selftests with `unsafe` in it, but for the faults in `detectors.rs` and the
//! population of `rust_tasklettorture`. Its C half is `primitives.c`.
//!
//! A few rules make the tests deterministic:
//!
//! - A case runs in a thread of its own on CPU 0. Handlers that are [held](Probe::hold) inside run on
//!   other CPUs, started by [`Context::BhDisable`], so that they run on top of the thread that
//!   scheduled them and of nothing else.
//! - To keep a tasklet pending, schedule it in [`Context::SoftirqsHeld`], or disable it.
//! - "It has happened" is [`wait!`]ed for. "It does not happen" is [`drain`] and then a check.
//! - A case that hangs is reported, its module is pinned, and the run goes on without it. So whatever
//!   waits for code that borrows from its caller may wait for ever.
//!
//! Everything here is generic or `#[inline]`: it is compiled into the tests, which link against the
//! C half only.

// What `new()` makes goes into statics, where `Default` would be of no use.
#![expect(clippy::new_without_default)]

use core::{
    cell::Cell,
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    fmt::Arguments,
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    },
    types::ScopeGuard, //
};
use rust_tasklet::{
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

/// The C half.
mod c {
    use core::ffi::c_void;

    /// A thread bound to a CPU.
    #[repr(C)]
    pub(super) struct Thread {
        _opaque: [u8; 0],
    }

    pub(super) type Callback = unsafe extern "C" fn(*mut c_void);

    unsafe extern "C" {
        pub(super) fn selftest_pin(module: *mut c_void);
        pub(super) fn selftest_remember(value: *const c_void, size: usize);
        pub(super) safe fn selftest_now_ns() -> u64;
        pub(super) safe fn selftest_doze();
        pub(super) safe fn selftest_relax();
        pub(super) safe fn selftest_resched();
        pub(super) safe fn selftest_cpu() -> u32;
        pub(super) safe fn selftest_cpu_limit() -> u32;
        pub(super) safe fn selftest_cpu_online(cpu: u32) -> bool;
        pub(super) safe fn selftest_cpu_set_online(cpu: u32, online: bool) -> i32;
        pub(super) safe fn selftest_move_to(cpu: u32) -> bool;
        pub(super) fn selftest_thread_start(
            cpu: u32,
            callback: Callback,
            arg: *mut c_void,
            next: *mut Thread,
        ) -> *mut Thread;
        pub(super) fn selftest_thread_wait(thread: *mut Thread, ms: u32) -> bool;
        pub(super) fn selftest_thread_free(thread: *mut Thread) -> *mut Thread;
        pub(super) safe fn selftest_context() -> u32;
        pub(super) safe fn selftest_bh_depth() -> u32;
        pub(super) fn selftest_run_in(context: u32, callback: Callback, arg: *mut c_void);
        pub(super) fn selftest_storm(
            period_us: u32,
            limit: u32,
            callback: Callback,
            arg: *mut c_void,
            body: Callback,
            body_arg: *mut c_void,
        ) -> u32;
        pub(super) safe fn selftest_drain();
        pub(super) safe fn selftest_tally_add(index: u32, by: u32) -> u32;
    }
}

/// What a test needs.
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
        microseconds,
        on_cpu,
        preemptible,
        probe,
        scope,
        set_online,
        spin_until,
        storm,
        suite,
        tally,
        temptation,
        wait,
        while_running,
        Context,
        Counter,
        Flag,
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
        DisableGuard,
        Tasklet,
        TaskletContext,
        TaskletHandler,
        EWOULDBLOCK, //
    };
}

// ---- Suites and cases ----

/// How long [`wait!`] and [`spin_until`] wait before they call it a failure.
const PATIENCE_MS: u64 = 10_000;
/// How long they wait in a case that has failed already.
const NO_PATIENCE_MS: u64 = 500;
/// How long a thread may take before the log shows where it is; it is waited for all the same.
const THREAD_LIMIT_MS: u32 = 25_000;
/// How long a case may take before it is reported as hanging.
const CASE_LIMIT_MS: u32 = 60_000;

/// One test case.
pub type Case = fn(&Test) -> Result;

/// Declares a test module: its name, what it shows, and its cases, run when it is loaded.
#[macro_export]
macro_rules! suite {
    ($name:tt, $description:tt, [$($case:ident),+ $(,)?]) => {
        ::kernel::prelude::module! {
            type: Suite,
            name: $name,
            authors: ["The rust_tasklet developers"],
            description: $description,
            license: "GPL",
        }

        struct Suite;

        impl ::kernel::Module for Suite {
            fn init(module: &'static ::kernel::ThisModule) -> ::kernel::error::Result<Self> {
                $crate::run_suite(module, &[$((stringify!($case), $case as $crate::Case)),+])?;
                Ok(Self)
            }
        }
    };
}

/// Prints one line to the kernel log.
#[inline]
pub fn print(line: Arguments<'_>) {
    // One call, so that the line stays whole, and no prefix.
    // SAFETY: The format is KERN_INFO and takes a `fmt::Arguments`, which `line` is.
    unsafe { kernel::bindings::_printk(c"\x016%pA\n".as_char_ptr(), &raw const line) };
}

/// Runs `cases` one after the other, each in a thread on CPU 0, and prints the results as KTAP.
///
/// Use [`suite!`].
#[inline]
pub fn run_suite(module: &'static ThisModule, cases: &[(&'static str, Case)]) -> Result {
    let mut hanging = false;

    print(fmt!("KTAP version 1"));
    print(fmt!("1..{}", cases.len()));
    for (index, &(name, case)) in cases.iter().enumerate() {
        let number = index + 1;
        if hanging {
            print(fmt!("not ok {number} {name} # SKIP an earlier case hangs"));
            continue;
        }

        let test = KBox::into_raw(KBox::new(Test::new(name, case), GFP_KERNEL)?);
        // SAFETY: `test` is valid, and is freed only after the thread has finished with it.
        let thread =
            unsafe { c::selftest_thread_start(0, Test::main, test.cast(), core::ptr::null_mut()) };
        if thread.is_null() {
            // SAFETY: `test` comes from `KBox::into_raw()` and no thread has it.
            drop(unsafe { KBox::from_raw(test) });
            return Err(ENOMEM);
        }
        // SAFETY: `thread` is valid until it is freed.
        if unsafe { c::selftest_thread_wait(thread, CASE_LIMIT_MS) } {
            // SAFETY: The thread has finished, so nobody else uses `thread` and `test`.
            let test = unsafe {
                c::selftest_thread_free(thread);
                KBox::from_raw(test)
            };
            let failed = test.failures.get() != 0;
            print(fmt!(
                "{}ok {number} {name}",
                if failed { "not " } else { "" }
            ));
        } else {
            // The thread goes on to use its stack, `test`, and the code of the module: all three stay.
            hanging = true;
            // SAFETY: The module is being loaded, so it is there to be pinned.
            unsafe { c::selftest_pin(module.as_ptr().cast()) };
            print(fmt!(
                "not ok {number} {name} # TIMEOUT {} seconds",
                CASE_LIMIT_MS / 1000
            ));
        }
    }
    Ok(())
}

/// A running case: what its expectations are counted in.
pub struct Test {
    name: &'static str,
    case: Case,
    failures: Counter,
}

impl Test {
    #[inline]
    fn new(name: &'static str, case: Case) -> Self {
        Self {
            name,
            case,
            failures: Counter::new(),
        }
    }

    /// The thread of the case.
    ///
    /// # Safety
    ///
    /// `this` must point to a `Test` that outlives the thread.
    #[inline]
    unsafe extern "C" fn main(this: *mut c_void) {
        // SAFETY: By the safety requirement.
        let this = unsafe { &*this.cast::<Self>() };
        if let Err(e) = (this.case)(this) {
            this.fail(file!(), line!(), fmt!("the case ended with {e:?}"));
        }
    }

    /// Fails the case, which goes on, to clean up. Any context.
    #[inline]
    pub fn fail(&self, file: &str, line: u32, what: Arguments<'_>) {
        let file = file.rsplit('/').next().unwrap_or(file);
        self.failures.add(1);
        print(fmt!("# {}: {file}:{line}: {what}", self.name));
    }

    /// Prints something a reader of the results may want to know.
    #[inline]
    pub fn note(&self, what: Arguments<'_>) {
        print(fmt!("# {}: {what}", self.name));
    }

    /// Announces that `tasklets` live tasklets are left behind: as many warnings are due at unload.
    #[inline]
    pub fn leaks(&self, tasklets: u32) {
        print(fmt!("# leaks {tasklets}"));
    }

    /// Whether an expectation has failed.
    #[inline]
    pub fn failed(&self) -> bool {
        self.failures.get() != 0
    }

    /// Sleeps until `condition` holds. False: it did not come true in time. Use [`wait!`].
    #[inline]
    pub fn wait(&self, condition: impl Fn() -> bool) -> bool {
        let limit = if self.failed() {
            NO_PATIENCE_MS
        } else {
            PATIENCE_MS
        };
        poll(limit, condition, c::selftest_doze)
    }
}

/// Expects a condition; a failure is recorded and the case goes on.
#[macro_export]
macro_rules! check {
    ($t:expr, $condition:expr) => {
        $crate::check!($t, $condition, "here")
    };
    ($t:expr, $condition:expr, $($where:tt)+) => {
        if !$condition {
            $t.fail(
                file!(),
                line!(),
                ::kernel::prelude::fmt!(
                    "expected {} {}",
                    stringify!($condition),
                    ::kernel::prelude::fmt!($($where)+)
                ),
            );
        }
    };
}

/// Expects two values to be equal; a failure is recorded with both and the case goes on.
#[macro_export]
macro_rules! check_eq {
    ($t:expr, $left:expr, $right:expr $(,)?) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left != *right {
                    $t.fail(
                        file!(),
                        line!(),
                        ::kernel::prelude::fmt!(
                            "expected {} == {}: left {:?}, right {:?}",
                            stringify!($left),
                            stringify!($right),
                            left,
                            right
                        ),
                    );
                }
            }
        }
    };
}

/// Sleeps until a condition holds; if it does not in time, that is recorded and the case goes on.
#[macro_export]
macro_rules! wait {
    ($t:expr, $condition:expr) => {
        if !$t.wait(|| $condition) {
            $t.fail(
                file!(),
                line!(),
                ::kernel::prelude::fmt!("waited in vain for {}", stringify!($condition)),
            );
        }
    };
}

#[inline]
fn poll(limit_ms: u64, condition: impl Fn() -> bool, pause: extern "C" fn()) -> bool {
    let end = c::selftest_now_ns() + limit_ms * 1_000_000;
    loop {
        if condition() {
            return true;
        }
        if c::selftest_now_ns() > end {
            // It may have come true since, on a host that stalled this CPU.
            return condition();
        }
        pause();
    }
}

/// Spins until `condition` holds, in any context. False: it did not come true in time.
#[inline]
pub fn spin_until(condition: impl Fn() -> bool) -> bool {
    poll(PATIENCE_MS, condition, c::selftest_relax)
}

/// Calls `f` and returns how many microseconds that took.
#[inline]
pub fn microseconds(f: impl FnOnce()) -> u64 {
    let start = c::selftest_now_ns();
    f();
    (c::selftest_now_ns() - start) / 1000
}

/// Gives code that should wait, and might not, time to show it.
///
/// Never needed for a correct implementation to pass.
#[inline]
pub fn temptation() {
    let end = c::selftest_now_ns() + 30_000_000;
    while c::selftest_now_ns() < end {
        c::selftest_doze();
    }
}

/// `mem::forget()`, for tests that leak on purpose: kmemleak keeps quiet about what `value` owns.
#[inline]
pub fn forget<T>(value: T) {
    // SAFETY: `value` is valid for reads of its size.
    unsafe { c::selftest_remember((&raw const value).cast(), size_of::<T>()) };
    core::mem::forget(value);
}

// ---- Counters and flags ----

/// A counter for any context.
pub struct Counter(Atomic<u32>);

impl Counter {
    /// A counter at zero.
    #[inline]
    pub const fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Adds to the counter; returns what it was.
    #[inline]
    pub fn add(&self, by: u32) -> u32 {
        self.0.fetch_add(by, Full)
    }

    /// Subtracts one.
    #[inline]
    pub fn sub1(&self) {
        self.0.fetch_add(u32::MAX, Full);
    }

    /// The count.
    #[inline]
    pub fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }

    /// Overwrites the count; returns what it was.
    #[inline]
    pub fn set(&self, to: u32) -> u32 {
        self.0.xchg(to, Full)
    }
}

/// A flag for any context. Setting it orders like a release, seeing it set like an acquire.
pub struct Flag(Counter);

impl Flag {
    /// A flag that is not set.
    #[inline]
    pub const fn new() -> Self {
        Self(Counter::new())
    }

    /// Sets the flag.
    #[inline]
    pub fn set(&self) {
        self.0.set(1);
    }

    /// Clears the flag.
    #[inline]
    pub fn clear(&self) {
        self.0.set(0);
    }

    /// Whether it is set.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.add(0) != 0
    }

    /// Sleeps until it is set, for as long as that takes: for threads that accompany a case.
    #[inline]
    pub fn wait(&self) {
        while !self.is_set() {
            c::selftest_doze();
        }
    }

    /// Sets the flag when the guard goes out of scope, however that happens.
    #[inline]
    pub fn set_on_drop(&self) -> impl Drop + use<'_> {
        ScopeGuard::new(|| self.set())
    }
}

/// The order in which things happened, at most 32 of them.
pub struct Sequence {
    next: Counter,
    entries: [Atomic<u32>; Self::SIZE],
}

impl Sequence {
    const SIZE: usize = 32;

    /// Nothing has happened yet.
    #[inline]
    pub const fn new() -> Self {
        Self {
            next: Counter::new(),
            entries: [const { Atomic::new(u32::MAX) }; Self::SIZE],
        }
    }

    /// `what` happened now.
    #[inline]
    pub fn push(&self, what: u32) {
        if let Some(entry) = self.entries.get(self.next.add(1) as usize) {
            entry.xchg(what, Full);
        }
    }

    /// How many things have happened.
    #[inline]
    pub fn len(&self) -> usize {
        self.next.get() as usize
    }

    /// Whether nothing has happened yet.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether exactly `expected` happened, in this order.
    #[inline]
    pub fn is(&self, expected: &[u32]) -> bool {
        self.len() == expected.len()
            && expected
                .iter()
                .zip(&self.entries)
                .all(|(&what, entry)| entry.load(Relaxed) == what)
    }

    /// The `index`th thing that happened.
    #[inline]
    pub fn get(&self, index: usize) -> Option<u32> {
        (index < self.len()).then(|| self.entries.get(index).map(|entry| entry.load(Relaxed)))?
    }

    /// Forgets everything.
    #[inline]
    pub fn clear(&self) {
        self.next.set(0);
    }
}

/// Counters in the harness, which outlive the module that counts. Returns the old value.
#[inline]
pub fn tally(index: u32, by: u32) -> u32 {
    c::selftest_tally_add(index, by)
}

// ---- CPUs and threads ----

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

/// Moves the calling thread to `cpu`. False: it is not online, or some CPU comes or goes now.
#[inline]
pub fn move_to(cpu: u32) -> bool {
    c::selftest_move_to(cpu)
}

/// Nanoseconds since some time in the past, for any context.
#[inline]
pub fn now_ns() -> u64 {
    c::selftest_now_ns()
}

/// Sleeps for a moment.
#[inline]
pub fn doze() {
    c::selftest_doze()
}

/// Lets other threads have the CPU, if there are any.
#[inline]
pub fn resched() {
    c::selftest_resched()
}

/// Returns when every tasklet that was due on any CPU at the time of the call has run.
///
/// Must not be called while a handler is held: it would wait for that handler's CPU.
#[inline]
pub fn drain() {
    c::selftest_drain()
}

/// Calls `*arg`.
///
/// # Safety
///
/// `arg` must point to an `F` that nothing else uses during the call.
#[inline]
unsafe extern "C" fn call_mut<F: FnMut()>(arg: *mut c_void) {
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
/// It must be [`join`]ed before what `f` borrows goes away.
#[inline]
unsafe fn start<F: FnOnce() + Send>(
    cpu: u32,
    f: F,
    next: *mut c::Thread,
) -> Result<*mut c::Thread> {
    let f = KBox::into_raw(KBox::new(f, GFP_KERNEL)?);
    // SAFETY: `f` comes from `KBox::into_raw()`; what it borrows lives, by the safety requirement.
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
        // SAFETY: `scope()` joins it, before what `f` borrows can go.
        let thread = unsafe { start(cpu, f, self.threads.get()) }?;
        self.threads.set(thread);
        Ok(())
    }
}

/// Runs `f` in a thread on `cpu` and returns what it returned.
#[inline]
pub fn on_cpu<R: Send>(cpu: u32, f: impl FnOnce() -> R + Send) -> Result<R> {
    let mut result = None;
    scope(|s| s.spawn(cpu, || result = Some(f())))?;
    result.ok_or(EIO)
}

// ---- Contexts ----

/// Where code can run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
pub enum Context {
    /// A thread.
    Task,
    /// A hard interrupt of this CPU.
    Hardirq,
    /// A softirq of this CPU.
    Softirq,
    /// A thread with bottom halves disabled.
    BhDisable,
    /// A thread with interrupts disabled.
    IrqDisable,
    /// A thread with preemption disabled.
    PreemptDisable,
    /// A thread that holds a spinlock (one that sleeps on PREEMPT_RT).
    SpinLock,
    /// A thread that holds a raw spinlock.
    RawSpinLock,
    /// A thread inside an RCU read-side critical section.
    RcuReadLock,
    /// A thread that keeps all softirqs of this CPU from running, on PREEMPT_RT too.
    SoftirqsHeld,
}

impl Context {
    /// Every context that may not sleep.
    pub const ATOMIC: [Context; 9] = [
        Context::Hardirq,
        Context::Softirq,
        Context::BhDisable,
        Context::IrqDisable,
        Context::PreemptDisable,
        Context::SpinLock,
        Context::RawSpinLock,
        Context::RcuReadLock,
        Context::SoftirqsHeld,
    ];

    /// Runs `f` in this context, on the CPU of the caller, and returns what it returned.
    ///
    /// To be called from a thread that may sleep; [`Context::Hardirq`] from wherever interrupts are
    /// enabled.
    #[inline]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let mut f = Some(f);
        let mut result = None;
        let mut call = || {
            if let Some(f) = f.take() {
                result = Some(f());
            }
        };
        call_in(self, &mut call);
        match result {
            Some(result) => result,
            None => unreachable!("selftest_run_in() calls its callback"),
        }
    }
}

#[inline]
fn call_in<F: FnMut()>(context: Context, call: &mut F) {
    // SAFETY: `call` is called before this returns, once, and nothing else uses it meanwhile.
    unsafe {
        c::selftest_run_in(
            context as u32,
            call_mut::<F>,
            core::ptr::from_mut(call).cast(),
        )
    }
}

/// Whether this runs in a hard interrupt.
#[inline]
pub fn in_hardirq() -> bool {
    c::selftest_context() & 1 != 0
}

/// Whether this runs in a softirq.
#[inline]
pub fn in_softirq() -> bool {
    c::selftest_context() & 2 != 0
}

/// How often bottom halves are disabled here. Being in one does not count.
#[inline]
pub fn bh_depth() -> u32 {
    c::selftest_bh_depth()
}

/// Whether interrupts are disabled here.
#[inline]
pub fn irqs_disabled() -> bool {
    c::selftest_context() & 4 != 0
}

/// Whether the scheduler may take the CPU away here.
#[inline]
pub fn preemptible() -> bool {
    c::selftest_context() & 8 != 0
}

/// Calls `interrupt` in a hard interrupt of this CPU every `period_us` microseconds while `body` runs.
/// Returns how many times it was called.
///
/// To be called from a thread on one CPU. A storm that starves `body` dies down after a million calls.
#[inline]
pub fn storm<I: Fn() + Sync, B: FnMut()>(period_us: u32, interrupt: I, mut body: B) -> u32 {
    /// Calls `*arg`.
    ///
    /// # Safety
    ///
    /// `arg` must point to an `F`.
    #[inline]
    unsafe extern "C" fn call<F: Fn()>(arg: *mut c_void) {
        // SAFETY: By the safety requirement.
        unsafe { (*arg.cast::<F>())() }
    }

    // SAFETY: The interrupts have ended and `body` has returned when this returns. Interrupts of one
    // timer do not overlap, and `interrupt` is only shared.
    unsafe {
        c::selftest_storm(
            period_us,
            1_000_000,
            call::<I>,
            (&raw const interrupt).cast_mut().cast(),
            call_mut::<B>,
            (&raw mut body).cast(),
        )
    }
}

// ---- A handler that watches itself ----

/// A tasklet handler that notes how, where and how often it runs, and that can be held inside a run.
pub struct Probe {
    runs: Counter,
    left: Counter,
    inside: Counter,
    overlaps: Counter,
    last_cpu: Counter,
    cpus: Counter,
    wrong_context: Counter,
    hold: Flag,
    stuck: Flag,
    dawdle: Counter,
    again: Counter,
    again_hi: Flag,
}

impl Probe {
    /// A probe that has not run.
    #[inline]
    pub const fn new() -> Self {
        Self {
            runs: Counter::new(),
            left: Counter::new(),
            inside: Counter::new(),
            overlaps: Counter::new(),
            last_cpu: Counter::new(),
            cpus: Counter::new(),
            wrong_context: Counter::new(),
            hold: Flag::new(),
            stuck: Flag::new(),
            dawdle: Counter::new(),
            again: Counter::new(),
            again_hi: Flag::new(),
        }
    }

    /// How many runs have begun.
    #[inline]
    pub fn runs(&self) -> u32 {
        self.runs.get()
    }

    /// How many runs have ended.
    #[inline]
    pub fn left(&self) -> u32 {
        self.left.get()
    }

    /// Whether the handler is inside a run.
    #[inline]
    pub fn inside(&self) -> bool {
        self.inside.get() != 0
    }

    /// The CPU of the last run.
    #[inline]
    pub fn last_cpu(&self) -> u32 {
        self.last_cpu.get()
    }

    /// On how many CPUs it ran.
    #[inline]
    pub fn cpu_count(&self) -> u32 {
        self.cpus.get().count_ones()
    }

    /// Makes the next runs spin inside until [`Probe::release`].
    #[inline]
    pub fn hold(&self) {
        self.hold.set();
    }

    /// Lets runs end.
    #[inline]
    pub fn release(&self) {
        self.hold.clear();
    }

    /// Makes runs take a little time.
    #[inline]
    pub fn dawdle(&self, microseconds: u32) {
        self.dawdle.set(microseconds);
    }

    /// Makes the handler reschedule itself in its next `times` runs.
    #[inline]
    pub fn reschedule(&self, times: u32) {
        self.again.set(times);
    }

    /// The same at hi priority.
    #[inline]
    pub fn reschedule_hi(&self, times: u32) {
        self.again_hi.set();
        self.again.set(times);
    }

    /// Whether it can still reschedule itself.
    #[inline]
    pub fn reschedules(&self) -> bool {
        self.again.get() != 0
    }

    /// Expects that no run overlapped another, ran outside softirq context, or was held too long.
    #[inline]
    pub fn check_sane(&self, t: &Test) {
        check_eq!(t, self.overlaps.get(), 0);
        check_eq!(t, self.wrong_context.get(), 0);
        check!(t, !self.stuck.is_set());
        check_eq!(t, self.runs(), self.left());
    }
}

impl TaskletHandler for Probe {
    #[inline]
    fn run(&self, cx: &TaskletContext) {
        if self.inside.add(1) != 0 {
            self.overlaps.add(1);
        }
        if !in_softirq() || in_hardirq() || irqs_disabled() {
            self.wrong_context.add(1);
        }
        self.last_cpu.set(cpu());
        self.cpus.set(self.cpus.get() | 1 << (cpu() % 32));
        self.runs.add(1);
        if self.again.get() != 0 {
            self.again.sub1();
            if self.again_hi.is_set() {
                cx.hi_schedule();
            } else {
                cx.schedule();
            }
        }
        if self.hold.is_set() && !spin_until(|| !self.hold.is_set()) {
            self.stuck.set();
        }
        let end = c::selftest_now_ns() + 1000 * u64::from(self.dawdle.get());
        while c::selftest_now_ns() < end {
            c::selftest_relax();
        }
        self.left.add(1);
        self.inside.sub1();
    }
}

/// A new tasklet with a [`Probe`], on the heap.
#[inline]
pub fn probe() -> Result<Pin<KBox<Tasklet<Probe>>>> {
    KBox::pin_init(Tasklet::new(Probe::new()), GFP_KERNEL)
}

/// Runs `f` while the handler of `tasklet` is held inside a run on `cpu`, and ends the hold.
///
/// `f` gets the scope, to start threads that may wait until the run has ended.
#[inline]
pub fn while_running<'env, R>(
    t: &'env Test,
    tasklet: &'env Tasklet<Probe>,
    cpu: u32,
    f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
) -> Result<R> {
    let probe = tasklet.handler();
    let runs = probe.runs();
    probe.hold();
    let result = scope(|s| {
        s.spawn(cpu, move || {
            Context::BhDisable.run(|| tasklet.schedule());
        })?;
        wait!(t, probe.runs() == runs + 1 && probe.inside());
        check_eq!(t, probe.last_cpu(), cpu);
        let result = f(s);
        probe.release();
        Ok(result)
    });
    probe.release();
    result
}
