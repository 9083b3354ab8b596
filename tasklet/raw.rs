// SPDX-License-Identifier: GPL-2.0

//! The tasklet itself, whatever its handler: the kernel's structure, and its life.
//!
//! # Life
//!
//! ```text
//!              first schedule                       kill
//!   +-------+                 +------+          +---------+          +--------+
//!   | Fresh +---------------->| Live +--------->| Killing +--------->| Parked |<--- static
//!   +---+---+                 +------+          +---------+          +-+----+-+
//!       |                        ^                                     |    |
//!       |                        +-------------------------------------+    | module goes
//!       |  kill                               revive                   ^    v
//!       +--------------------------------------------------------------+  buried
//! ```
//!
//! A tasklet that is not live is **parked** by this trick: its SCHED bit is set although it is on no
//! queue. To the kernel it looks pending, so `tasklet_schedule()` leaves it alone, in the same
//! instruction that would have claimed it: there is no check to pass on the way, and no moment
//! between a check and the queue. A fresh tasklet is parked too; the path for "already pending",
//! which has time, notices and lets it in.
//!
//! Changes of life are made under the lock of the registry, which lists the live tasklets.
//!
//! # Killing
//!
//! `tasklet_kill()` claims SCHED and waits for RUN, then gives SCHED back. [`kill`] keeps
//! it. Three things could make the claim wait for ever, and all are taken out of its way:
//!
//! - A handler that always schedules itself. The callback is replaced by [`last_run`], which calls
//!   the handler once more at most, and never again.
//! - A disable depth above zero: the kernel would keep a pending tasklet queued until it is enabled.
//!   The depth is moved from `count` to a shelf while the kill lasts, so the kernel runs
//!   [`last_run`], which then does nothing: a pending run of a disabled tasklet is discarded.
//! - Other CPUs that schedule all the time. SCHED is free for an instant only, between the kernel's
//!   clearing it and the next schedule, and a task that has to be woken comes too late. So
//!   [`last_run`] claims it, where it was cleared, and hands it over.
//!
//! Depth moved back, the guards that raised it stay right: kill and revive do not enable anything.
//! Who changes `count` looks at KILLING afterwards, who kills sets KILLING before it looks at
//! `count`, both with full barriers in between: at least one of them sees the other, and `count`
//! plus shelf is the depth at all times.

use core::{
    cell::UnsafeCell,
    ptr::{
        self,
        NonNull, //
    },
};

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    tasklet::{
        bitops,
        compat::EDEADLK,
        context::prepare_to_wait,
        export::export_symbol_gpl,
        handler::Vtable,
        lockdep::HandlerMap,
        registry::{
            self,
            Links,
            Locked, //
        },
    },
};

// The RUN bit tells when a handler has returned.
#[cfg(not(any(CONFIG_SMP, CONFIG_PREEMPT_RT)))]
compile_error!("rust_tasklet needs CONFIG_SMP or CONFIG_PREEMPT_RT: others keep no RUN bit");

/// Bits of `flags`. None set: parked.
mod flag {
    /// Parked from birth, goes live when it is first scheduled.
    pub(super) const FRESH: u32 = 0;
    /// In service: SCHED means what it means in C.
    pub(super) const LIVE: u32 = 1;
    /// Live, but a kill is under way.
    pub(super) const KILLING: u32 = 2;
    /// The kill lets one more run call the handler.
    pub(super) const LAST_RUN: u32 = 3;
    /// Parked for good: its module is gone.
    pub(super) const BURIED: u32 = 4;
    /// A handle owns it, so it may be live.
    pub(super) const OWNED: u32 = 5;
    /// In the list of the registry.
    pub(super) const LISTED: u32 = 6;
    /// The kill waits for SCHED, which [`last_run`](super::last_run) will claim for it.
    pub(super) const AWAITED: u32 = 7;
}

