// SPDX-License-Identifier: GPL-2.0

//! [`DisableGuard`], which keeps a tasklet from running.

use core::mem;

use super::node::RawTasklet;

/// Keeps a tasklet from running for as long as it lives.
///
/// It borrows the tasklet, so the tasklet cannot be dropped first. Guards nest, and may be dropped in
/// any context but NMI. If one is forgotten, the tasklet stays disabled for ever, but it can still be killed
/// and dropped.
///
/// # Invariants
///
/// The disable depth of `raw` was raised by one for it.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::Tasklet;
///
/// fn nested<H>(rx: &Tasklet<H>) -> Result {
///     let outer = rx.disable()?;
///     let inner = rx.disable_nosync();
///     inner.enable();
///     // Still disabled, by `outer`.
///     drop(outer);
///     Ok(())
/// }
/// # let rx = KBox::pin_init(Tasklet::from_fn(|_cx| ()), GFP_KERNEL)?;
/// # nested(&rx)?;
/// # assert_eq!(rx.disable_depth(), 0);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "the tasklet is enabled again as soon as this is dropped"]
pub struct DisableGuard<'a> {
    raw: &'a RawTasklet,
}

impl<'a> DisableGuard<'a> {
    /// The caller must have raised the depth, and leaves that to the guard.
    #[inline(always)]
    pub(super) fn new(raw: &'a RawTasklet) -> Self {
        // INVARIANT: By the contract of this function.
        Self { raw }
    }

    /// Lowers the depth again, as dropping the guard does. C function: `tasklet_enable()`.
    #[inline]
    pub fn enable(self) {}

    /// Leaves the depth raised until [`Tasklet::enable`](crate::Tasklet::enable) is called.
    #[inline]
    pub fn keep(self) {
        self.raw.keep_depth();
        mem::forget(self);
    }
}

impl Drop for DisableGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // It was raised, by the type invariant.
        self.raw.lower_depth();
    }
}
