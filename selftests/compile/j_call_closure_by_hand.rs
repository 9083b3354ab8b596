// SPDX-License-Identifier: GPL-2.0

//! Class J: a closure is called while its tasklet runs it on another CPU.
//!
//! Rejected: the tasklet owns the closure.

use kernel::prelude::*;
use rust_tasklet::{
    TaskletBox,
    TaskletContext, //
};

fn driver() -> Result {
    let mut runs = 0;
    let rx = TaskletBox::from_fn(
        move |cx: &TaskletContext| {
            runs += 1;
            if runs < 3 {
                cx.schedule();
            }
        },
        GFP_KERNEL,
    )?;
    #[cfg(fault)]
    rx.call(); //~ E0599 no method named `call`
    #[cfg(not(fault))]
    rx.schedule();
    Ok(())
}
