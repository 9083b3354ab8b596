// SPDX-License-Identifier: GPL-2.0

//! Class E: a disable that is to last is undone by the guard it was left by, and later again.
//!
//! Rejected: keeping the depth raised uses the guard up; `Tasklet::enable()` lowers it, and counts.

use kernel::prelude::*;
use rust_tasklet::Tasklet;

fn driver<H>(rx: &Tasklet<H>) -> Result {
    let off = rx.disable()?;
    off.keep();
    #[cfg(fault)]
    off.enable(); //~ E0382
    rx.enable()
}
