// SPDX-License-Identifier: GPL-2.0

//! Class E: a guard is made up, to enable what somebody else has disabled.
//!
//! Rejected: a guard comes from disabling only.

use kernel::prelude::*;
use rust_tasklet::{
    DisableGuard,
    Tasklet, //
};

fn driver<'a, H>(rx: &'a Tasklet<H>) -> Result<DisableGuard<'a>> {
    #[cfg(fault)]
    let off = DisableGuard {}; //~ with struct literal syntax due to private fields
    #[cfg(not(fault))]
    let off = rx.disable()?;
    Ok(off)
}
