// SPDX-License-Identifier: GPL-2.0

//! The four operations of the hot path, inline where C has them inline.
//!
//! In a kernel built by GCC every C helper is a call, which would make `schedule` dearer than its C
//! twin. So on x86-64 these are the instructions that
//! [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h) compiles to there. Elsewhere,
//! and under KASAN (which does not see into assembly), they are calls into `bindings/helpers.c`.
//!
//! Each is fully ordered: a `lock` prefix is a full barrier on x86, and the helpers are written to
//! be. That is what the C functions promise too, except that `tasklet_enable()` orders only what
//! comes before it; the crate looks at a flag after it as well.

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
    fn test_and_set_sched(t) -> bool {
        inline: {
            // SAFETY: `t` is valid; one locked read-modify-write of its state word.
            unsafe {
                core::arch::asm!(
                    "lock bts qword ptr [{state}], {sched}",
                    "jc {was_set}",
                    state = in(reg) &raw mut (*t).state,
                    sched = const bindings::TASKLET_STATE_SCHED,
                    was_set = label { return true },
                    options(nostack),
                );
            }
            false
        },
        helper: rust_tasklet_test_and_set_sched
    }

    /// Raises the disable depth by one.
    fn inc_count(t) {
        inline: {
            // SAFETY: `t` is valid; one locked read-modify-write of its count.
            unsafe {
                core::arch::asm!(
                    "lock inc dword ptr [{count}]",
                    count = in(reg) &raw mut (*t).count,
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
                    "lock dec dword ptr [{count}]",
                    count = in(reg) &raw mut (*t).count,
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
