// SPDX-License-Identifier: GPL-2.0

//! The two kinds of bottom half, so that one test is for both.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use rust_tasklet::{
    BhContext,
    BhWork,
    BhWorkBox,
    BottomHalf,
    BottomHalfBox,
    BottomHalfContext,
    Tasklet,
    TaskletBox,
    TaskletContext,
    TaskletFn,
    TaskletHandler, //
};

/// A bottom half on the heap.
pub type Made<H, C> = Pin<KBox<BottomHalf<H, C>>>;

/// A kind of bottom half, which is told by its context, and what tests do that is not the same for both.
pub trait Kind: BottomHalfContext {
    /// Whether it is a tasklet.
    const IS_TASKLET: bool;

    /// Makes one.
    fn make<H: TaskletHandler<Self> + 'static>(handler: H) -> Result<Made<H, Self>>;

    /// Makes one that [`schedule_at`] will be called for, with the same priority.
    fn make_at<H: TaskletHandler<Self> + 'static>(hi: bool, handler: H) -> Result<Made<H, Self>>;

    /// Makes one that can be shared.
    fn make_shared<H: TaskletHandler<Self> + 'static>(
        handler: H,
    ) -> Result<Arc<BottomHalf<H, Self>>>;

    /// Makes one that may be dropped anywhere.
    fn make_box<H: TaskletHandler<Self> + Send + 'static>(
        handler: H,
    ) -> Result<BottomHalfBox<H, Self>>;

    /// Makes one that is disabled.
    fn make_disabled<H: TaskletHandler<Self> + 'static>(handler: H) -> Result<Made<H, Self>>;

    /// Makes one of a closure.
    fn make_fn<F: FnMut(&Self) + Send + 'static>(f: F) -> Result<Made<TaskletFn<F>, Self>>;

    /// Schedules at high priority, if the kind lets the caller choose. If not, just schedules.
    fn hi_schedule<H>(bottom_half: &BottomHalf<H, Self>) -> bool;

    /// Puts it back into service.
    fn revive<H: TaskletHandler<Self>>(bottom_half: &BottomHalf<H, Self>) -> bool;

    /// Schedules in the handler, at either priority.
    fn again(&self, hi: bool) -> bool;
}

impl Kind for TaskletContext {
    const IS_TASKLET: bool = true;

    #[inline]
    fn make<H: TaskletHandler + 'static>(handler: H) -> Result<Made<H, Self>> {
        KBox::pin_init(Tasklet::new(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_at<H: TaskletHandler + 'static>(_hi: bool, handler: H) -> Result<Made<H, Self>> {
        Self::make(handler)
    }

    #[inline]
    fn make_shared<H: TaskletHandler + 'static>(handler: H) -> Result<Arc<BottomHalf<H, Self>>> {
        Arc::pin_init(Tasklet::new(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_box<H: TaskletHandler + Send + 'static>(handler: H) -> Result<BottomHalfBox<H, Self>> {
        TaskletBox::new(handler, GFP_KERNEL)
    }

    #[inline]
    fn make_disabled<H: TaskletHandler + 'static>(handler: H) -> Result<Made<H, Self>> {
        KBox::pin_init(Tasklet::new_disabled(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_fn<F: FnMut(&Self) + Send + 'static>(f: F) -> Result<Made<TaskletFn<F>, Self>> {
        KBox::pin_init(Tasklet::from_fn(f), GFP_KERNEL)
    }

    #[inline]
    fn hi_schedule<H>(tasklet: &Tasklet<H>) -> bool {
        tasklet.hi_schedule()
    }

    #[inline]
    fn revive<H: TaskletHandler>(tasklet: &Tasklet<H>) -> bool {
        tasklet.revive()
    }

    #[inline]
    fn again(&self, hi: bool) -> bool {
        if hi {
            self.hi_schedule()
        } else {
            self.schedule()
        }
    }
}

impl Kind for BhContext {
    const IS_TASKLET: bool = false;

    #[inline]
    fn make<H: TaskletHandler<Self> + 'static>(handler: H) -> Result<Made<H, Self>> {
        KBox::pin_init(BhWork::new(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_at<H: TaskletHandler<Self> + 'static>(hi: bool, handler: H) -> Result<Made<H, Self>> {
        if hi {
            KBox::pin_init(BhWork::new_hi(handler), GFP_KERNEL)
        } else {
            Self::make(handler)
        }
    }

    #[inline]
    fn make_shared<H: TaskletHandler<Self> + 'static>(
        handler: H,
    ) -> Result<Arc<BottomHalf<H, Self>>> {
        Arc::pin_init(BhWork::new(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_box<H: TaskletHandler<Self> + Send + 'static>(
        handler: H,
    ) -> Result<BottomHalfBox<H, Self>> {
        BhWorkBox::new(handler, GFP_KERNEL)
    }

    #[inline]
    fn make_disabled<H: TaskletHandler<Self> + 'static>(handler: H) -> Result<Made<H, Self>> {
        KBox::pin_init(BhWork::new_disabled(handler), GFP_KERNEL)
    }

    #[inline]
    fn make_fn<F: FnMut(&Self) + Send + 'static>(f: F) -> Result<Made<TaskletFn<F>, Self>> {
        KBox::pin_init(BhWork::from_fn(f), GFP_KERNEL)
    }

    #[inline]
    fn hi_schedule<H>(work: &BhWork<H>) -> bool {
        work.schedule()
    }

    #[inline]
    fn revive<H: TaskletHandler<Self>>(work: &BhWork<H>) -> bool {
        work.revive()
    }

    #[inline]
    fn again(&self, _hi: bool) -> bool {
        self.schedule()
    }
}

/// Declares a static bottom half of each kind: a trait of kinds, with a function that gives that of a kind.
#[macro_export]
macro_rules! static_of_both {
    ($trait:ident::$get:ident: $handler:ty = $value:expr $(, $disabled:ident)?) => {
        trait $trait: $crate::Kind {
            fn $get() -> &'static ::rust_tasklet::BottomHalf<$handler, Self>;
        }

        impl $trait for ::rust_tasklet::TaskletContext {
            fn $get() -> &'static ::rust_tasklet::Tasklet<$handler> {
                ::rust_tasklet::static_tasklet! {
                    static TASKLET: ::rust_tasklet::Tasklet<$handler> = $value $(, $disabled)?;
                }
                &TASKLET
            }
        }

        impl $trait for ::rust_tasklet::BhContext {
            fn $get() -> &'static ::rust_tasklet::BhWork<$handler> {
                ::rust_tasklet::static_tasklet! {
                    static WORK: ::rust_tasklet::BhWork<$handler> = $value $(, $disabled)?;
                }
                &WORK
            }
        }
    };
}

/// Schedules `bottom_half` at either priority; it was made for this one.
#[inline]
pub fn schedule_at<H, C: Kind>(bottom_half: &BottomHalf<H, C>, hi: bool) -> bool {
    if hi {
        C::hi_schedule(bottom_half)
    } else {
        bottom_half.schedule()
    }
}
