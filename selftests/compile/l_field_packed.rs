// SPDX-License-Identifier: GPL-2.0

//! Class L: a tasklet lies at an odd address, where the kernel cannot change its words in one step.
//!
//! Rejected: a field of a packed struct cannot be pinned.

use kernel::prelude::*;
use rust_tasklet::EmbeddedTasklet;

#[pin_data] //~ E0793
#[cfg_attr(fault, repr(packed))]
struct Nic {
    queues: u8,
    #[pin]
    rx: EmbeddedTasklet<Self>,
}
