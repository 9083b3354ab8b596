// SPDX-License-Identifier: GPL-2.0

//! Class L: `container_of()` with the wrong one of two tasklets.
//!
//! Rejected: the number is part of the field's type.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self, 0>,
    #[pin]
    tx: EmbeddedTasklet<Self, 1>,
}

#[cfg(fault)]
impl_has_tasklet! { //~ E0308
    impl HasTasklet<Self, 0> for Nic { self.tx }
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self, 0> for Nic { self.rx }
}
