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
    TaskletContext,
    TaskletItem, //
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
impl TaskletItem<1> for Nic {
    //~^ E0277 `Nic: HasTasklet<Nic, 1>` is not satisfied
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext<'_>) {}
}

#[cfg(not(fault))]
impl TaskletItem<0> for Nic {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext<'_>) {}
}
