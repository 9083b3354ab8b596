// SPDX-License-Identifier: GPL-2.0

//! CPUs that go offline and online.

use harness::{
    move_to,
    prelude::*,
    set_online, //
};

use crate::{
    ledger::Count,
    load,
    operations::schedule,
    params,
    rng::Rng,
    slot::{
        Place,
        SLOTS, //
    },
    windows::{
        saw,
        Window, //
    },
};

static EPOCH: Count = Count::new();

/// Odd while a CPU goes offline; another number after that.
pub(crate) fn epoch() -> u32 {
    EPOCH.get()
}

/// The thread that does it.
pub(crate) fn run(mut rng: Rng) {
    while !load::absorb_stutter() {
        load::sleep_ms(params::get().onoff_ms);
        let others = cpus().filter(|&cpu| cpu != 0);
        let count = others.clone().count() as u32;
        if count == 0 {
            return;
        }
        if let Some(cpu) = others.clone().nth(rng.below(count) as usize) {
            cycle(cpu, &mut rng);
        }
    }
}

/// Takes a CPU offline while a tasklet is pending there, and online again.
fn cycle(cpu: u32, rng: &mut Rng) {
    let slot = &SLOTS[rng.below(params::get().nsubjects) as usize];
    let user = slot.get(Place::Thread);
    let guard = user.as_ref().map(|user| {
        slot.ledger.before_raise();
        let guard = user.owner().disable_nosync();
        if move_to(cpu) {
            schedule(user, Place::Thread, rng.below(2) == 0);
        }
        guard
    });
    move_to(0);
    EPOCH.add();
    let offline = set_online(cpu, false);
    EPOCH.add();
    saw(if offline.is_ok() { Window::Offline } else { Window::OnoffFailed });
    let was_guarded = guard.is_some();
    drop(guard);
    if was_guarded {
        slot.ledger.after_lower();
    }
    drop(user);
    if offline.is_err() {
        return;
    }
    load::sleep_ms(params::get().onoff_ms / 4);
    // Sooner or later it does; the next test needs it.
    while set_online(cpu, true).is_err() {
        saw(Window::OnoffFailed);
        load::sleep_ms(100);
    }
    saw(Window::Online);
}
