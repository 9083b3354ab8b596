// SPDX-License-Identifier: GPL-2.0

//! What the hot path does to the kernel's structure, inline where C has it inline.
//!
//! In a kernel built by GCC every C helper is a call, which would make `schedule` dearer than its C
//! twin. So on x86-64 these are the instructions that
//! [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h) compiles to there. Elsewhere,
//! and under KASAN (which does not see into assembly), they are calls into `bindings/helpers.c`.
//!
//! # Memory ordering
//!
//! It is the kernel's own. The C functions promise, and the crate needs:
//!
//! - `tasklet_schedule()`: `test_and_set_bit()` is fully ordered, so who finds SCHED set knows that a
//!   run is to come that sees what was written before. The other side is `tasklet_clear_sched()`, a
//!   `test_and_clear_bit()`, before the handler.
//! - `tasklet_disable_nosync()`: `atomic_inc()` and `smp_mb__after_atomic()`. First the depth is up,
//!   then RUN is looked at, as the softirq first takes RUN, by a `test_and_set_bit()`, and then looks
//!   at the depth: one of them sees the other.
//! - `tasklet_disable()`: after the wait for RUN a `smp_mb()`, so that what the handler wrote is there,
//!   and what follows does not start before. `tasklet_unlock()` clears RUN with release.
//! - `tasklet_enable()`: `smp_mb__before_atomic()` and `atomic_dec()`, so that what was written under
//!   the disable is there when the handler runs. The crate looks at a flag after it, which needs a
//!   full barrier there as well: see *Killing* in [`raw`](super::raw).
//!
//! On x86 an instruction with a `lock` prefix is all of these full barriers at once:
//! `smp_mb__before_atomic()` and `smp_mb__after_atomic()` are nothing but compiler barriers there. Loads
//! are not reordered with what follows them, so after the load that finds RUN clear a compiler barrier
//! is enough: `smp_mb()` orders later loads against earlier stores on top of that, which the locked
//! increment before has done already. The assembly of each is a compiler barrier, as it may touch all
//! memory. The helpers are made of the C functions, with the barrier that `tasklet_enable()` lacks.
//!
//! The selftests `serialised`, `coalesces`, `disable_waits` and `kill_never_hangs` count on these, on
//! several CPUs.

use core::{
    mem::offset_of,
    sync::atomic::{
        AtomicUsize,
        Ordering::SeqCst, //
    },
};

use kernel::prelude::*;

use crate::bindings;

macro_rules! inline_or_helper {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($t:ident) $(-> $ret:ty)? { inline: $inline:block, helper: $helper:ident }
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// `t` must point to an initialised tasklet.
        #[inline(always)]
        pub(crate) unsafe fn $name($t: *mut bindings::tasklet_struct) $(-> $ret)? {
            #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML), not(CONFIG_KASAN)))]
            $inline

            #[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML), not(CONFIG_KASAN))))]
            // SAFETY: By the contract of this function.
            unsafe {
                bindings::$helper($t)
            }
        }
    )*};
}

