// SPDX-License-Identifier: GPL-2.0

//! Bottom halves that run in softirq context: tasklets, and works on the BH workqueue.
//!
//! **Tasklets are deprecated for new code.** A driver that may sleep in its bottom half wants a
//! threaded interrupt ([`kernel::irq::ThreadedRegistration`]); one that needs softirq latency wants
//! a [`BhWork`]. Tasklets are for existing code, for moving such a driver to Rust piece by piece, for
//! teaching and for testing, and for the places that need what only a tasklet gives: the least cost, and
//! high priority before normal without exception.
//!
//! It wraps the kernel's own `tasklet_struct` and `work_struct`; C headers:
//! [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h),
//! [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h). What is said of tasklets here is true
//! of works as well; [`BhWork`] says what is not.
//!
//! # Vocabulary
//!
//! - **Top half**: the code that runs in hard interrupt context and schedules the tasklet.
//! - **Bottom half**: the code that runs later, in **softirq context**, with interrupts enabled.
//! - **Handler**: the Rust code that a tasklet runs, a [`TaskletHandler`] or a closure.
//! - **Pending**: scheduled, and not started yet. Scheduling again changes nothing: it **coalesces**.
//! - **Running**: its handler is running, on one CPU. Scheduled now, it will run once more.
//! - **Disable depth**: how often it was disabled and not enabled; above zero, it does not run.
//! - **Parked**: out of service. Scheduling it does nothing; no handler runs or will run.
//! - **Owner**: the value that must be dropped before the memory may be freed. Dropping it parks the tasklet.
//! - **Context token**: a value that exists in one context only, such as [`TaskletContext`].
//!
//! # States
//!
//! ```text
//!                        schedule                   softirq
//!            +------+  hi_schedule  +---------+   depth is 0   +---------+
//!   new ---->| idle +-------------->| pending +--------------->| running |
//!            +------+               +---------+                +--+---+--+
//!               ^ ^                      ^        schedule        |   |
//!               | |                      +------------------------+   |
//!               | +---------------------------------------------------+
//!               |                            returns
//!               | revive, activate
//!            +--+-----+
//! embedded ->| parked |<--- kill, drop of an owner: from every state
//!            +--------+
//! ```
//!
//! A kill does not interrupt a run: a pending run takes place first, unless the tasklet is disabled, and the
//! kill waits for a running handler.
//!
//! What is promised is in `docs/generated/contract.md`; each promise has a test.
//!
//! # What may be called in which context
//!
//! | | task | atomic: BH disabled, softirq, own handler, hard interrupt |
//! |---|---|---|
//! | [`schedule`], [`hi_schedule`], [`disable_nosync`], [`enable`], [`revive`] | yes | yes |
//! | [`disable`], [`kill`], [`synchronize`] | yes, may sleep | [`EWOULDBLOCK`] |
//! | drop of a [`TaskletBox`] or a [`TaskletHandle`] | yes, may sleep | deferred |
//! | drop of a [`Tasklet`] in service | yes, may sleep | panics |
//! | drop of a [`Tasklet`] never scheduled, or killed | yes | yes |
//!
//! NMI handlers may call none of them. Atomic context is where C's `might_sleep()` would complain. Like
//! `might_sleep()`, the check does not see a held spinlock without `CONFIG_PREEMPT_COUNT`.
//!
//! [`schedule`]: Tasklet::schedule
//! [`hi_schedule`]: Tasklet::hi_schedule
//! [`disable`]: Tasklet::disable
//! [`disable_nosync`]: Tasklet::disable_nosync
//! [`enable`]: Tasklet::enable
//! [`kill`]: Tasklet::kill
//! [`revive`]: Tasklet::revive
//! [`synchronize`]: Tasklet::synchronize
//!
//! # Sharing data with a handler
//!
//! A handler may interrupt a thread in the middle of its work, on the same CPU. Put the data that the two
//! share into a [`SpinLockBh`], which keeps the handler away while the thread has the lock; a plain
//! [`SpinLock`](kernel::sync::SpinLock) would deadlock. Data that only the handler uses needs no lock.
//!
//! # Where to start
//!
//! - [`Tasklet`]: the type and its operations; [`Tasklet::from_fn`] is the shortest way to make one.
//! - [`BhWork`]: the same on the BH workqueue; [`BottomHalfContext`]: handlers for both.
//! - [`static_tasklet!`]: tasklets in statics.
//! - [`TaskletBox`]: a tasklet that may be dropped anywhere.
//! - [`impl_has_tasklet!`] and [`TaskletHandle`]: a tasklet that is a field of a driver's struct.
//! - `samples/rust_tasklet_nic.rs`: a driver to start yours from.
//! - `/sys/kernel/debug/rust_tasklet/tasklets`: the tasklets and works in service at this moment.