/// The softirq that a tasklet is queued for.
#[derive(Clone, Copy)]
pub(crate) enum Priority {
    /// `TASKLET_SOFTIRQ`
    Normal,
    /// `HI_SOFTIRQ`
    High,
}

/// A tasklet without its handler.
///
/// # Invariants
///
/// - `tasklet` is initialised. If it is not live, its SCHED bit is set and it is on no queue.
/// - From the moment it is first live it stays where it is until it is dropped, and is in the
///   registry until its release is deferred, its module goes, or it is dropped.
/// - `flags` changes under the registry lock only, but for LAST_RUN and AWAITED, which belong to a
///   kill and its [`last_run`].
/// - `shelf` is touched under the registry lock only. `tasklet.count` plus `shelf` is the disable
///   depth: the number of guards alive or forgotten, plus `kept`.
#[repr(C)]
pub(crate) struct RawTasklet {
    // First: the kernel's pointer to it is a pointer to all of it. Its `data`, which C leaves to the
    // user, tells who runs the handler.
    tasklet: Opaque<bindings::tasklet_struct>,
    flags: UnsafeCell<c_ulong>,
    // Changes under the registry lock, while it is parked and not owned, and the callback with it.
    vtable: UnsafeCell<&'static Vtable>,
    pub(super) links: UnsafeCell<Links>,
    shelf: UnsafeCell<c_int>,
    kept: Atomic<i32>,
    map: HandlerMap,
}

// SAFETY: Nothing in it belongs to a thread.
unsafe impl Send for RawTasklet {}
// SAFETY: All methods may be called concurrently.
unsafe impl Sync for RawTasklet {}

/// Construction.
impl RawTasklet {
    /// A tasklet that goes live when it is first scheduled.
    #[inline]
    pub(crate) const fn fresh(vtable: &'static Vtable, disabled: bool) -> Self {
        Self::new(vtable, disabled, 1 << flag::FRESH)
    }

    /// A tasklet that goes live when it is revived.
    #[inline]
    pub(crate) const fn parked(vtable: &'static Vtable, disabled: bool) -> Self {
        Self::new(vtable, disabled, 0)
    }

    #[inline]
    const fn new(vtable: &'static Vtable, disabled: bool, flags: c_ulong) -> Self {
        let depth = disabled as c_int;
        // INVARIANT: Not live, so SCHED is set; a tasklet born disabled has one kept disable.
        Self {
            // What `tasklet_setup()` writes, but as a constant.
            tasklet: Opaque::new(bindings::tasklet_struct {
                next: ptr::null_mut(),
                state: 1 << bindings::TASKLET_STATE_SCHED,
                count: bindings::atomic_t { counter: depth },
                use_callback: true,
                __bindgen_anon_1: bindings::tasklet_struct__bindgen_ty_1 {
                    callback: Some(vtable.callback),
                },
                data: 0,
            }),
            flags: UnsafeCell::new(flags),
            vtable: UnsafeCell::new(vtable),
            links: UnsafeCell::new(Links::UNLINKED),
            shelf: UnsafeCell::new(0),
            kept: Atomic::new(depth),
            map: HandlerMap::new(vtable),
        }
    }
}

/// Access.
impl RawTasklet {
    #[inline(always)]
    fn as_ptr(&self) -> *mut bindings::tasklet_struct {
        self.tasklet.get()
    }

