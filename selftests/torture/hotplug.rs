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
    owner::{
        Form,
        Owner, //
    },
    params,
    rng::Rng,
    slot::{
        Place,
        Slot,
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

/// The number of the thread that does it, as an actor.
pub(crate) const ACTOR: u32 = 3000;

/// The thread that does it.
pub(crate) fn run() {
    let p = params::get();
    let mut step = 0;

    while !load::absorb_stutter() {
        load::sleep_ms(p.onoff_ms);
        let mut rng = Rng::of_step(p.seed, ACTOR, step);
        step += 1;
        let others = cpus().filter(|&cpu| cpu != 0);
        let count = others.clone().count() as u32;
        if count == 0 {
            continue;
        }
        if let Some(cpu) = others.clone().nth(rng.below(count) as usize) {
            cycle(cpu, &mut rng);
        }
    }
}

/// Takes a CPU offline while tasklets are pending there, and online again: one that others use, and
/// one of its own, which is not killed meanwhile.
fn cycle(cpu: u32, rng: &mut Rng) {
    let p = params::get();
    let own = &SLOTS[p.nsubjects as usize];
    if let Some(generation) = own.begin() {
        own.fill(Owner::new(Form::choose(p, rng, own), own, generation));
    }
    let other = &SLOTS[rng.below(p.nsubjects) as usize];

    keep_pending(other, cpu, rng.below(2) == 0, || {
        keep_pending(own, cpu, rng.below(2) == 0, || {
            move_to(0);
            EPOCH.add();
            let offline = set_online(cpu, false);
            EPOCH.add();
            saw(match offline {
                Ok(()) => Window::Offline,
                Err(_) => Window::OnoffFailed,
            });
        });
    });
    own.close(Place::Thread);
    own.collect();
    load::sleep_ms(p.onoff_ms / 4);
    while !cpus().any(|online| online == cpu) {
        // It must come online again, because the next test needs it.
        match set_online(cpu, true) {
            Ok(()) => saw(Window::Online),
            Err(_) => {
                saw(Window::OnoffFailed);
                load::sleep_ms(100);
            }
        }
    }
}

/// Calls `f` while the tasklet of `slot`, if it has one, is disabled and pending on `cpu`.
fn keep_pending(slot: &'static Slot, cpu: u32, hi: bool, f: impl FnOnce()) {
    let Some(user) = slot.get(Place::Thread) else {
        return f();
    };
    slot.ledger.before_raise();
    let guard = user.owner().disable_nosync();
    if move_to(cpu) {
        schedule(&user, Place::Thread, hi);
    }
    f();
    drop(guard);
    slot.ledger.after_lower();
}
