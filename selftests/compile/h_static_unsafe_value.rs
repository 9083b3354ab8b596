// SPDX-License-Identifier: GPL-2.0

//! Class H: a static handler is made from a pointer that may be null, and nobody vouches for it.
//!
//! Rejected: the unsafe code in `static_tasklet!` does not extend to the value that it is given.

use core::{
    ptr::NonNull,
    sync::atomic::AtomicPtr, //
};
use rust_tasklet::{
    static_tasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    ring: AtomicPtr<u32>,
}

impl Rx {
    const fn new(ring: NonNull<u32>) -> Self {
        Rx {
            ring: AtomicPtr::new(ring.as_ptr()),
        }
    }
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

static_tasklet! {
    #[cfg(fault)]
    static RX: Tasklet<Rx> = Rx::new(NonNull::new_unchecked(64 as *mut u32)); //~ E0133
    #[cfg(not(fault))]
    static RX: Tasklet<Rx> = Rx::new(NonNull::dangling());
}
