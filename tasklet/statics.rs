// SPDX-License-Identifier: GPL-2.0

//! [`static_tasklet!`](crate::static_tasklet), the static form: no construction at run time.

/// Declares a static [`Tasklet`], enabled or disabled.
///
/// Like every tasklet, it is made live by its first schedule. A module has to kill it before it is
/// unloaded, because nothing drops a static. If the module does not, the tasklet is parked at the unload,
/// and a warning names it.
///
/// The attributes may be documentation, `cfg` and lint levels.
///
/// C macros: `DECLARE_TASKLET()` and `DECLARE_TASKLET_DISABLED()` in
/// [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h).
///
/// [`Tasklet`]: crate::Tasklet
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
///     fn run(&self, _cx: &TaskletContext) {}
/// }
///
/// static_tasklet! {
///     /// Drains the receive ring.
///     static RX: Tasklet<Rx> = Rx;
///     /// Reclaims sent buffers, once it has been enabled.
///     static TX: Tasklet<Rx> = Rx, disabled;
/// }
///
/// assert!(RX.schedule());
/// RX.kill()?;
///
/// assert!(TX.schedule());
/// TX.enable()?;
/// TX.kill()?;
/// # Ok::<(), Error>(())
/// ```
#[macro_export]
macro_rules! static_tasklet {
    // An attribute that can do no harm to a static. Others, such as `link_section`, could.
    (@attr doc = $($args:tt)*) => {};
    (@attr doc ($($args:tt)*)) => {};
    (@attr cfg ($($args:tt)*)) => {};
    (@attr allow ($($args:tt)*)) => {};
    (@attr expect ($($args:tt)*)) => {};
    (@attr warn ($($args:tt)*)) => {};
    (@attr deny ($($args:tt)*)) => {};
    (@attr $($other:tt)*) => {
        $crate::__core::compile_error!($crate::__core::concat!(
            "static_tasklet! takes documentation, `cfg` and lint levels, but not `",
            $crate::__core::stringify!($($other)*),
            "`",
        ));
    };
    (@disabled) => { false };
    (@disabled disabled) => { true };
    ($(
        $(#[$($attr:tt)*])*
        $vis:vis static $name:ident: $tasklet:ty = $handler:expr $(, $disabled:ident)?;
    )*) => {$(
        $($crate::static_tasklet!(@attr $($attr)*);)*

        $(#[$($attr)*])*
        $vis static $name: $tasklet = {
            // Out here, so that it cannot profit from the `unsafe` below.
            let handler = $handler;
            // SAFETY: This is the initial value of a static.
            unsafe {
                $crate::BottomHalf::new_static(handler, $crate::static_tasklet!(@disabled $($disabled)?))
            }
        };
    )*};
}
