// SPDX-License-Identifier: GPL-2.0

//! Contexts to run code in, and questions about the current one.

use core::ffi::c_void;

use crate::{
    c,
    threads::call_mut, //
};

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
    /// To be called from a thread that may sleep; [`Context::Hardirq`] may be used wherever interrupts
    /// are enabled.
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

/// How many times bottom halves are disabled here. Running in one does not count.
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
/// To be called from a thread on one CPU. A storm that starves `body` ends after a million calls.
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