    /// The vtable of a tasklet that is live or owned.
    pub(crate) fn vtable(&self) -> &'static Vtable {
        // SAFETY: It does not change in these states.
        unsafe { *self.vtable.get() }
    }

    /// One bit of the kernel's state word, at this moment.
    #[inline]
    fn state_bit(&self, bit: u32) -> bool {
        // SAFETY: The word is valid; like READ_ONCE().
        unsafe { (&raw const (*self.as_ptr()).state).read_volatile() & (1 << bit) != 0 }
    }

    /// Our flags, at this moment.
    #[inline(always)]
    fn flags(&self) -> c_ulong {
        // SAFETY: The word is valid; like READ_ONCE().
        unsafe { self.flags.get().read_volatile() }
    }

    #[inline(always)]
    fn flag(&self, bit: u32) -> bool {
        self.flags() & (1 << bit) != 0
    }

    fn set_flag(&self, bit: u32) {
        // SAFETY: The word is valid.
        unsafe { bindings::rust_tasklet_set_flag(self.flags.get(), bit as c_int) };
    }

    fn clear_flag(&self, bit: u32) -> bool {
        // SAFETY: The word is valid.
        unsafe { bindings::rust_tasklet_test_and_clear_flag(self.flags.get(), bit as c_int) }
    }

    fn set_callback(&self, callback: unsafe extern "C" fn(*mut bindings::tasklet_struct)) {
        // SAFETY: The field is valid for writes; like WRITE_ONCE(), as the kernel may read it now.
        unsafe {
            (&raw mut (*self.as_ptr()).__bindgen_anon_1.callback).write_volatile(Some(callback));
        }
    }

    #[inline]
    pub(crate) fn is_scheduled(&self) -> bool {
        self.flag(flag::LIVE) && self.state_bit(bindings::TASKLET_STATE_SCHED)
    }

    #[inline]
    pub(crate) fn is_running(&self) -> bool {
        self.state_bit(bindings::TASKLET_STATE_RUN)
    }

    /// For the list of all tasklets.
    pub(super) fn state(&self) -> &'static str {
        if self.is_running() {
            "running"
        } else if !self.flag(flag::LIVE) {
            "parked"
        } else if self.is_scheduled() {
            "pending"
        } else {
            "idle"
        }
    }

    #[inline]
    pub(crate) fn is_parked(&self) -> bool {
        self.flags() & (1 << flag::LIVE | 1 << flag::FRESH) == 0
    }
}

/// Running.
impl RawTasklet {
    /// Notes who runs the handler; for the callback, before it calls the handler.
    #[inline(always)]
    pub(crate) fn enter_handler(&self) {
        // SAFETY: `data` is ours, and while RUN is set only the callback comes here.
        unsafe { (&raw mut (*self.as_ptr()).data).write_volatile(bitops::current() as c_ulong) };
        self.map.enter();
    }

    /// Tells lockdep that the caller is about to wait for the handler.
    pub(super) fn expect_handler(&self) {
        self.map.wait();
    }

    /// For the callback, after the handler has returned.
    #[inline(always)]
    pub(crate) fn exit_handler(&self) {
        self.map.exit();
    }

    /// In softirq context: is this CPU in the handler of this very tasklet?
    ///
    /// A softirq runs on top of some task, and no other CPU has the same current task. It may say
    /// yes by mistake if the tasklet ran on top of this task before and another CPU is about to
    /// enter the handler now; then the caller gets the other one of two errors.
    pub(super) fn runs_on_top_of_current(&self) -> bool {
        // SAFETY: `data` is ours; like READ_ONCE().
        let runner = unsafe { (&raw const (*self.as_ptr()).data).read_volatile() };
        self.is_running() && runner == bitops::current() as c_ulong
    }

    /// Schedules; `true` if it was not pending and is now.
    #[inline(always)]
    pub(crate) fn schedule(&self, priority: Priority) -> bool {
        // SAFETY: Initialised, by the type invariant.
        if unsafe { bitops::test_and_set_sched(self.as_ptr()) } {
            // Pending already, in most cases.
            return self.flag(flag::FRESH) && first_schedule(self, priority);
        }
        // SAFETY: SCHED was clear, so it is live and stays where it is, and it is now ours to queue.
        unsafe { self.queue(priority) };
        true
    }

