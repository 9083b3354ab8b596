// SPDX-License-Identifier: GPL-2.0

//! The operations on tasklets, by threads, by interrupts and by handlers.

use core::mem;

use harness::prelude::*;
use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::udelay,
        Delta, //
    },
};

use crate::{
    invariants::{
        injected,
        violated,
        Invariant, //
    },
    load,
    owner::{
        Form,
        Owner, //
    },
    params::{
        self,
        Params, //
    },
    rng::Rng,
    slot::{
        Place,
        Slot,
        User,
        SLOTS, //
    },
    windows::{
        saw,
        saw_if,
        Window, //
    },
};

/// How deep operations nest, those of a thread between the two halves of another one.
const NESTING: u32 = 2;

/// The slot where something rare was done last: others join in.
static HOT: Atomic<u32> = Atomic::new(0);

/// The operations, in the order of their weights.
#[derive(Clone, Copy)]
enum Operation {
    Schedule,
    HiSchedule,
    Disable,
    DisableNosync,
    Keep,
    Forget,
    Kill,
    Synchronize,
    Close,
}

impl Operation {
    /// Whether it is done too rarely to meet every state of a tasklet by chance.
    fn is_rare(self) -> bool {
        !matches!(self, Operation::Schedule | Operation::HiSchedule)
    }

    fn choose(p: &Params, rng: &mut Rng) -> Option<Self> {
        const ALL: [Operation; 9] = [
            Operation::Schedule,
            Operation::HiSchedule,
            Operation::Disable,
            Operation::DisableNosync,
            Operation::Keep,
            Operation::Forget,
            Operation::Kill,
            Operation::Synchronize,
            Operation::Close,
        ];
        let operation = rng.weighted(&[
            p.schedule,
            p.hi_schedule,
            p.disable,
            p.disable_nosync,
            p.keep,
            p.forget,
            p.kill,
            p.synchronize,
            p.close,
        ])?;
        Some(ALL[operation])
    }
}

/// The kinds of actors.
pub(crate) struct Actor {
    place: Place,
    pub(crate) rng: Rng,
    p: &'static Params,
    /// The slot in whose handler this is, or on which a guard is held.
    on: Option<&'static Slot>,
    nesting: u32,
}

impl Actor {
    pub(crate) fn new(place: Place, rng: Rng) -> Self {
        Self {
            place,
            rng,
            p: params::get(),
            on: None,
            nesting: 0,
        }
    }

    /// Does one operation on some tasklet.
    pub(crate) fn step(&mut self) {
        saw(match self.place {
            Place::Thread => Window::ThreadOps,
            Place::Interrupt => Window::InterruptOps,
            Place::Handler | Place::OwnHandler => Window::HandlerOps,
        });
        let operation = Operation::choose(self.p, &mut self.rng);
        let number = self.rng.below(self.p.nsubjects);
        let slot = match (self.rng.below(8), self.on) {
            (0 | 1, Some(slot)) => slot,
            (4..=7, _) if operation.is_some_and(Operation::is_rare) => self.aim(number),
            (2 | 3, _) => &SLOTS[HOT.load(Relaxed) as usize],
            _ => &SLOTS[number as usize],
        };
        let is_on = self.on.is_some_and(|on| core::ptr::eq(on, slot));
        let place = match self.place {
            Place::Handler if is_on => Place::OwnHandler,
            place => place,
        };
        match slot.get(place) {
            Some(user) => {
                if let Some(operation) = operation {
                    self.operate(operation, &user, place, is_on);
                }
            }
            None if place == Place::Thread => self.fill(slot),
            None => (),
        }
    }

    /// A slot whose handler runs on another CPU, if there is one, else that of `number`.
    fn aim(&self, number: u32) -> &'static Slot {
        let number = number as usize;
        let all = &SLOTS[..self.p.nsubjects as usize];
        let is_running = |slot: &&Slot| slot.ledger.running_on().is_some_and(|on| on != cpu());

