// SPDX-License-Identifier: GPL-2.0

//! Class D: the handler keeps its borrow of the driver, which may be freed when it is used.
//!
//! Rejected: the borrow ends with the run; an `Arc` made of it does not.

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
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

fn keep<T: 'static>(_later: T) {}

impl TaskletCallback for Nic {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {
        #[cfg(fault)]
        keep(this); //~ E0521
        #[cfg(not(fault))]
        keep(Arc::from(this));
    }
}