    /// # Safety
    ///
    /// It must be live, and the caller must own SCHED and give it away with this call.
    #[inline(always)]
    unsafe fn queue(&self, priority: Priority) {
        // SAFETY: By the contract of this function.
        unsafe {
            match priority {
                Priority::Normal => bindings::__tasklet_schedule(self.as_ptr()),
                Priority::High => bindings::__tasklet_hi_schedule(self.as_ptr()),
            }
        }
    }

    /// Waits until no handler runs; the caller may wait.
    fn wait_until_idle(&self) {
        // SAFETY: Initialised; the callers checked the context.
        unsafe { bindings::rust_tasklet_unlock_wait(self.as_ptr()) };
    }
}

/// Being listed. Each tasklet is in the list of the registry at most once.
impl RawTasklet {
    /// Becomes live and listed; whoever calls this owns SCHED.
    ///
    /// It is used by reference, so it is pinned: constructors only give pinned tasklets.
    fn go_live(&self, registry: &mut Locked) {
        if !self.flag(flag::LISTED) {
            // SAFETY: It is not in the list, and dropping it removes it.
            unsafe { registry.add(self) };
            self.set_flag(flag::LISTED);
        }
        self.set_flag(flag::LIVE);
    }

    /// Leaves the list, if it is there.
    pub(super) fn unlist(&self, registry: &mut Locked) {
        if self.flag(flag::LISTED) {
            // SAFETY: It is in the list.
            unsafe { registry.remove(self) };
            self.clear_flag(flag::LISTED);
        }
    }
}

/// Going live, when it is first scheduled.
#[cold]
#[inline(never)]
fn first_schedule(raw: &RawTasklet, priority: Priority) -> bool {
    let mut registry = registry::lock();
    if !raw.flag(flag::FRESH) || raw.flag(flag::BURIED) {
        // Another CPU came first, and its run follows our finding SCHED set; or it was killed.
        return false;
    }
    raw.go_live(&mut registry);
    // In this order, so that at no time it looks parked.
    raw.clear_flag(flag::FRESH);
    drop(registry);
    // SAFETY: Live, and SCHED was ours from birth.
    unsafe { raw.queue(priority) };
    true
}

/// Disabling.
impl RawTasklet {
    /// Raises the depth; does not wait.
    #[inline(always)]
    pub(crate) fn raise_depth(&self) {
        // SAFETY: Initialised, by the type invariant.
        unsafe { bitops::inc_count(self.as_ptr()) };
        if self.flag(flag::KILLING) {
            settle_depth(self);
        }
    }

    /// Lowers the depth by one; the caller gives up one that it raised.
    #[inline(always)]
    pub(crate) fn lower_depth(&self) {
        // SAFETY: Initialised, by the type invariant.
        unsafe { bitops::dec_count(self.as_ptr()) };
        if self.flag(flag::KILLING) {
            settle_depth(self);
        }
    }

    /// Leaves a raised depth to whoever calls [`lower_kept`].
    #[inline]
    pub(crate) fn keep_depth(&self) {
        self.kept.fetch_add(1, Release);
    }

    pub(super) fn depth_locked(&self, _: &Locked) -> u32 {
        // SAFETY: Initialised; the shelf is guarded by the lock.
        let (count, shelf) = unsafe {
            (
                bindings::rust_tasklet_count_read(self.as_ptr()),
                *self.shelf.get(),
            )
        };
        // OVERFLOW: As in C, who forgets 2^32 guards is back at zero.
        count.wrapping_add(shelf) as u32
    }

    /// While a kill is under way, moves the depth out of the kernel's sight.
    fn shelve_depth(&self, _: &mut Locked) {
        // First the run is forbidden, then it is let go: a disabled handler must not be called.
        self.clear_flag(flag::LAST_RUN);
        // SAFETY: Initialised; the shelf is guarded by the lock.
        unsafe {
            let count = bindings::rust_tasklet_count_xchg(self.as_ptr(), 0);
            // OVERFLOW: As in `depth_locked()`.
            *self.shelf.get() = (*self.shelf.get()).wrapping_add(count);
        }
    }
}

