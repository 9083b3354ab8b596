// SPDX-License-Identifier: GPL-2.0

//! Class B: two owners of one boxed driver, each of which frees it.
//!
//! Rejected: the first handle took the box; a second tasklet is activated with the handle of the first.

use core::pin::Pin;
use kernel::prelude::*;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    Tasklet,
    TaskletContext,
    TaskletHandle,
    TaskletItem, //
};

#[pin_data]
struct Nic {
    #[pin]
    rx: EmbeddedTasklet<Self, 0>,
    #[pin]
    tx: EmbeddedTasklet<Self, 1>,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0> for Nic { self.rx }
    impl HasTasklet<Self, 1> for Nic { self.tx }
}

impl TaskletItem<0> for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
}

impl TaskletItem<1> for Nic {
    type Pointer = Pin<KBox<Self>>;

    fn run(_this: Pin<&Self>, _cx: &TaskletContext<'_>) {}
}

fn driver() -> Result {
    let nic = KBox::pin_init(
        pin_init!(Nic {
            rx <- Tasklet::embedded(),
            tx <- Tasklet::embedded(),
        }),
        GFP_KERNEL,
    )?;
    #[cfg(fault)]
    let _rx = TaskletHandle::<_, 0>::activate(nic)?;
    #[cfg(not(fault))]
    let nic = TaskletHandle::<_, 0>::activate(nic)?;
    let _tx = TaskletHandle::<_, 1>::activate(nic)?; //~ E0382
    Ok(())
}
