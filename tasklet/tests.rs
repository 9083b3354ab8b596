// SPDX-License-Identifier: GPL-2.0

//! Unit tests of what cannot be seen from outside, for kernels with KUnit.

use kernel::prelude::kunit_tests;

/// A tasklet without a handler, and the list of the live ones.
#[kunit_tests(rust_tasklet)]
mod tests {
    use kernel::prelude::*;

    use crate::{
        bindings,
        tasklet::{
            handler::Vtable,
            raw::{
                self,
                Priority,
                RawTasklet, //
            },
            registry, //
        },
    };

    /// # Safety
    ///
    /// Only for the kernel to call.
    unsafe extern "C" fn callback(_tasklet: *mut bindings::tasklet_struct) {}

    static VTABLE: Vtable = Vtable {
        callback,
        name: || "",
        field: "",
        release: None,
    };

    fn live() -> Result<KBox<RawTasklet>> {
        let raw = KBox::new(RawTasklet::parked(&VTABLE, false), GFP_KERNEL)?;

        raw::revive(&raw).then_some(raw).ok_or(EBUSY)
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
    fn born_parked() -> Result {
        let fresh = KBox::new(RawTasklet::fresh(&VTABLE, false), GFP_KERNEL)?;
        let parked = KBox::new(RawTasklet::parked(&VTABLE, true), GFP_KERNEL)?;

        assert_eq!(places([&fresh, &parked]), [-1, -1]);
        assert_eq!(fresh.state(), "parked");
        assert_eq!(parked.state(), "parked");
        assert!(!fresh.is_parked());
        assert!(parked.is_parked());
        assert!(!parked.schedule(Priority::Normal));
        assert_eq!(raw::depth(&fresh), 0);
        assert_eq!(raw::depth(&parked), 1);
        Ok(())
    }

    #[test]
    fn listed_newest_first() -> Result {
        let (a, b, c, d) = (live()?, live()?, live()?, live()?);

        assert_eq!(places([&a, &b, &c, &d]), [3, 2, 1, 0]);
        drop(d);
        assert_eq!(places([&a, &b, &c]), [2, 1, 0]);
        drop(b);
        assert_eq!(places([&a, &c]), [1, 0]);
        // It is listed until it is dropped, and once.
        raw::kill(&a)?;
        assert!(raw::revive(&a));
        assert_eq!(places([&a, &c]), [1, 0]);
        drop(a);
        assert_eq!(places([&c]), [0]);
        Ok(())
    }

    #[test]
    fn depth_counts_what_is_kept() -> Result {
        let raw = live()?;

        raw.raise_depth();
        raw.raise_depth();
        raw.keep_depth();
        assert_eq!(raw::depth(&raw), 2);
        assert_eq!(raw::lower_kept(&raw), Ok(()));
        assert_eq!(raw::lower_kept(&raw), Err(EINVAL));
        assert_eq!(raw::depth(&raw), 1);
        // Not even a kill forgets it.
        raw::kill(&raw)?;
        assert_eq!(raw::depth(&raw), 1);
        raw.lower_depth();
        assert_eq!(raw::depth(&raw), 0);
        Ok(())
    }
}
