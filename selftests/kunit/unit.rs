// SPDX-License-Identifier: GPL-2.0

//! Unit tests of what cannot be seen from outside, for kernels with KUnit.

use kernel::prelude::kunit_tests;

/// Bottom halves of both kinds without a handler, and the list of the live ones.
#[kunit_tests(rust_tasklet)]
mod tests {
    use kernel::prelude::*;

    use crate::{
        bindings,
        tasklet::{
            node::{
                RawTasklet,
                Vtable, //
            },
            prim::{
                Callback,
                Priority, //
            },
            registry, //
        },
    };

    /// # Safety
    ///
    /// Only for the kernel to call.
    unsafe extern "C" fn tasklet(_tasklet: *mut bindings::tasklet_struct) {}

    /// # Safety
    ///
    /// Only for the kernel to call.
    unsafe extern "C" fn work(_work: *mut bindings::work_struct) {}

    const fn vtable(callback: Callback) -> Vtable {
        Vtable {
            callback,
            run: |_| (),
            name: || "",
            field: "",
            release: None,
        }
    }

    static KINDS: [Vtable; 2] = [
        vtable(Callback::Tasklet(tasklet)),
        vtable(Callback::Work(work)),
    ];

    fn live(kind: &'static Vtable) -> Result<KBox<RawTasklet>> {
        let raw = KBox::new(RawTasklet::fresh(kind, Priority::Normal, false), GFP_KERNEL)?;

        raw.kill()?;
        raw.revive().then_some(raw).ok_or(EBUSY)
    }

    /// The places of `tasklets` in the list; -1 for those that are not there.
    fn places<const N: usize>(tasklets: [&RawTasklet; N]) -> [i32; N] {
        let registry = registry::lock();

        tasklets.map(|raw| {
            registry
                .iter()
                .position(|listed| core::ptr::eq(listed, raw))
                .map_or(-1, |place| place as i32)
        })
    }

    #[test]
    fn born_out_of_service() -> Result {
        for kind in &KINDS {
            let fresh = KBox::new(RawTasklet::fresh(kind, Priority::Normal, true), GFP_KERNEL)?;
            let unowned = KBox::new(RawTasklet::unowned(kind, Priority::Normal), GFP_KERNEL)?;

            assert_eq!(places([&fresh, &unowned]), [-1, -1]);
            assert!(!fresh.is_parked());
            assert!(unowned.is_parked());
            assert!(!fresh.is_scheduled());
            assert!(!unowned.is_scheduled());
            assert!(!unowned.schedule(unowned.kernel(), Priority::Normal));
            assert!(!unowned.revive());
            assert_eq!(fresh.depth(), 1);
            assert_eq!(unowned.depth(), 0);
        }
        Ok(())
    }

    #[test]
    fn listed_newest_first() -> Result {
        let [tasklet, work] = &KINDS;
        let (a, b, c, d) = (live(tasklet)?, live(work)?, live(work)?, live(tasklet)?);

        assert_eq!(places([&a, &b, &c, &d]), [3, 2, 1, 0]);
        drop(d);
        assert_eq!(places([&a, &b, &c]), [2, 1, 0]);
        drop(b);
        assert_eq!(places([&a, &c]), [1, 0]);
        // It is listed while it is in service, and once.
        a.kill()?;
        assert_eq!(places([&a, &c]), [-1, 0]);
        assert!(a.revive());
        assert!(!a.revive());
        assert_eq!(places([&a, &c]), [0, 1]);
        drop(a);
        assert_eq!(places([&c]), [0]);
        Ok(())
    }

    #[test]
    fn depth_counts_what_is_kept() -> Result {
        for kind in &KINDS {
            let raw = live(kind)?;

            raw.raise_depth();
            raw.raise_depth();
            raw.keep_depth();
            assert_eq!(raw.depth(), 2);
            assert_eq!(raw.lower_kept(), Ok(()));
            assert_eq!(raw.lower_kept(), Err(EINVAL));
            assert_eq!(raw.depth(), 1);
            // Not even a kill forgets it.
            raw.kill()?;
            assert_eq!(raw.depth(), 1);
            raw.lower_depth();
            assert_eq!(raw.depth(), 0);
        }
        Ok(())
    }
}
