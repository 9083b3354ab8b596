// SPDX-License-Identifier: GPL-2.0

//! A hard interrupt's handler locks a mutex. For QEMU's edu device, which interrupts as soon as it is asked to.

use kernel::{
    device::Core,
    io::Io,
    irq::{
        self,
        Flags,
        IrqReturn, //
    },
    new_mutex,
    pci,
    prelude::*,
    sync::Mutex, //
};

/// Written: raises an interrupt.
const RAISE: usize = 0x60;

#[pin_data]
struct Interrupt {
    #[pin]
    interrupts: Mutex<u32>,
}

impl irq::Handler for Interrupt {
    fn handle(&self) -> IrqReturn {
        *self.interrupts.lock() += 1;
        IrqReturn::Handled
    }
}

struct Fixture;

#[pin_data]
struct Bound<'bound> {
    #[pin]
    _irq: irq::Registration<'bound, Interrupt>,
    _vectors: pci::IrqVectorRegistration<'bound>,
}

kernel::pci_device_table!(
    PCI_TABLE,
    <Fixture as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_class(0x00ff00, 0xffffff), ())]
);

impl pci::Driver for Fixture {
    type IdInfo = ();
    type Data<'bound> = Bound<'bound>;

    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;
            pdev.set_master();
            let bar = pdev.iomap_region_sized::<{ RAISE + 4 }>(0, c"fault_interrupt")?;
            let msi = pci::IrqTypes::default().with(pci::IrqType::Msi);
            let vectors = pdev.alloc_irq_vectors(1, 1, msi)?;
            Ok(try_pin_init!(Bound {
                _vectors: vectors,
                _irq <- {
                    // SAFETY: `_vectors` is made, pinned with the struct, and dropped after `_irq`.
                    let vectors = unsafe { &*core::ptr::from_ref(_vectors) };
                    let request = vectors.index(0)?.into();
                    let handler = try_pin_init!(Interrupt { interrupts <- new_mutex!(0) }? Error);
                    // SAFETY: The driver core drops the registration when the device is unbound.
                    unsafe {
                        irq::Registration::new(request, Flags::SHARED, c"fault_interrupt", handler)
                    }
                },
                _: { bar.write32(1, RAISE) },
            }))
        })
    }
}

kernel::module_pci_driver! {
    type: Fixture,
    name: "fault_interrupt",
    authors: ["The rust_tasklet developers"],
    description: "Test of check-sleep",
    license: "GPL",
}
