// SPDX-License-Identifier: GPL-2.0

//! Class L: the handler counts references of a driver that is in a box, and has no reference count.
//!
//! Rejected: a tasklet is activated with the kind of owner that its handler is for.

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
    Tasklet,
    TaskletCallback, //
    TaskletContext,
    TaskletHandle,
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic { self.rx }
}

impl TaskletCallback for Nic {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {
        drop(Arc::from(this));
    }
}

fn driver() -> Result {
    let nic = pin_init!(Nic { rx <- Tasklet::embedded() });
    #[cfg(fault)]
    let nic = KBox::pin_init(nic, GFP_KERNEL)?;
    #[cfg(not(fault))]
    let nic = Arc::pin_init(nic, GFP_KERNEL)?;
    let _nic = TaskletHandle::<_>::activate(nic)?; //~ E0271
    Ok(())
}
