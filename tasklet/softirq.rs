// SPDX-License-Identifier: GPL-2.0

//! Softirq context: the token that proves it.
//!
//! This is for softirqs what `kernel::interrupt` (Linux 7.3) is for disabled interrupts. But safe code cannot
//! make the token: it cannot enter softirq context by a call.
//!
//! # Reading material
//!
//! - [Software interrupts and realtime (LWN)](https://lwn.net/Articles/520076)
//! - [Unreliable Guide To Locking](srctree/Documentation/kernel-hacking/locking.rst), about user
//!   context, bottom halves and the locks between them

use kernel::types::NotThreadSafe;

/// Proof of running in softirq context: in a bottom half, which no other one interrupts on this CPU.
///
/// It has no size and is only ever seen by reference. It cannot be sent to another thread, used by
/// a hard interrupt on top of the bottom half, or kept until after the bottom half.
///
/// A tasklet's handler gets it as a [`TaskletContext`](crate::TaskletContext); other bottom halves may
/// [`assume`](SoftirqContext::assume) it.
///
/// On `PREEMPT_RT` bottom halves run in threads, which may be preempted by others. There it proves what
/// [`SpinLockBh::lock_with`](crate::SpinLockBh::lock_with) needs: a thread that has the lock can go on and
/// release it.
///
/// # Invariants
///
/// Code that has a reference to it runs in softirq context.
pub struct SoftirqContext(NotThreadSafe);

impl SoftirqContext {
    /// Assumes that this is softirq context. With lockdep, this is checked.
    ///
    /// # Safety
    ///
    /// For the whole life `'a` the caller must run in softirq context: it must be the handler of a
    /// softirq or be called by one, such as a work item of
    /// [`system_bh`](kernel::workqueue::system_bh), and not by an interrupt on top of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_tasklet::{SoftirqContext, SpinLockBh};
    ///
    /// /// Counts a completion.
    /// ///
    /// /// # Safety
    /// ///
    /// /// Only for work items of the BH workqueue to call.
    /// unsafe fn completed(count: &SpinLockBh<u32>) {
    ///     // SAFETY: The BH workqueue runs its work items in softirq context.
    ///     let softirq = unsafe { SoftirqContext::assume() };
    ///     *count.lock_with(softirq) += 1;
    /// }
    /// ```
    #[inline(always)]
    pub unsafe fn assume<'a>() -> &'a Self {
        // Not even an empty call without lockdep: handlers come here before each lock.
        #[cfg(CONFIG_PROVE_LOCKING)]
        // SAFETY: Reads per-CPU and per-task counters only.
        unsafe {
            crate::bindings::rust_tasklet_assert_in_softirq()
        };

        // INVARIANT: By the contract of this function.
        const { &Self(NotThreadSafe) }
    }
}
