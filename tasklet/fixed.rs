// SPDX-License-Identifier: GPL-2.0

//! [`static_tasklet!`], the static form: no construction at run time.
//!
//! [`static_tasklet!`]: crate::static_tasklet

/// Declares a static [`Tasklet`], enabled or disabled.
///
/// It is parked from birth: scheduling it does nothing and returns `false`. [`Tasklet::revive`] puts
/// it into service, [`Tasklet::kill`] takes it out, which a module does when it goes. If it does not,
/// the tasklet is parked then and a warning names it.
///
/// C macros: `DECLARE_TASKLET()` and `DECLARE_TASKLET_DISABLED()` in
/// [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h).
///
/// [`Tasklet`]: crate::Tasklet
/// [`Tasklet::revive`]: crate::Tasklet::revive
/// [`Tasklet::kill`]: crate::Tasklet::kill
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::{static_tasklet, Tasklet, TaskletContext, TaskletHandler};
///
/// struct Rx;
///
/// impl TaskletHandler for Rx {
///     fn run(&self, _cx: &TaskletContext<'_>) {}
/// }
///
/// static_tasklet! {
///     /// Drains the receive ring.
///     static RX: Tasklet<Rx> = Rx;
///     /// Reclaims sent buffers, once it has been enabled.
///     static TX: Tasklet<Rx> = Rx, disabled;
/// }
///
/// assert!(!RX.schedule());
/// RX.revive();
/// assert!(RX.schedule());
/// RX.kill()?;
///
/// TX.revive();
/// TX.enable()?;
/// TX.kill()?;
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! static_tasklet {
    ($(
        $(#[$attr:meta])*
        $vis:vis static $name:ident: $tasklet:ty = $handler:expr $(, $disabled:ident)?;
    )*) => {$(
        $(#[$attr])*
        $vis static $name: $tasklet = {
            // Out here, so that it cannot profit from the `unsafe` below.
            let handler = $handler;
            // SAFETY: This is the initial value of a static.
            unsafe {
                $crate::Tasklet::new_static(handler, $crate::static_tasklet!(@disabled $($disabled)?))
            }
        };
    )*};
    (@disabled) => { false };
    (@disabled disabled) => { true };
}
