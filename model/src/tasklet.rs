// SPDX-License-Identifier: GPL-2.0

//! The crate's own files, unchanged, over other primitives.

// A driver calls what no scenario does, such as the snapshots.
#![allow(dead_code)]

#[path = "../../tasklet/kernel.rs"]
pub(crate) mod kernel;
#[path = "../../tasklet/life.rs"]
mod life;
#[path = "../../tasklet/list.rs"]
mod list;
#[path = "../../tasklet/node.rs"]
pub(crate) mod node;
#[path = "../../tasklet/registry.rs"]
pub(crate) mod registry;
#[path = "../../tasklet/state.rs"]
pub(crate) mod state;
#[path = "../../tasklet/work.rs"]
pub(crate) mod work;

#[path = "prim.rs"]
pub(crate) mod prim;

// The rest of the crate, as far as those files and the scenarios need it.
#[path = "owner.rs"]
pub(crate) mod owner;

/// `EXPORT_SYMBOL_GPL()`: nothing is exported here.
mod export {
    macro_rules! export_symbol_gpl {
        ($($function:path),* $(,)?) => {};
    }
    pub(crate) use export_symbol_gpl;
}

/// There is no lockdep here.
mod lockdep {
    pub(crate) struct HandlerMap;

    impl HandlerMap {
        pub(crate) const fn new(_class: *const core::ffi::c_void) -> Self {
            Self
        }
        pub(crate) fn enter(&self) {}
        pub(crate) fn exit(&self) {}
        pub(crate) fn wait(&self) {}
    }
}
