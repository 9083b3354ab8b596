// SPDX-License-Identifier: GPL-2.0

//! Class L: nothing says which field of a struct is the tasklet that a handler is for.
//!
//! Rejected: `impl_has_tasklet!` is missing, and the compiler says so.

use core::pin::Pin;
use kernel::prelude::*;
#[cfg(not(fault))]
use rust_tasklet::impl_has_tasklet;
use rust_tasklet::{
    EmbeddedTasklet,
    TaskletCallback,
    TaskletContext, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    //~^ E0277 `Nic` does not say which of its fields is its tasklet 0
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext) {}
}
