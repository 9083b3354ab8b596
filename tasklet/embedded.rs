// SPDX-License-Identifier: GPL-2.0

//! The embedded form: a tasklet that is a field of a driver's struct, and whose handler gets that
//! struct.
//!
//! ```text
//!   struct Nic { rx: EmbeddedTasklet<Nic>, ring: ... }
//!
//!   Arc<Nic> --TaskletHandle::activate()--> TaskletHandle<Arc<Nic>>   `nic.rx` is live
//!                                             drop: parks `nic.rx`, then drops the Arc
//! ```
//!
//! The field alone could not stop its handler in time: when it is dropped, other fields that the
//! handler uses may have been dropped already. So a field is parked from birth, and live only while a
//! [`TaskletHandle`](handle::TaskletHandle) exists, which keeps the whole struct alive and parks the
//! field before it lets go. Scheduling it without one is harmless, does nothing, and is reported once.

pub(crate) mod field;
pub(crate) mod handle;
pub(crate) mod pointer;
