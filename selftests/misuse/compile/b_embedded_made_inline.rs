// SPDX-License-Identifier: GPL-2.0

//! Class B: an embedded tasklet gets a handler of its own, to be revived like an inline one.
//!
//! Rejected: the trait and the type both belong to the crate.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletContext,
    TaskletItem, //
};
#[cfg(fault)]
use rust_tasklet::{
    Embedded,
    TaskletHandler, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletItem for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
}

#[cfg(fault)]
impl TaskletHandler for Embedded<Nic, 0> {
    //~^ E0117
    fn run(&self, _cx: &TaskletContext<'_>) {}
}
