// SPDX-License-Identifier: GPL-2.0

//! Class L: a handle becomes that of another tasklet of the struct, and drops an owner that this one does not have.
//!
//! Rejected: the type of a handle never changes, not even to that of a supertype of the struct.

#![allow(coherence_leak_check)]

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletCallback,
    TaskletContext,
    TaskletHandle, //
};

type Any = for<'a> fn(&'a u8);
type Static = fn(&'static u8);

#[pin_data]
struct Nic<L> {
    #[pin]
    rx: EmbeddedTasklet<Nic<Static>>,
    #[pin]
    tx: EmbeddedTasklet<Nic<Static>>,
    lifetime: PhantomData<L>,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Nic<Any> { self.rx }
    impl HasTasklet<Self> for Nic<Static> { self.tx }
}

impl TaskletCallback for Nic<Any> {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

impl TaskletCallback for Nic<Static> {
    type Pointer = Arc<Self>;

    fn run(_this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {}
}

fn driver(nic: Arc<Nic<Any>>) -> Result {
    let rx: TaskletHandle<Arc<Nic<Any>>> = TaskletHandle::activate(nic)?;
    #[cfg(fault)]
    let rx: TaskletHandle<Arc<Nic<Static>>> = rx; //~ E0308
    drop(rx);
    Ok(())
}
