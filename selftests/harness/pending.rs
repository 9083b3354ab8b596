// SPDX-License-Identifier: GPL-2.0

//! What was scheduled, kept pending.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::{
    check,
    contexts::Context,
    counters::Flag,
    suite::Test,
    threads::Scope,
    wait,
    wait::spin_until, //
};

struct Flags {
    pending: Flag,
    let_go: Flag,
}

/// While it is there, no softirq runs on CPU 1. See [`keep_pending`].
pub struct KeptPending(Arc<Flags>);

impl Drop for KeptPending {
    #[inline]
    fn drop(&mut self) {
        self.0.let_go.set();
    }
}

/// Calls `schedule` on CPU 1, and keeps what it has scheduled there pending until the result is dropped.
#[inline]
pub fn keep_pending<'scope, 'env>(
    t: &'env Test,
    s: &'scope Scope<'scope, 'env>,
    schedule: impl FnOnce() + Send + 'scope,
) -> Result<KeptPending> {
    let flags = Flags {
        pending: Flag::new(),
        let_go: Flag::new(),
    };
    let kept = KeptPending(Arc::new(flags, GFP_KERNEL)?);
    let flags = kept.0.clone();

    s.spawn(1, move || {
        Context::SoftirqsHeld.run(|| {
            schedule();
            flags.pending.set();
            check!(t, spin_until(|| flags.let_go.is_set()));
        })
    })?;
    wait!(t, kept.0.pending.is_set());
    Ok(kept)
}
