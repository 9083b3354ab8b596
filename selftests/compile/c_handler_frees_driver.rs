// SPDX-License-Identifier: GPL-2.0

//! Class C: the callback frees the struct that holds its tasklet.
//!
//! Rejected: the handler is lent the driver; the box stays with the handle.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletCallback, //
    TaskletContext,
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Pin<KBox<Self>>;

    #[cfg(fault)]
    fn run(this: Pin<KBox<Self>>, _cx: &TaskletContext) {
        //~^ E0053
        drop(this);
    }
    #[cfg(not(fault))]
    fn run(this: Pin<&Self>, _cx: &TaskletContext) {
        let _ = this;
    }
}
