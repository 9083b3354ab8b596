// SPDX-License-Identifier: GPL-2.0

//! Class O: an operation that the driver must vouch for, in the number of the tasklet that is given to
//! `impl_has_tasklet!`.
//!
//! Rejected: the `unsafe` code of the macro does not extend to the number of the tasklet.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self, 2>,
}

#[cfg(fault)]
impl_has_tasklet! {
    impl HasTasklet<Self, { 1u64.unchecked_add(1) }> for Nic { self.rx } //~ E0133
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self, { 1 + 1 }> for Nic { self.rx }
}
