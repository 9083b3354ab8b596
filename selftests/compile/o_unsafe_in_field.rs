// SPDX-License-Identifier: GPL-2.0

//! Class O: an operation that the driver must vouch for, in the field that is given to `impl_has_tasklet!`.
//!
//! Rejected: the field is a name, and nothing else.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.{ core::hint::unreachable_unchecked() } } //~ no rules expected
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
