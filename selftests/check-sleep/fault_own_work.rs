// SPDX-License-Identifier: GPL-2.0

//! The handlers of two `BhWork`s sleep: the inline one locks a mutex, the embedded one allocates.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        Mutex, //
    },
};
use rust_tasklet::{
    impl_has_tasklet,
    BhContext,
    BhWork,
    EmbeddedTasklet,
    TaskletCallback,
    TaskletHandle,
    TaskletHandler, //
};

module! {
    type: Fixture,
    name: "fault_own_work",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Rx {
    #[pin]
    packets: Mutex<u32>,
}

impl TaskletHandler<BhContext> for Rx {
    fn run(&self, _cx: &BhContext) {
        *self.packets.lock() += 1;
    }
}

#[pin_data]
struct Nic {
    #[pin]
    tx: EmbeddedTasklet<Self, 0, BhContext>,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0, BhContext> for Nic { self.tx }
}

impl TaskletCallback<0, BhContext> for Nic {
    type Pointer = Arc<Self>;

    fn run(_nic: ArcBorrow<'_, Self>, _cx: &BhContext) {
        if let Ok(packet) = KBox::new([0u8; 64], GFP_KERNEL) {
            pr_info!("{:p}\n", &*packet);
        }
    }
}

#[pin_data]
struct Fixture {
    #[pin]
    rx: BhWork<Rx>,
    tx: TaskletHandle<Arc<Nic>, 0, BhContext>,
}

impl kernel::InPlaceModule for Fixture {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(|| {
            let nic = Arc::pin_init(
                pin_init!(Nic {
                    tx <- EmbeddedTasklet::embedded(),
                }),
                GFP_KERNEL,
            )?;

            Ok(try_pin_init!(Self {
                rx <- BhWork::new(pin_init!(Rx { packets <- new_mutex!(0) })),
                tx: TaskletHandle::activate(nic)?,
            }))
        })
        .pin_chain(|this| {
            // The kernel reports one sleep a second: the one that is named first.
            this.tx.tx.schedule();
            this.rx.schedule();
            Ok(())
        })
    }
}
