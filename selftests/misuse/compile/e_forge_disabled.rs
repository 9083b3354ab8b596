// SPDX-License-Identifier: GPL-2.0

//! Class E: a guard is made up, to enable what somebody else has disabled.
//!
//! Rejected: a guard comes from disabling only.

use kernel::prelude::*;
use rust_tasklet::{
    Disabled,
    Tasklet, //
};

fn driver<'a, H>(rx: &'a Tasklet<H>) -> Result<Disabled<'a>> {
    #[cfg(fault)]
    let off = Disabled {}; //~ with struct literal syntax due to private fields
    #[cfg(not(fault))]
    let off = rx.disable()?;
    Ok(off)
}
