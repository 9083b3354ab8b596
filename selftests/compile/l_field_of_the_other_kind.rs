// SPDX-License-Identifier: GPL-2.0

//! Class L: a field that is a BH work is taken for a tasklet.
//!
//! Rejected: the kind is part of the field's type.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    BhContext,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self, 0, BhContext>,
}

#[cfg(fault)]
impl_has_tasklet! { //~ E0308
    impl HasTasklet<Self, 0> for Nic { self.rx }
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self, 0, BhContext> for Nic { self.rx }
}
