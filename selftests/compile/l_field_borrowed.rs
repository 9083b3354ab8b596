// SPDX-License-Identifier: GPL-2.0

//! Class L: a struct claims the field of another struct as its own.
//!
//! Rejected: the struct is part of the type of a `TaskletField`.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};
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

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

#[pin_data]
struct Uart {
    lines: u32,
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl HasTasklet<Self> for Uart {
    const FIELD: TaskletField<Self, Self> = Nic::FIELD; //~ E0308
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Uart { self.rx }
}
