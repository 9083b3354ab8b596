// SPDX-License-Identifier: GPL-2.0

//! Class E: one disable, two enables: in C the depth is -1 then, and the tasklet never runs again.
//!
//! Rejected: enabling uses the guard up.

use kernel::prelude::*;
use rust_tasklet::Tasklet;

fn driver<H>(rx: &Tasklet<H>) -> Result {
    let off = rx.disable()?;
    #[cfg(fault)]
    off.enable();
    off.enable(); //~ E0382
    Ok(())
}
