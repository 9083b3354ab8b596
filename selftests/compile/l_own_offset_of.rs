// SPDX-License-Identifier: GPL-2.0

//! Class L: the offset of a tasklet that is not in the struct is computed by a macro of the driver's.
//!
//! Rejected: the macros of the crate take what they need from the crate, not from what calls itself `core`.

// What the macros of the kernel need is all there.
extern crate core as real_core;
extern crate self as core;
pub use real_core::*;

/// As the real one, but for `offset_of!`.
pub mod mem {
    #[cfg(fault)]
    pub use crate::four as offset_of;
    pub use real_core::mem::*;
}

#[cfg(fault)]
#[macro_export]
macro_rules! four {
    ($type:ty, $field:ident) => {
        4
    };
}

use kernel::prelude::*;
use real_core::ops::Deref;
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
