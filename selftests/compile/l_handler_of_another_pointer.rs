// SPDX-License-Identifier: GPL-2.0

//! Class L: the handler takes another kind of pointer than the one the driver is owned by.
//!
//! Rejected: the kind of owner fixes what the handler gets.

#[cfg(fault)]
use core::pin::Pin;
#[cfg(not(fault))]
use kernel::sync::ArcBorrow;
use kernel::{
    prelude::*,
    sync::Arc, //
};
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
    type Pointer = Arc<Self>;

    #[cfg(fault)]
    fn run(_this: Pin<&Self>, _cx: &TaskletContext) {} //~ E0053
    #[cfg(not(fault))]
    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}
