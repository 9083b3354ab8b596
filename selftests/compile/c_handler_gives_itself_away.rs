// SPDX-License-Identifier: GPL-2.0

//! Class C: the callback moves its own data out, to be freed by the code that gets it.
//!
//! Rejected: a handler has its data by shared reference.

use kernel::prelude::*;
use rust_tasklet::{
    TaskletContext,
    TaskletHandler, //
};

struct Rx {
    buffer: KBox<[u8; 64]>,
}

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {
        #[cfg(fault)]
        drop(self.buffer); //~ E0507
        #[cfg(not(fault))]
        let _ = self.buffer.len();
    }
}
