// SPDX-License-Identifier: GPL-2.0

//! Leaks one small object when it is unloaded, for kmemleak to find. Until then its address is in the
//! module's data, so it is no leak.
//!
//! Needs none of the other modules.

use core::hint::black_box;
use kernel::prelude::*;

module! {
    type: Fixture,
    name: "leak",
    authors: ["The rust_tasklet developers"],
    description: "Leaks an object that kmemleak must find",
    license: "GPL",
}

struct Fixture {
    object: Option<KBox<[u8; 64]>>,
}

impl kernel::Module for Fixture {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let mut object = KBox::new([0; 64], GFP_KERNEL)?;

        // kmemleak shows the start of the contents of an object.
        object[..16].copy_from_slice(b"leaked on demand");
        Ok(Self {
            object: Some(object),
        })
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // Read here, or the compiler would not keep the address in between.
        black_box(self.object.take().map(KBox::into_raw));
    }
}