        let (before, after) = all.split_at(number);
        let running = Iterator::chain(after.iter(), before).find(is_running);
        running.unwrap_or(&all[number])
    }

    fn operate(&mut self, operation: Operation, user: &User, place: Place, is_on: bool) {
        match operation {
            Operation::Schedule => self.schedule(user, place, false),
            Operation::HiSchedule => self.schedule(user, place, true),
            Operation::Keep => self.keep(user, place),
            Operation::Forget => self.forget(user, place),
            Operation::Close => user.slot.close(place),
            Operation::DisableNosync => self.disable_nosync(user, place),
            Operation::Disable if place == Place::Thread => self.disable(user),
            Operation::Kill if place == Place::Thread => self.kill(user, is_on),
            Operation::Synchronize if place == Place::Thread => self.synchronize(user),
            Operation::Disable => {
                user.slot.ledger.before_raise();
                expect_refusal(place, user.owner().disable().map(drop));
                user.slot.ledger.after_lower();
            }
            Operation::Kill if self.rng.below(2) == 0 => {
                user.slot.ledger.revive(|| user.owner().revive());
            }
            Operation::Kill => expect_refusal(place, user.owner().kill()),
            Operation::Synchronize => expect_refusal(place, user.owner().synchronize()),
        }
    }

    /// Does something else in the middle of an operation on `slot`.
    fn nest(&mut self, slot: &'static Slot) {
        if self.nesting == NESTING {
            return;
        }
        let on = self.on.replace(slot);
        self.nesting += 1;
        for _ in 0..self.rng.below(4) {
            self.step();
        }
        self.nesting -= 1;
        self.on = on;
    }

    fn schedule(&mut self, user: &User, place: Place, hi: bool) {
        // Enabling bottom halves runs it at once; else ksoftirqd has to be woken.
        if place == Place::Thread && self.rng.below(2) == 0 {
            Context::BhDisable.run(|| schedule(user, place, hi));
        } else {
            schedule(user, place, hi);
        }
    }

    fn disable(&mut self, user: &User) {
        let ledger = &user.slot.ledger;

        ledger.before_raise();
        let wait = ledger.before_wait();
        match user.owner().disable() {
            Ok(guard) => {
                ledger.after_wait(&wait, Window::DisableMetRun);
                let runs = ledger.hold();
                let kills = ledger.kills();
                if self.rng.below(2) == 0 && self.p.schedule != 0 {
                    schedule(user, Place::Thread, false);
                }
                self.nest(user.slot);
                saw_if(Window::GuardOutlivedKill, ledger.killed_since(kills));
                ledger.unhold(runs);
                guard.enable();
            }
            Err(e) => violated(Invariant::Context, fmt!("disable() in a thread: {e:?}")),
        }
        ledger.after_lower();
    }

    fn disable_nosync(&mut self, user: &User, place: Place) {
        let ledger = &user.slot.ledger;

        ledger.before_raise();
        let guard = user.owner().disable_nosync();
        let kills = ledger.kills();
        if self.rng.below(2) == 0 && self.p.hi_schedule != 0 {
            schedule(user, place, true);
        }
        if place == Place::Thread {
            let runs = (self.rng.below(2) == 0).then(|| {
                self.synchronize(user);
                ledger.hold()
            });
            self.nest(user.slot);
            if let Some(runs) = runs {
                ledger.unhold(runs);
            }
        }
        saw_if(Window::GuardOutlivedKill, ledger.killed_since(kills));
        drop(guard);
        ledger.after_lower();
    }

    fn keep(&mut self, user: &User, place: Place) {
        let ledger = &user.slot.ledger;

        ledger.before_raise();
        user.owner().disable_nosync().keep();
        if place == Place::Thread {
            self.nest(user.slot);
        }
        // Each actor that has kept a depth may enable once, so there is one left for each.
        match user.owner().enable() {
            Ok(()) => saw(Window::KeptAndEnabled),
            Err(e) => violated(Invariant::Depth, fmt!("enable() after keep(): {e:?}")),
        }
        ledger.after_lower();
    }

    fn forget(&mut self, user: &User, place: Place) {
        if !user.owner().may_forget_guard() {
            return;
        }
        user.slot.ledger.before_raise();
        mem::forget(user.owner().disable_nosync());
        user.slot.ledger.forget_guard();
        saw(Window::Forgotten);
        // It is disabled for ever, so all that is left is to drop it.
        schedule(user, place, false);
        user.slot.close(place);
    }

    fn synchronize(&mut self, user: &User) {
        let ledger = &user.slot.ledger;
        let wait = ledger.before_wait();

        match user.owner().synchronize() {
            Ok(()) => ledger.after_wait(&wait, Window::SynchronizeMetRun),
            Err(e) => violated(Invariant::Context, fmt!("synchronize() in a thread: {e:?}")),
        }
    }

    /// `disabled`: the caller has a guard.
    fn kill(&mut self, user: &User, disabled: bool) {
        let owner = user.owner();
        let ledger = &user.slot.ledger;

        HOT.store(user.slot.index() as u32, Relaxed);
        let runs = ledger.runs();
        let pending = owner.is_scheduled();
        let wait = ledger.before_wait();
        let kill = ledger.before_kill();
        if let Err(e) = owner.kill() {
            violated(Invariant::Context, fmt!("kill() in a thread: {e:?}"));
        }
        ledger.after_wait(&wait, Window::KilledRunning);
        ledger.after_kill(&kill);

        match (pending, disabled) {
            (true, true) => saw(Window::KilledDisabledPending),
            (true, false) => saw_if(Window::KilledPending, ledger.runs() != runs),
            (false, _) => saw_if(Window::KilledIdle, !wait.met_run()),
        }
        if threads_schedule(self.p) {
            // This has no effect unless it was revived.
            schedule(user, Place::Thread, false);
        }
        self.nest(user.slot);
        ledger.revive(|| owner.revive());
    }

    /// Makes a tasklet where there is none, or drops one that others could not drop.
    fn fill(&mut self, slot: &'static Slot) {
        slot.collect();
        let Some(generation) = slot.begin() else {
            return;
        };
        let form = Form::choose(self.p, &mut self.rng, slot);
        slot.fill(Owner::new(form, slot, generation));
    }
}