inline_or_helper! {
    /// Sets the SCHED bit and tells whether it was set before.
    ///
    /// The one place with an atomic operation of Rust's own, which the kernel's memory model does not
    /// know: on x86 a sequentially consistent one is a locked instruction, as the kernel's, and the
    /// compiler moves nothing across it. It becomes `lock bts` and a jump. Assembly that jumps out of
    /// itself costs an `endbr64` at the other end.
    fn test_and_set_sched(t) -> bool {
        inline: {
            const SCHED: c_ulong = 1 << bindings::TASKLET_STATE_SCHED;
            // SAFETY: `t` is valid, and all access to its state word is atomic.
            let state = unsafe { AtomicUsize::from_ptr(&raw mut (*t).state) };
            state.fetch_or(SCHED, SeqCst) & SCHED != 0
        },
        helper: rust_tasklet_test_and_set_sched
    }

    /// Raises the disable depth by one.
    fn inc_count(t) {
        inline: {
            // SAFETY: `t` is valid; one locked read-modify-write of its count.
            unsafe {
                core::arch::asm!(
                    "lock inc dword ptr [{t} + {count}]",
                    t = in(reg) t,
                    count = const offset_of!(bindings::tasklet_struct, count),
                    options(nostack),
                );
            }
        },
        helper: rust_tasklet_disable_nosync
    }

    /// Lowers the disable depth by one.
    fn dec_count(t) {
        inline: {
            // SAFETY: `t` is valid; one locked read-modify-write of its count.
            unsafe {
                core::arch::asm!(
                    "lock dec dword ptr [{t} + {count}]",
                    t = in(reg) t,
                    count = const offset_of!(bindings::tasklet_struct, count),
                    options(nostack),
                );
            }
        },
        helper: rust_tasklet_enable
    }

    /// Tells whether the handler runs. If not, what it wrote is visible.
    fn is_running(t) -> bool {
        inline: {
            // SAFETY: `t` is valid; like READ_ONCE().
            let state = unsafe { (&raw const (*t).state).read_volatile() };
            // SAFETY: No instruction, but the compiler moves nothing across it.
            unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
            state & (1 << bindings::TASKLET_STATE_RUN) != 0
        },
        helper: rust_tasklet_is_running
    }
}

/// The task that runs now; in interrupt context, the one that was interrupted.
#[inline(always)]
pub(crate) fn current() -> *mut bindings::task_struct {
    #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)))]
    {
        extern "C" {
            /// The per-CPU variable behind `current`.
            static current_task: *mut bindings::task_struct;
        }
        let task;
        // SAFETY: Reads this CPU's copy of a per-CPU pointer, as `get_current()` does.
        unsafe {
            core::arch::asm!(
                "mov {task}, gs:[rip + {current_task}]",
                task = lateout(reg) task,
                current_task = sym current_task,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        task
    }

    #[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML))))]
    // SAFETY: Always safe to call.
    unsafe {
        bindings::rust_tasklet_current()
    }
}

/// Is this task context with nothing held that forbids to sleep? `true` is certain, `false` is not:
/// then [`may_wait`](super::context::may_wait) knows.
///
/// What `rust_tasklet_may_wait()` asks, without a call.
#[inline(always)]
pub(crate) fn is_plain_task() -> bool {
    // PREEMPT_RT counts disabled bottom halves elsewhere.
    #[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML), not(CONFIG_PREEMPT_RT)))]
    {
        extern "C" {
            /// The per-CPU variable behind `preempt_count()`.
            static __preempt_count: c_int;
            /// See `bindings/helpers.c`.
            static rust_tasklet_irq_flag: c_ulong;
        }
        let preempt_count: c_int;
        // SAFETY: Reads this CPU's copy of a per-CPU variable, as `preempt_count()` does.
        unsafe {
            core::arch::asm!(
                "mov {count:e}, gs:[rip + {preempt_count}]",
                count = lateout(reg) preempt_count,
                preempt_count = sym __preempt_count,
                options(readonly, nostack, preserves_flags),
            );
        }
        if preempt_count & bindings::RUST_TASKLET_PREEMPT_COUNT != 0 {
            return false;
        }

        #[cfg(CONFIG_PREEMPT_RCU)]
        {
            let task: *const kernel::bindings::task_struct = current().cast();
            // SAFETY: The current task is valid; like READ_ONCE().
            if unsafe { (&raw const (*task).rcu_read_lock_nesting).read_volatile() } != 0 {
                return false;
            }
        }

        let flags: c_ulong;
        // SAFETY: Reads the flags by way of the stack, as `native_save_fl()` does; and a variable that
        // does not change after the crate was loaded.
        unsafe {
            core::arch::asm!(
                "pushfq",
                "pop {flags}",
                flags = lateout(reg) flags,
                options(preserves_flags),
            );
            flags & rust_tasklet_irq_flag != 0
        }
    }

    #[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML), not(CONFIG_PREEMPT_RT))))]
    false
}
