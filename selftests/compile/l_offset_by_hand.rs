// SPDX-License-Identifier: GPL-2.0

//! Class L: the way from the tasklet to its driver and back is written by hand, and wrong.
//!
//! Rejected: that takes an unsafe constructor; `impl_has_tasklet!` makes one that is right.

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
    const FIELD: TaskletField<Self, Self> = TaskletField::new(4, ".rx", |_| todo!()); //~ E0133
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
