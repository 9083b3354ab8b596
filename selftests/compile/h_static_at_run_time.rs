// SPDX-License-Identifier: GPL-2.0

//! Class H: a static tasklet whose data would have to be made at run time, after its first use.
//!
//! Rejected: the handler of a static is a constant.

#[cfg(fault)]
use kernel::prelude::*;
use kernel::{
    alloc::AllocError,
    sync::Arc, //
};
use rust_tasklet::{
    static_tasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    ring: Option<Result<Arc<u32>, AllocError>>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        let _ = self.ring.is_some();
    }
}

static_tasklet! {
    #[cfg(fault)]
    static RX: Tasklet<Rx> = Rx { ring: Some(Arc::new(1, GFP_KERNEL)) }; //~ E0015
    #[cfg(not(fault))]
    static RX: Tasklet<Rx> = Rx { ring: None };
}
