// SPDX-License-Identifier: GPL-2.0

//! Class O: an operation that the driver must vouch for, in the struct that is given to
//! `impl_has_tasklet!`.
//!
//! Rejected: the `unsafe` code of the macro does not extend to the struct.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

#[pin_data]
struct Nic<const QUEUES: usize> {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic<{ 1usize.unchecked_add(1) }> { self.rx } //~ E0133
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic<{ 1 + 1 }> { self.rx }
}