/// Repairs `count` after a change in the middle of a kill, which needs it to be zero.
#[cold]
#[inline(never)]
fn settle_depth(raw: &RawTasklet) {
    let mut registry = registry::lock();
    if raw.flag(flag::KILLING) {
        raw.shelve_depth(&mut registry);
    }
}

/// Lowers a depth that was kept, if there is one.
#[inline(never)]
pub(crate) fn lower_kept(raw: &RawTasklet) -> Result {
    let mut kept = raw.kept.load(Relaxed);
    while kept > 0 {
        match raw.kept.cmpxchg(kept, kept - 1, Acquire) {
            Ok(_) => {
                raw.lower_depth();
                return Ok(());
            }
            Err(now) => kept = now,
        }
    }
    Err(EINVAL)
}

/// The disable depth, at this moment.
#[inline(never)]
pub(crate) fn depth(raw: &RawTasklet) -> u32 {
    raw.depth_locked(&registry::lock())
}

/// Waits until no handler runs.
#[inline(never)]
pub(crate) fn synchronize(raw: &RawTasklet) -> Result {
    prepare_to_wait(raw)?;
    raw.wait_until_idle();
    Ok(())
}

/// Raises the depth and waits until no handler runs. Changes nothing if the caller may not wait.
#[inline(always)]
pub(crate) fn disable(raw: &RawTasklet) -> Result {
    // Lockdep wants to hear of it.
    if cfg!(CONFIG_LOCKDEP) || !bitops::is_plain_task() {
        return disable_carefully(raw);
    }
    // SAFETY: Initialised, by the type invariant.
    unsafe { bitops::inc_count(raw.as_ptr()) };
    // SAFETY: As above.
    if raw.flag(flag::KILLING) || unsafe { bitops::is_running(raw.as_ptr()) } {
        finish_disable(raw);
    }
    Ok(())
}

/// [`disable`], where more has to be asked first.
#[inline(never)]
fn disable_carefully(raw: &RawTasklet) -> Result {
    prepare_to_wait(raw)?;
    raw.raise_depth();
    raw.wait_until_idle();
    Ok(())
}

/// The rest of [`disable`], after the depth was raised.
#[cold]
#[inline(never)]
fn finish_disable(raw: &RawTasklet) {
    settle_depth(raw);
    raw.wait_until_idle();
}

/// The callback during a kill: one more run, if it is allowed, and nothing from then on.
///
/// # Safety
///
/// Only for the kernel to call, as the callback of a [`RawTasklet`].
unsafe extern "C" fn last_run(tasklet: *mut bindings::tasklet_struct) {
    // SAFETY: The kernel calls this for a tasklet in a kill, which waits; it is the first field.
    let raw = unsafe { &*tasklet.cast::<RawTasklet>() };
    if raw.clear_flag(flag::LAST_RUN) {
        // SAFETY: In place of the kernel, in the same context.
        unsafe { (raw.vtable().callback)(tasklet) };
    }
    // If it was scheduled again already, it is queued, and comes here once more.
    // SAFETY: Initialised.
    if !unsafe { bitops::test_and_set_sched(tasklet) } {
        raw.clear_flag(flag::AWAITED);
        raw.wake(flag::AWAITED);
    }
}

/// What becomes of a run that is pending when a tasklet is killed.
#[derive(Clone, Copy, PartialEq)]
enum Pending {
    Runs,
    IsDiscarded,
}

/// Killing.
impl RawTasklet {
    /// Waits until a flag is clear.
    fn wait_for(&self, bit: u32) {
        // SAFETY: The word is valid; who clears the bit calls `wake()`.
        unsafe { bindings::rust_tasklet_wait_on_flag(self.flags.get(), bit as c_int) };
    }

    /// Wakes those who wait for a flag, after it was cleared.
    fn wake(&self, bit: u32) {
        // SAFETY: Only the address counts, unless somebody waits and thereby holds a reference.
        unsafe { bindings::rust_tasklet_wake_flag(self.flags.get(), bit as c_int) };
    }

