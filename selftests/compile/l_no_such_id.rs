// SPDX-License-Identifier: GPL-2.0

//! Class L: a handler for a tasklet that the struct does not have.
//!
//! Rejected: the number of a handler must be that of a field.

use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
};
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletCallback, //
    TaskletContext,
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self, 0>,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0> for Nic { self.rx }
}

#[cfg(fault)]
impl TaskletCallback<1> for Nic {
    //~^ E0277 `Nic` does not say which of its fields is its tasklet 1
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

#[cfg(not(fault))]
impl TaskletCallback<0> for Nic {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}
