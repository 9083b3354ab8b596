// SPDX-License-Identifier: GPL-2.0

//! Class L: two tasklets with one number, so that one handler serves both by the offset of one.
//!
//! Rejected: a number has one field.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
    #[pin]
    tx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

#[cfg(fault)]
impl_has_tasklet! { //~ E0119
    impl HasTasklet<Self> for Nic { self.tx }
}