    /// Starts the kill of a live tasklet; whoever calls this calls [`Self::finish_kill`].
    fn begin_kill(&self, pending: Pending, registry: &mut Locked) {
        self.set_flag(flag::KILLING);
        if pending == Pending::Runs {
            self.set_flag(flag::LAST_RUN);
        }
        self.set_flag(flag::AWAITED);
        // Before the depth goes. A CPU that finds `count` zero because of us clears SCHED next, with
        // a full barrier, and then finds this callback. One that found it zero before may call the
        // handler itself, which is waited for below.
        self.set_callback(last_run);
        // SAFETY: Initialised.
        if unsafe { bindings::rust_tasklet_count_read(self.as_ptr()) } != 0 {
            self.shelve_depth(registry);
        }
    }

    /// Waits until it is parked. Nothing of it is touched after the lock is dropped with KILLING
    /// clear: then its owner, who waits for one or the other, can free it.
    fn finish_kill(&self, unlist: bool) {
        // SAFETY: Initialised.
        if unsafe { bitops::test_and_set_sched(self.as_ptr()) } {
            // It is queued, and `count` is zero. The CPU that takes it from the queue clears SCHED
            // after we found it set, both with full barriers: it finds `last_run`.
            self.wait_for(flag::AWAITED);
        }
        // SCHED is ours.
        self.wait_until_idle();

        let mut registry = registry::lock();
        self.set_callback(self.vtable().callback);
        self.clear_flag(flag::LAST_RUN);
        self.clear_flag(flag::AWAITED);
        if unlist {
            self.unlist(&mut registry);
        }
        // INVARIANT: SCHED is ours and no handler runs: parked.
        self.clear_flag(flag::LIVE);
        // SAFETY: Initialised; the shelf is guarded by the lock.
        unsafe {
            bindings::rust_tasklet_count_add(self.as_ptr(), *self.shelf.get());
            *self.shelf.get() = 0;
        }
        self.clear_flag(flag::KILLING);
        drop(registry);
        self.wake(flag::KILLING);
    }
}

/// Takes the tasklet out of service. Changes nothing if the caller may not wait.
#[inline(never)]
pub(crate) fn kill(raw: &RawTasklet) -> Result {
    prepare_to_wait(raw)?;

    let mut registry = registry::lock();
    if raw.flag(flag::KILLING) {
        drop(registry);
        raw.wait_for(flag::KILLING);
    } else if raw.flag(flag::LIVE) {
        raw.begin_kill(Pending::Runs, &mut registry);
        drop(registry);
        raw.finish_kill(false);
    } else {
        raw.clear_flag(flag::FRESH);
    }
    Ok(())
}

/// Puts a parked tasklet back into service; `true` if it was parked.
#[inline(never)]
pub(crate) fn revive(raw: &RawTasklet) -> bool {
    let mut registry = registry::lock();
    if !raw.is_parked() || raw.flag(flag::BURIED) {
        return false;
    }
    raw.go_live(&mut registry);
    // SAFETY: Initialised, and SCHED was ours.
    unsafe { bindings::rust_tasklet_unlock_sched(raw.as_ptr()) };
    true
}

/// Gives a parked tasklet an owner and puts it into service; `false` if it has an owner already.
///
/// # Safety
///
/// `vtable` must be right for it, and the owner must keep it where it is until [`disown`] returns.
#[inline(never)]
pub(crate) unsafe fn own(raw: &RawTasklet, vtable: &'static Vtable) -> bool {
    let mut registry = registry::lock();
    if raw.flag(flag::OWNED) || !raw.is_parked() || raw.flag(flag::BURIED) {
        return false;
    }
    raw.set_flag(flag::OWNED);
    // SAFETY: Parked, and nobody owned it.
    unsafe { *raw.vtable.get() = vtable };
    // The same function, but maybe another module's copy, and the registry looks at the vtable.
    raw.set_callback(vtable.callback);
    raw.go_live(&mut registry);
    // SAFETY: Initialised, and SCHED was ours.
    unsafe { bindings::rust_tasklet_unlock_sched(raw.as_ptr()) };
    true
}

