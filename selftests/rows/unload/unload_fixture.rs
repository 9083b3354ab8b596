// SPDX-License-Identifier: GPL-2.0

//! What the rows on unloading load and unload before they look: a module that leaves something behind, or is about
//! to, in one of five ways. A parameter chooses which.

use core::borrow::Borrow;
use harness::run_suite;
use kernel::prelude::*;

#[path = "../../harness/witness.rs"]
pub mod witness;

#[path = "fixture/breeds.rs"]
mod breeds;
#[path = "fixture/drops_late.rs"]
mod drops_late;
#[path = "fixture/keeps_busy.rs"]
mod keeps_busy;
#[path = "fixture/leaves_owners.rs"]
mod leaves_owners;
#[path = "fixture/leaves_tasklets.rs"]
mod leaves_tasklets;

module! {
    type: Fixture,
    name: "unload_fixture",
    authors: ["The rust_tasklet developers"],
    description: "Is unloaded with work left",
    license: "GPL",
    params: {
        leaves_tasklets: u8 { default: 0, description: "1: forgets tasklets", },
        leaves_owners: u8 { default: 0, description: "1: forgets owners", },
        drops_late: u8 { default: 0, description: "1: drops owners in the last moment, in an interrupt", },
        breeds: u8 { default: 0, description: "1: forgets a tasklet that makes others", },
        keeps_busy: u8 { default: 0, description: "1: keeps every CPU busy", },
    },
}

/// What its exit function drops.
#[expect(dead_code, reason = "it is there to be dropped")]
enum Fixture {
    Nothing,
    Late(drops_late::Fixture),
    Breeder(breeds::Fixture),
    Busy(keeps_busy::Fixture),
}

impl kernel::Module for Fixture {
    fn init(module: &'static ThisModule) -> Result<Self> {
        /// Kernels before 7.3 hand out a reference to a parameter.
        fn is_set(param: impl Borrow<u8>) -> bool {
            *param.borrow() != 0
        }
        if is_set(module_parameters::leaves_tasklets.value()) {
            run_suite(module, leaves_tasklets::CASES)?;
            Ok(Self::Nothing)
        } else if is_set(module_parameters::leaves_owners.value()) {
            run_suite(module, leaves_owners::CASES)?;
            Ok(Self::Nothing)
        } else if is_set(module_parameters::drops_late.value()) {
            drops_late::Fixture::new().map(Self::Late)
        } else if is_set(module_parameters::breeds.value()) {
            breeds::Fixture::new().map(Self::Breeder)
        } else if is_set(module_parameters::keeps_busy.value()) {
            keeps_busy::Fixture::new().map(Self::Busy)
        } else {
            pr_err!("nothing chosen: set one of the parameters to 1\n");
            Err(EINVAL)
        }
    }
}
