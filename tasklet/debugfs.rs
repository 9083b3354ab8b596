// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/rust_tasklet/tasklets`: the registry, for people.

use core::ffi::CStr;

use kernel::{
    debugfs::Writer,
    fmt, //
};

use crate::bindings;

use super::{
    node::RawTasklet,
    registry, //
};

/// The contents of the file.
pub(crate) struct Tasklets;

impl Writer for Tasklets {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>7}  {:<7} {:<8} {:>5}  {:<24} handler",
            "number", "kind", "state", "depth", "module"
        )?;
        // The lock is not held from line to line, because it keeps interrupts off. A tasklet that is
        // added or removed meanwhile may be missed, or another one shown twice.
        for n in 0.. {
            let registry = registry::lock();
            let Some(raw) = registry.iter().nth(n) else {
                break;
            };
            let mut symbol = [0; bindings::RUST_TASKLET_KSYM_SYMBOL_LEN];
            writeln!(
                f,
                "{:>7}  {:<7} {:<8} {:>5}  {:<24} {}{}",
                registry.number(raw),
                raw.vtable().kind(),
                state(raw),
                raw.depth(),
                module(raw, &mut symbol),
                (raw.vtable().name)(),
                raw.vtable().field,
            )?;
        }
        Ok(())
    }
}

/// What the tasklet is doing at this moment.
fn state(raw: &RawTasklet) -> &'static str {
    let (scheduled, running) = (raw.is_scheduled(), raw.is_running());
    // To look at the disable count, the kernel takes RUN; SCHED stays set then.
    if running && !(scheduled && raw.depth() > 0) {
        "running"
    } else if scheduled {
        "pending"
    } else {
        "idle"
    }
}

/// The module of the handler of `raw`; kallsyms has it in brackets behind the symbol.
fn module<'a>(
    raw: &RawTasklet,
    symbol: &'a mut [u8; bindings::RUST_TASKLET_KSYM_SYMBOL_LEN],
) -> &'a str {
    let address = raw.vtable().callback.address();
    // SAFETY: The buffer has the size that the function asks for.
    unsafe { bindings::sprint_symbol_no_offset(symbol.as_mut_ptr().cast(), address) };
    CStr::from_bytes_until_nul(symbol)
        .ok()
        .and_then(|symbol| symbol.to_str().ok())
        .and_then(|symbol| symbol.rsplit_once('[')?.1.split(&[' ', ']']).next())
        .unwrap_or("-")
}
