// SPDX-License-Identifier: GPL-2.0

//! A whole driver to start yours from: an interrupt, a tasklet as its bottom half, and data that the
//! tasklet shares with readers.
//!
//! A high resolution timer stands in for the network card: each expiry is the hard interrupt of one packet.
//! `/sys/kernel/debug/rust_tasklet_nic/stats` shows what the tasklet has counted; close it before `rmmod`.

use kernel::{
    debugfs, fmt, impl_has_hr_timer,
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        Arc, ArcBorrow,
    },
    time::{hrtimer::*, Delta, Monotonic},
};
use rust_tasklet::{
    impl_has_tasklet, new_spinlock_bh, EmbeddedTasklet, SpinLockBh, TaskletCallback, TaskletHandle,
};

/// The bottom half is a tasklet. With `BhContext` it is a work on a BH workqueue, and nothing else changes.
type Context = rust_tasklet::TaskletContext;

const PERIOD: Delta = Delta::from_millis(1);
const PACKET_BYTES: u64 = 1500;

module! {
    type: NicModule,
    name: "rust_tasklet_nic",
    authors: ["The rust_tasklet developers"],
    description: "A driver to start yours from: interrupt, tasklet, lock",
    license: "GPL",
}

/// The device, which interrupt, tasklet and readers share.
#[pin_data(PinnedDrop)]
struct Nic {
    #[pin]
    irq: HrTimer<Self>,
    #[pin]
    rx: EmbeddedTasklet<Self, 0, Context>,
    // A hard interrupt must not take `stats`: what it hands to the tasklet is atomic.
    arrived: Atomic<u64>,
    interrupts: Atomic<u64>,
    #[pin]
    stats: SpinLockBh<Stats>,
}

struct Stats {
    runs: u64,
    packets: u64,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Nic { mode: RelativeHardMode<Monotonic>, field: self.irq }
}

/// The top half, in hard interrupt context: notes what happened, and schedules the rest.
impl HrTimerCallback for Nic {
    type Pointer<'a> = Arc<Self>;

    fn run(
        nic: ArcBorrow<'_, Self>,
        mut timer: HrTimerCallbackContext<'_, Self>,
    ) -> HrTimerRestart {
        nic.interrupts.fetch_add(1, Relaxed);
        nic.arrived.fetch_add(1, Relaxed);
        nic.rx.schedule();
        timer.forward_now(PERIOD);
        HrTimerRestart::Restart
    }
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0, Context> for Nic { self.rx }
}

/// The bottom half, in softirq context: be quick and never sleep. Several interrupts may share one run.
impl TaskletCallback<0, Context> for Nic {
    type Pointer = Arc<Self>;

    fn run(nic: ArcBorrow<'_, Self>, cx: &Context) {
        let mut stats = nic.stats.lock_with(cx);
        stats.runs += 1;
        stats.packets += nic.arrived.xchg(0, Relaxed);
    }
}

/// A reader, in process context: `lock()` keeps the tasklet away meanwhile.
fn show(nic: &Arc<Nic>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Stats { runs, packets } = *nic.stats.lock();
    let bytes = packets * PACKET_BYTES;
    writeln!(f, "{packets} packets, {bytes} bytes, {runs} runs")
}

/// The end of the device: nothing else refers to it any more, so its data needs no lock.
#[pinned_drop]
impl PinnedDrop for Nic {
    fn drop(self: Pin<&mut Self>) {
        let nic = self.project();
        let interrupts = nic.interrupts.load(Relaxed);
        let Stats { runs, packets } = *SpinLockBh::get_mut(nic.stats);
        pr_info!("{interrupts} interrupts, {packets} packets, {runs} runs\n");
    }
}

/// What `rmmod` drops, from the first field to the last. That is the right order of a removal.
#[pin_data]
struct NicModule {
    // No reader any more.
    #[pin]
    _stats: debugfs::File<Arc<Nic>>,
    // No interrupt any more: the drop cancels the timer and waits for it. Nothing schedules the tasklet now.
    _irq: ArcHrTimerHandle<Nic>,
    // No handler any more: the drop waits for the last run. Then the last reference is dropped, and `Nic` with it.
    _rx: TaskletHandle<Arc<Nic>, 0, Context>,
}

impl kernel::InPlaceModule for NicModule {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(move || {
            let nic = Arc::pin_init(
                pin_init!(Nic {
                    irq <- HrTimer::new(),
                    rx <- EmbeddedTasklet::embedded(),
                    arrived: Atomic::new(0),
                    interrupts: Atomic::new(0),
                    stats <- new_spinlock_bh!(Stats { runs: 0, packets: 0 }),
                }),
                GFP_KERNEL,
            )?;
            let dir = debugfs::Dir::new(c"rust_tasklet_nic");

            // In the reverse order. If one fails, those before it are dropped.
            Ok(try_pin_init!(Self {
                _rx: TaskletHandle::activate(nic.clone())?,
                _irq: nic.clone().start(PERIOD),
                _stats <- dir.read_callback_file(c"stats", nic, &show),
            }))
        })
    }
}
