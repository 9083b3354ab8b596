// SPDX-License-Identifier: GPL-2.0

//! Class L: an inline tasklet, which nothing parks before the driver is freed, as an embedded one.
//!
//! Rejected: it is another type.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    Tasklet,
    TaskletContext,
    TaskletHandler, //
};

struct Rx;

impl TaskletHandler for Rx {
    fn run(&self, _cx: &TaskletContext) {}
}

#[pin_data]
struct Nic {
    #[pin]
    poll: Tasklet<Rx>,
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl_has_tasklet! { //~ E0308
    impl HasTasklet<Self> for Nic { self.poll }
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
