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
//! - `tasklet_enable()`: `smp_mb__before_atomic()` and `atomic_dec()`, so that what was written under
//!   the disable is there when the handler runs. The crate looks at a flag after it, which needs a
//!   full barrier there as well: see *Killing* in [`raw`](super::raw).
//!
//! On x86 an instruction with a `lock` prefix is all of these full barriers at once:
//! `smp_mb__before_atomic()` and `smp_mb__after_atomic()` are nothing but compiler barriers there. Each
//! piece of assembly is one, as it may touch all memory. The helpers are made of the C functions, with the barrier that `tasklet_enable()` lacks.
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
