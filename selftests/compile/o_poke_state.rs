// SPDX-License-Identifier: GPL-2.0

//! Class O: a driver looks into the state word of a tasklet, or writes it.
//!
//! Rejected: the kernel's structure is private; snapshots are public.

use rust_tasklet::Tasklet;

fn busy<H>(rx: &Tasklet<H>) -> bool {
    #[cfg(fault)]
    let busy = rx.raw.is_running(); //~ E0616 field `raw` of struct `BottomHalf` is private
    #[cfg(not(fault))]
    let busy = rx.is_running();
    busy
}
