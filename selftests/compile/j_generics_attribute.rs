// SPDX-License-Identifier: GPL-2.0

//! Class J: among the generics of `impl_has_tasklet!`, an attribute. It becomes one of the macro's impl, which has
//! `unsafe` in it, and an attribute may rewrite what it belongs to.
//!
//! Rejected: the macro takes no attribute there.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

trait Marker {}

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl_has_tasklet! { //~ the generics of impl_has_tasklet! may have no attribute
    impl{> Marker for Nic {} #[cfg(all())] impl<} HasTasklet<Self> for Nic { self.rx }
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
