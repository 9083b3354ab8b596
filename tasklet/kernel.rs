// SPDX-License-Identifier: GPL-2.0

//! The seam between the two kinds of bottom half: what the rest of the crate asks of the kernel's part of either.
//!
//! A tasklet is run by the kernel's own core, which keeps SCHED, RUN and the count in a `tasklet_struct`. For a work
//! item, [`work`](super::work) keeps them with the same meaning. Where the kind is known when the code is compiled,
//! nothing is left of the choice.

use super::{
    prim::{
        Callback,
        KernelTasklet,
        Priority, //
    },
    work::KernelWork, //
};

/// The kernel's part of a bottom half.
#[derive(Clone, Copy)]
pub(crate) enum Kernel<'a> {
    Tasklet(&'a KernelTasklet),
    Work(&'a KernelWork),
}

use Kernel::{
    Tasklet,
    Work, //
};

impl Kernel<'_> {
    /// Sets SCHED; tells whether it was set. A full barrier.
    #[inline(always)]
    pub(crate) fn test_and_set_sched(self) -> bool {
        match self {
            Tasklet(tasklet) => tasklet.test_and_set_sched(),
            Work(work) => work.test_and_set_sched(),
        }
    }

    /// Clears SCHED. The next CPU that sets it sees what was written before.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED: it must be set, and the bottom half on no queue.
    pub(crate) unsafe fn release_sched(self) {
        // SAFETY: By the contract of this function.
        unsafe {
            match self {
                Tasklet(tasklet) => tasklet.release_sched(),
                Work(work) => work.release_sched(),
            }
        }
    }

    #[inline]
    pub(crate) fn is_scheduled(self) -> bool {
        match self {
            Tasklet(tasklet) => tasklet.is_scheduled(),
            Work(work) => work.is_scheduled(),
        }
    }

    /// If this returns `false`, what the last run wrote is visible.
    #[inline]
    pub(crate) fn is_running(self) -> bool {
        match self {
            Tasklet(tasklet) => tasklet.is_running(),
            Work(work) => work.is_running(),
        }
    }

    /// Queues it on this CPU. Work items have a priority of their own.
    ///
    /// # Safety
    ///
    /// The caller must own SCHED and gives it away with this call. It must stay where it is until the kernel has
    /// run it.
    #[inline(always)]
    pub(crate) unsafe fn queue(self, priority: Priority) {
        // SAFETY: By the contract of this function.
        unsafe {
            match self {
                Tasklet(tasklet) => tasklet.queue(priority),
                Work(work) => work.queue(),
            }
        }
    }

    /// Adds to the count. A full barrier.
    #[inline(always)]
    pub(crate) fn add_count(self, n: i32) {
        match self {
            Tasklet(tasklet) => tasklet.add_count(n),
            Work(work) => work.add_count(n),
        }
    }

    /// Sleeps until no callback runs. What the last one wrote is then visible.
    ///
    /// There is no barrier before the first look.
    pub(crate) fn wait_until_idle(self) {
        match self {
            Tasklet(tasklet) => tasklet.wait_until_idle(),
            Work(work) => work.wait_until_idle(),
        }
    }

    /// Sets the callback. It must be one for this kind; another one changes nothing.
    ///
    /// # Safety
    ///
    /// It must not be on a queue, and no other CPU may be able to queue it.
    pub(crate) unsafe fn set_callback(self, callback: Callback) {
        // SAFETY: By the contract of this function.
        unsafe {
            match (self, callback) {
                (Tasklet(tasklet), Callback::Tasklet(function)) => tasklet.set_callback(function),
                (Work(work), Callback::Work(function)) => work.set_callback(function),
                _ => (),
            }
        }
    }

    /// The number that [`Self::set_number`] gave it.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock.
    pub(crate) unsafe fn number(self) -> usize {
        match self {
            // SAFETY: By the contract of this function.
            Tasklet(tasklet) => unsafe { tasklet.number() },
            Work(work) => work.number(),
        }
    }

    /// Gives it a number, for people who want to tell it from others.
    ///
    /// # Safety
    ///
    /// The caller must hold the registry lock, and it must have no number.
    pub(crate) unsafe fn set_number(self, number: usize) {
        // SAFETY: By the contract of this function.
        unsafe {
            match self {
                Tasklet(tasklet) => tasklet.set_number(number),
                Work(work) => work.set_number(number),
            }
        }
    }
}
