// SPDX-License-Identifier: GPL-2.0

//! Class B: two owners of one boxed driver, each of which frees it.
//!
//! Rejected: the first handle took the box. Two tasklets of one struct share an `Arc`.

#[cfg(fault)]
use core::pin::Pin;
use kernel::prelude::*;
#[cfg(not(fault))]
use kernel::sync::Arc;
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    Tasklet,
    TaskletCallback,
    TaskletContext,
    TaskletHandle,
    TaskletPointer, //
};

#[cfg(fault)]
type Owner = Pin<KBox<Nic>>;
#[cfg(not(fault))]
type Owner = Arc<Nic>;

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

impl TaskletCallback<0> for Nic {
    type Pointer = Owner;

    fn run(_this: <Owner as TaskletPointer>::Borrowed<'_>, _cx: &TaskletContext) {}
}

impl TaskletCallback<1> for Nic {
    type Pointer = Owner;

    fn run(_this: <Owner as TaskletPointer>::Borrowed<'_>, _cx: &TaskletContext) {}
}

fn driver(nic: Owner) -> Result {
    #[cfg(fault)]
    let _rx = TaskletHandle::<_, 0>::activate(nic)?;
    #[cfg(not(fault))]
    let _rx = TaskletHandle::<_, 0>::activate(nic.clone())?;
    let _tx = TaskletHandle::<_, 1>::activate(nic)?; //~ E0382
    Ok(())
}

fn nic() -> impl PinInit<Nic> {
    pin_init!(Nic {
        rx <- Tasklet::embedded(),
        tx <- Tasklet::embedded(),
    })
}
