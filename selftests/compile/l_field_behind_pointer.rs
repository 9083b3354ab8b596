// SPDX-License-Identifier: GPL-2.0

//! Class L: `container_of()` with a tasklet that is not in the struct, but behind a pointer in it.
//!
//! Rejected: it must be a field of the struct itself.

use core::{
    ops::Deref,
    pin::Pin, //
};
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Parts {
    #[pin]
    rx: EmbeddedTasklet<Nic>,
}

#[pin_data]
struct Nic {
    parts: Pin<KBox<Parts>>,
    #[cfg(not(fault))]
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl Deref for Nic {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx } //~ E0609
}
