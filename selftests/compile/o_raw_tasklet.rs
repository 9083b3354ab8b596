// SPDX-License-Identifier: GPL-2.0

//! Class O: a driver uses the tasklet below the types, without their rules.
//!
//! Rejected: it is private.

#[cfg(fault)]
use rust_tasklet::tasklet::node::RawTasklet; //~ E0603
#[cfg(not(fault))]
use rust_tasklet::Tasklet;

#[cfg(fault)]
struct Rx(RawTasklet);

#[cfg(not(fault))]
struct Rx<H>(Tasklet<H>);
