// SPDX-License-Identifier: GPL-2.0

//! Class L: `container_of()` with the wrong struct.
//!
//! Rejected: the struct is part of the field's type.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

struct Ring;

#[pin_data]
struct Nic {
    #[cfg(fault)]
    #[pin]
    rx: EmbeddedTasklet<Ring>,
    #[cfg(not(fault))]
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! { //~ E0308
    impl HasTasklet<Self> for Nic { self.rx }
}