/// Parks a tasklet whose owner is dropped, and tells how to drop the rest of the owner.
///
/// # Safety
///
/// It must have an owner, which the caller is or stands for, with a `release` in its vtable. The
/// caller may sleep.
pub(crate) unsafe fn disown(raw: &RawTasklet) -> unsafe fn(NonNull<RawTasklet>) {
    // Read first: without an owner, it may get another and with it another vtable.
    let release = raw.vtable().release;
    // The caller may sleep, so there is no error.
    let _ = kill(raw);
    let mut registry = registry::lock();
    // Without an owner, no module has a claim to it.
    raw.unlist(&mut registry);
    raw.clear_flag(flag::OWNED);
    // SAFETY: By the contract of this function.
    unsafe { release.unwrap_unchecked() }
}

/// What [`bury`] found.
pub(super) enum Burial {
    /// It is parked already, and now for good.
    Done,
    /// It was live: the caller drops the lock and calls [`finish_burial`].
    Begun,
    /// Somebody else is killing it, and may drop it then.
    Busy,
}

/// Parks a tasklet whose handler goes away, for good. A pending run is discarded.
pub(super) fn bury(raw: &RawTasklet, registry: &mut Locked) -> Burial {
    if raw.flag(flag::KILLING) {
        return Burial::Busy;
    }
    raw.set_flag(flag::BURIED);
    if raw.flag(flag::LIVE) {
        raw.begin_kill(Pending::IsDiscarded, registry);
        return Burial::Begun;
    }
    raw.unlist(registry);
    Burial::Done
}

/// Ends what [`bury`] began. The tasklet may be gone when this returns.
///
/// The caller may sleep.
pub(super) fn finish_burial(raw: &RawTasklet) {
    raw.finish_kill(true);
}

/// Parks a tasklet whose owner only borrows it.
///
/// # Panics
///
/// If it is live, in atomic context: it cannot wait there, and must not return.
#[inline(never)]
pub(crate) fn disown_borrowed(raw: &RawTasklet) {
    park_or_panic(raw);
    let mut registry = registry::lock();
    raw.unlist(&mut registry);
    raw.clear_flag(flag::OWNED);
}

/// Parks a tasklet whose memory goes.
///
/// # Panics
///
/// As for [`disown_borrowed`].
#[inline(never)]
fn kill_on_drop(raw: &mut RawTasklet) {
    if raw.flag(flag::FRESH) {
        // Nobody else has ever heard of it.
        return;
    }
    park_or_panic(raw);
    // Even if there is nothing to do: whoever parks it without owning it, because its module goes,
    // is done with it when the lock is free.
    raw.unlist(&mut registry::lock());
}

fn park_or_panic(raw: &RawTasklet) {
    // Live until a kill that is under way is done.
    if !raw.flag(flag::LIVE) {
        return;
    }
    if let Err(e) = kill(raw) {
        panic!(
            "tasklet of {}{} dropped in {}: kill() it first, or drop it where sleeping is allowed",
            (raw.vtable().name)(),
            raw.vtable().field,
            if e == EDEADLK {
                "its own handler"
            } else {
                "atomic context"
            },
        );
    }
}

impl Drop for RawTasklet {
    #[inline]
    fn drop(&mut self) {
        kill_on_drop(self);
    }
}

// What code in a driver's module calls.
export_symbol_gpl!(
    first_schedule,
    settle_depth,
    depth,
    lower_kept,
    synchronize,
    disable_carefully,
    finish_disable,
    kill,
    revive,
    own,
    disown_borrowed,
    kill_on_drop,
);
