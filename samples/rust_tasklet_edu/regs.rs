// SPDX-License-Identifier: GPL-2.0

//! The registers of the device, as far as this driver uses them.

use kernel::{
    io::register,
    pci, //
};

/// The registers, mapped until the device is unbound; after that, `try_access()` returns nothing.
///
/// An open file or a timer, which may outlive the device, needs no other protection.
pub(crate) type Bar = pci::DevresBar<END>;

/// Where the last register ends.
pub(crate) const END: usize = 0x68;

/// The part of [`ID`] that every device of this kind has in common.
pub(crate) const MAGIC: u32 = 0xed;

register! {
    /// Says what the device is.
    pub(crate) ID(u32) @ 0x00 {
        7:0 magic;
    }

    /// Holds the complement of what was written.
    pub(crate) LIVENESS(u32) @ 0x04 {
        31:0 value;
    }

    /// Written: what to compute. Read, when done: the result, modulo 2^32.
    pub(crate) FACTORIAL(u32) @ 0x08 {
        31:0 value;
    }

    /// What the factorial unit does.
    pub(crate) STATUS(u32) @ 0x20 {
        7:7 interrupt_when_done => bool;
        0:0 computing => bool;
    }

    /// Why the device interrupts.
    pub(crate) IRQ_STATUS(u32) @ 0x24 {
        31:0 causes;
        0:0 factorial => bool;
    }

    /// Adds causes, and interrupts.
    pub(crate) IRQ_RAISE(u32) @ 0x60 {
        1:1 flood => bool;
    }

    /// Takes causes away, and lowers the line when none is left.
    pub(crate) IRQ_ACK(u32) @ 0x64 {
        31:0 causes;
    }
}
