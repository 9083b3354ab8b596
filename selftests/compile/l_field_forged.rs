// SPDX-License-Identifier: GPL-2.0

//! Class L: the way from the tasklet to its driver and back is put together from numbers.
//!
//! Rejected: the parts of a `TaskletField` are private.

#[cfg(fault)]
use core::marker::PhantomData;
use kernel::prelude::*;
#[cfg(not(fault))]
use rust_tasklet::impl_has_tasklet;
use rust_tasklet::EmbeddedTasklet;
#[cfg(fault)]
use rust_tasklet::{
    HasTasklet,
    TaskletField, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl HasTasklet<Self> for Nic {
    // One compiler reports each field, another all at once.
    #[rustfmt::skip]
    const FIELD: TaskletField<Self, Self> =
        TaskletField { offset: 4, name: "", _types: PhantomData }; //~ E0451
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