/// Whether threads schedule at all.
fn threads_schedule(p: &Params) -> bool {
    p.schedule + p.hi_schedule != 0
}

/// Schedules the tasklet of a user.
pub(crate) fn schedule(user: &User, place: Place, hi: bool) {
    let owner = user.owner();

    user.slot.ledger.schedule(
        hi,
        place == Place::OwnHandler && !owner.is_work(),
        || owner.schedule(hi),
        || owner.is_work() || owner.is_running(),
    );
}

/// What waiting calls must return in atomic context.
fn expect_refusal(place: Place, result: Result) {
    let refused = match (place, result) {
        _ if injected(Invariant::Context) => false,
        (Place::OwnHandler, Err(e)) if e == EWOULDBLOCK => {
            saw(Window::OwnHandler);
            true
        }
        (Place::Handler | Place::Interrupt, Err(e)) if e == EWOULDBLOCK => {
            saw(Window::WouldBlock);
            true
        }
        _ => false,
    };
    if !refused {
        violated(
            Invariant::Context,
            fmt!("waiting in atomic context: {result:?}"),
        );
    }
}

/// What a handler does in a run.
pub(crate) fn in_handler<C: Kind>(slot: &'static Slot, cx: &C, rng: &mut Rng) {
    let p = params::get();

    if p.run_us != 0 && rng.below(4) == 0 {
        udelay(Delta::from_micros(i64::from(1 + rng.below(p.run_us))));
    }
    // At rest nothing must be pending.
    if load::pausing() {
        return;
    }
    for (chance, hi, window) in [
        (p.self_schedule, false, Window::ScheduledItself),
        (p.self_hi_schedule, true, Window::ScheduledItselfHi),
    ] {
        if rng.per_mille(chance) {
            saw(Window::HandlerOps);
            let schedule = || cx.again(hi);
            saw_if(
                window,
                slot.ledger.schedule(hi, C::IS_TASKLET, schedule, || true),
            );
        }
    }
    if rng.per_mille(p.self_close) {
        saw(Window::HandlerOps);
        slot.close(Place::OwnHandler);
    }
    if rng.per_mille(p.handler_ops) {
        let mut actor = Actor::new(Place::Handler, Rng::resume(rng.state()));
        actor.on = Some(slot);
        actor.step();
        *rng = actor.rng;
    }
}
