// SPDX-License-Identifier: GPL-2.0

//! Checks one scenario in random schedules: `random SCENARIO SEED SCHEDULES`. The `model` calls it.

// The rest of each is for the `model`.
#![allow(dead_code)]

#[path = "shuttle.rs"]
mod checker;
mod kernel;
mod scenarios;
mod tasklet;
mod wait;
mod world;

use std::env;

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [name, seed, schedules] = &args[..] else {
        panic!("usage: random SCENARIO SEED SCHEDULES");
    };
    let seed: u64 = seed.parse().unwrap();
    let schedules: u64 = schedules.parse().unwrap();
    checker::check(scenarios::find(name).unwrap(), seed..seed + schedules);
}
