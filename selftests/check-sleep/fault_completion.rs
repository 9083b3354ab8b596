// SPDX-License-Identifier: GPL-2.0

//! An embedded handler waits for a completion.

use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow,
        Completion, //
    }, //
};
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    Tasklet,
    TaskletCallback,
    TaskletContext,
    TaskletHandle, //
};

module! {
    type: Fixture,
    name: "fault_completion",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}

#[pin_data]
struct Device {
    #[pin]
    rx: EmbeddedTasklet<Self>,
    #[pin]
    settled: Completion,
}

impl_has_tasklet! {
    impl HasTasklet<Self> for Device { self.rx }
}

impl TaskletCallback for Device {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: &TaskletContext) {
        this.settled.wait_for_completion();
    }
}

struct Fixture {
    _device: TaskletHandle<Arc<Device>>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let device = Arc::pin_init(
            pin_init!(Device {
                rx <- Tasklet::embedded(),
                settled <- Completion::new(),
            }),
            GFP_KERNEL,
        )?;
        // In the end it need not wait, or what the handler does to the CPU it runs on would be the end of it.
        device.settled.complete_all();
        let handle = TaskletHandle::activate(device)?;
        handle.rx.schedule();
        Ok(Self { _device: handle })
    }
}
