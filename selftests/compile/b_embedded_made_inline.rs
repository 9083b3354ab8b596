// SPDX-License-Identifier: GPL-2.0

//! Class B: an embedded tasklet gets a handler of its own, to be revived like an inline one.
//!
//! Rejected: the trait and the type both belong to the crate.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletCallback,
    TaskletContext, //
};
#[cfg(fault)]
use rust_tasklet::{
    Tasklet,
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

impl TaskletCallback for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext) {}
}

/// Gives a name to what stands in the place of the handler.
#[cfg(fault)]
trait HandlerOf {
    type Handler;
}

#[cfg(fault)]
impl<H> HandlerOf for Tasklet<H> {
    type Handler = H;
}

#[cfg(fault)]
impl TaskletHandler for <EmbeddedTasklet<Nic> as HandlerOf>::Handler {
    //~^ E0117
    fn run(&self, _cx: &TaskletContext) {}
}
