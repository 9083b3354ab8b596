// SPDX-License-Identifier: GPL-2.0

//! The C half.

use core::ffi::c_void;

/// A thread bound to a CPU.
#[repr(C)]
pub(crate) struct Thread {
    _opaque: [u8; 0],
}

pub(crate) type Callback = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" {
    pub(crate) safe fn selftest_scale(limit: u64) -> u64;
    pub(crate) fn selftest_pin(module: *mut c_void);
    pub(crate) fn selftest_remember(value: *const c_void, size: usize);
    pub(crate) safe fn selftest_now_ns() -> u64;
    pub(crate) safe fn selftest_doze();
    pub(crate) safe fn selftest_relax();
    pub(crate) safe fn selftest_resched();
    pub(crate) safe fn selftest_cpu() -> u32;
    pub(crate) safe fn selftest_cpu_limit() -> u32;
    pub(crate) safe fn selftest_cpu_online(cpu: u32) -> bool;
    pub(crate) safe fn selftest_cpu_set_online(cpu: u32, online: bool) -> i32;
    pub(crate) safe fn selftest_move_to(cpu: u32) -> bool;
    pub(crate) fn selftest_thread_start(
        cpu: u32,
        callback: Callback,
        arg: *mut c_void,
        next: *mut Thread,
    ) -> *mut Thread;
    pub(crate) fn selftest_thread_wait(thread: *mut Thread, ms: u32) -> bool;
    pub(crate) fn selftest_thread_blocked(thread: *mut Thread) -> bool;
    pub(crate) fn selftest_thread_free(thread: *mut Thread) -> *mut Thread;
    pub(crate) safe fn selftest_context() -> u32;
    pub(crate) safe fn selftest_bh_depth() -> u32;
    pub(crate) fn selftest_run_in(context: u32, callback: Callback, arg: *mut c_void);
    pub(crate) fn selftest_storm(
        period_us: u32,
        limit: u32,
        callback: Callback,
        arg: *mut c_void,
        body: Callback,
        body_arg: *mut c_void,
    ) -> u32;
    pub(crate) safe fn selftest_drain();
    pub(crate) safe fn selftest_tally_add(index: u32, by: u32) -> u32;
}