use kernel::{
    debugfs,
    prelude::*,
    InPlaceModule, //
};

mod bindings;

/// One concept a file, in the order in which they build on each other.
mod tasklet {
    pub(crate) mod export;
    pub(crate) mod prim;

    pub(crate) mod kernel;
    pub(crate) mod work;

    pub(crate) mod list;
    pub(crate) mod lockdep;
    pub(crate) mod state;

    pub(crate) mod node;
    pub(crate) mod registry;

    pub(crate) mod life;

    pub(crate) mod deferred;
    pub(crate) mod unload;

    pub(crate) mod debugfs;

    pub(crate) mod softirq;

    pub(crate) mod context;

    pub(crate) mod guard;
    pub(crate) mod handler;

    pub(crate) mod inline;

    pub(crate) mod boxed;
    pub(crate) mod embedded;
    pub(crate) mod statics;

    pub(crate) mod spinlock_bh;
}

#[cfg(CONFIG_KUNIT = "y")]
#[path = "selftests/kunit/unit.rs"]
mod tests;

pub use tasklet::{
    boxed::{
        BhWorkBox,
        BottomHalfBox,
        TaskletBox, //
    },
    context::{
        BhContext,
        BottomHalfContext,
        TaskletContext, //
    },
    embedded::{
        field::{
            EmbeddedTasklet,
            HasTasklet,
            TaskletCallback, //
        },
        handle::TaskletHandle,
        pointer::TaskletPointer, //
    },
    guard::DisableGuard,
    handler::{
        TaskletFn,
        TaskletHandler, //
    },
    inline::{
        BhWork,
        BottomHalf,
        Tasklet, //
    },
    prim::EWOULDBLOCK,
    softirq::SoftirqContext,
    spinlock_bh::{
        SpinLockBh,
        SpinLockBhBackend,
        SpinLockBhGuard,
        SpinLockBhSoftirqGuard, //
    },
};

// For the macros, which are expanded in a driver. There, `::core` may be a crate of the driver's choice.
#[doc(hidden)]
pub use core as __core;
#[doc(hidden)]
pub use tasklet::embedded::field::TaskletField;

module! {
    type: RustTasklet,
    name: "rust_tasklet",
    authors: ["The rust_tasklet developers"],
    description: "Safe Rust wrappers around tasklets",
    license: "GPL",
}

/// The module itself: the crate is told of modules that are unloaded, and lists the live tasklets.
#[pin_data]
struct RustTasklet {
    #[pin]
    notifier: tasklet::unload::Notifier,
    #[pin]
    tasklets: debugfs::File<tasklet::debugfs::Tasklets>,
}

impl InPlaceModule for RustTasklet {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // SAFETY: Nobody makes a tasklet before this module is loaded.
        unsafe { tasklet::deferred::init() };
        let dir = debugfs::Dir::new(c"rust_tasklet");
        try_pin_init!(Self {
            notifier <- tasklet::unload::Notifier::register(),
            tasklets <- dir.read_only_file(c"tasklets", tasklet::debugfs::Tasklets),
        })
    }
}
