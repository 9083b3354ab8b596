// SPDX-License-Identifier: GPL-2.0

//! Class J: among the generics of `impl_has_tasklet!`, an impl of `Send` for data that belongs to one
//! thread.
//!
//! Rejected: `HasTasklet` is a safe trait, so the macro says no `unsafe` that could serve another impl.

use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet, //
};

struct Mine(*mut u8);

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

#[cfg(fault)]
impl_has_tasklet! { //~ E0200 the trait `Send` requires an
    impl{> Send for Mine {} impl<} HasTasklet<Self> for Nic { self.rx }
}

#[cfg(not(fault))]
impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}
