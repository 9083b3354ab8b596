// SPDX-License-Identifier: GPL-2.0

//! A complete driver with a tasklet as its bottom half, for the `edu` device of QEMU.
//!
//! The device computes factorials and raises an interrupt when it is done. QEMU's option `-device edu`
//! adds one; its manual is `docs/specs/edu.rst` in QEMU's source. The path of a request:
//!
//! ```text
//!   task          write(fd, "5")      start the device, sleep
//!   device        ... computes ...
//!   top half      Interrupt::handle   acknowledge, note the time, schedule the tasklet
//!   bottom half   Edu::run            take the result, wake the task
//!   task          read(fd)            "5! = 120", and the path it took
//! ```
//!
//! By hand:
//!
//! ```text
//!   # exec 3<>/dev/rust_tasklet_edu
//!   # echo 5 >&3; cat <&3
//!   # echo flood 100 >&3; cat <&3     (an interrupt every 100 us as well; 0: no more)
//! ```
//!
//! The parts, each in a file of `rust_tasklet_edu/`:
//!
//! - `regs.rs`: the registers;
//! - `device.rs`: requests, the top half and the bottom half;
//! - `file.rs`: `/dev/rust_tasklet_edu`;
//! - `flood.rs`: the source of interrupts for tests.
//!
//! This file puts the driver together and takes it apart. The device may be unbound at any time, while files
//! are open, a request is under way and interrupts arrive: see `Bound`.
//!
//! # What is unsafe, and why
//!
//! Nothing about the tasklet. The kernel's own interfaces need it for three things: an interrupt
//! registration must not be leaked; it borrows from the vectors, which are in the same struct; and a
//! static lock must be initialised before its first use.

#[path = "rust_tasklet_edu/device.rs"]
mod device;
#[path = "rust_tasklet_edu/file.rs"]
mod file;
#[path = "rust_tasklet_edu/flood.rs"]
mod flood;
#[path = "rust_tasklet_edu/regs.rs"]
mod regs;

use kernel::{
    device::Core,
    driver,
    io::Io,
    irq::{
        self,
        Flags,
        IrqRequest, //
    },
    miscdevice::MiscDeviceRegistration,
    pci,
    prelude::*,
    sync::Arc,
    InPlaceModule,
    ModuleMetadata, //
};
use rust_tasklet::TaskletHandle;

use device::{
    Edu,
    Interrupt, //
};
use file::{
    Client,
    Published,
    DEVICE, //
};

/// The bottom half is a tasklet. With `BhContext` it is a work on a BH workqueue, and nothing else changes.
pub(crate) type Context = rust_tasklet::TaskletContext;

const NAME: &CStr = <LocalModule as ModuleMetadata>::NAME;

/// The data of a bound device. It is made from bottom to top, and dropped from top to bottom.
#[pin_data]
struct Bound<'bound> {
    // No new files. The `Edu` tells the open ones that the device was unbound.
    #[pin]
    _file: MiscDeviceRegistration<Client>,
    _published: Published,

    // The device raises no more interrupts. Some are under way: a top half may run on any CPU, the
    // tasklet may be pending or running.
    _running: Running,
    // No top half runs any more, so nothing schedules the tasklet. The other order would do no harm,
    // because a parked tasklet ignores a schedule; but then an interrupt could be acknowledged and never
    // handled.
    #[pin]
    _irq: irq::Registration<'bound, Interrupt>,
    // No bottom half runs either. Both halves used the fields below, so these are dropped later.
    _tasklet: TaskletHandle<Arc<Edu>, 0, Context>,

    _settled: Settled,
    // The interrupt borrowed from it.
    _vectors: pci::IrqVectorRegistration<'bound>,
    // The registers are unmapped with the last reference, or revoked when the driver core is done with
    // this struct. Open files may have references for longer.
    edu: Arc<Edu>,
}

/// A device that may interrupt.
struct Running(Arc<Edu>);

impl Running {
    fn new(edu: Arc<Edu>) -> Result<Self> {
        edu.start()?;
        Ok(Self(edu))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A flood of interrupts that has stopped; only this sample's own tests need that.
struct Settled(Arc<Edu>);

impl Drop for Settled {
    fn drop(&mut self) {
        self.0.flood.settle();
    }
}

struct EduDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    <EduDriver as pci::Driver>::IdInfo,
    // Vendor 0x1234 is not registered, so `pci::Vendor` does not have it, and a driver cannot make one.
    // So this matches the class "other", and `probe()` checks the rest.
    [(pci::DeviceId::from_class(0x00ff00, 0xffffff), ())]
);

const VENDOR_AND_DEVICE: (u16, u16) = (0x1234, 0x11e8);

/// A value to read the complement of.
const LIVENESS_PROBE: u32 = 0x5a5a_0f0f;

impl pci::Driver for EduDriver {
    type IdInfo = ();
    type Data<'bound> = Bound<'bound>;

    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            if (pdev.vendor_id().as_raw(), pdev.device_id()) != VENDOR_AND_DEVICE {
                return Err(ENODEV);
            }

            pdev.enable_device_mem()?;
            // An MSI is a write of the device to memory.
            pdev.set_master();

            let bar = pdev.iomap_region_sized::<{ regs::END }>(0, NAME)?;
            bar.write_reg(regs::LIVENESS::zeroed().with_value(LIVENESS_PROBE));
            if bar.read(regs::ID).magic() != regs::MAGIC
                || bar.read(regs::LIVENESS).value() != !LIVENESS_PROBE
            {
                dev_err!(pdev, "not an edu device, or not alive\n");
                return Err(ENODEV);
            }

            let vectors = pdev.alloc_irq_vectors(
                1,
                1,
                pci::IrqTypes::default()
                    .with(pci::IrqType::Msi)
                    .with(pci::IrqType::Intx),
            )?;
            let irq = IrqRequest::from(vectors.index(0)?).irq();
            let irq_type = vectors.irq_type();
            dev_info!(pdev, "edu device, irq {irq} {irq_type:?}\n");

            let bar = Arc::new(bar.into_devres()?, GFP_KERNEL)?;
            let edu = Arc::pin_init(Edu::new(bar, irq, irq_type), GFP_KERNEL)?;

            // Fields are made in the order in which they are written here.
            Ok(try_pin_init!(Bound {
                edu: edu.clone(),
                _vectors: vectors,
                _settled: Settled(edu.clone()),
                _tasklet: TaskletHandle::activate(edu.clone())?,
                _irq <- {
                    // SAFETY: `_vectors` is made, pinned with the struct, and dropped after `_irq`.
                    let vectors = unsafe { &*core::ptr::from_ref(_vectors) };
                    let request = vectors.index(0)?.into();
                    let handler = Ok(Interrupt(edu.clone()));
                    // SAFETY: The registration is part of the driver's data, which the driver core
                    // drops when the device is unbound, and which nobody can take from it.
                    unsafe { irq::Registration::new(request, Flags::SHARED, NAME, handler) }
                },
                _running: Running::new(edu.clone())?,
                _published: Published::new(edu.clone())?,
                _file <- Client::register(),
            }))
        })
    }

    fn unbind<'bound>(_pdev: &'bound pci::Device<Core<'_>>, this: Pin<&Self::Data<'bound>>) {
        this.edu.end_requests();
    }
}

/// What [`kernel::module_pci_driver!`] would make, and the lock of the file.
#[pin_data]
struct EduModule {
    #[pin]
    _driver: driver::Registration<pci::Adapter<EduDriver>>,
}

impl InPlaceModule for EduModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        // SAFETY: Called once, and there is no driver yet.
        unsafe { DEVICE.init() };
        try_pin_init!(Self {
            _driver <- driver::Registration::new(NAME, module),
        })
    }
}

module! {
    type: EduModule,
    name: "rust_tasklet_edu",
    authors: ["The rust_tasklet developers"],
    description: "A PCI driver whose bottom half is a tasklet",
    license: "GPL",
}
