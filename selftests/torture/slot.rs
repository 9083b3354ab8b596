// SPDX-License-Identifier: GPL-2.0

//! The population: slots, each with a tasklet or without.
//!
//! ```text
//!            make                  last user                     payload dropped
//!   Empty ---------> Live ----------------------> Leaving ---------------------> Empty
//!                      |   last user, atomic                 ^
//!                      +-------------------> Left -----------+
//!                                                   a thread
//! ```
//!
//! The slot itself is a user; closing it takes that away. So the last user is the one that drops the
//! owner, in its own context. Only owners that must not be dropped there are left to a thread.

use core::cell::UnsafeCell;

use harness::prelude::*;
use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed,
    Release, //
};

use crate::{
    invariants::{
        violated,
        Invariant, //
    },
    ledger::{
        Kill,
        Ledger, //
    },
    owner::Owner,
    rng::Rng,
    windows::{
        saw,
        saw_if,
        Window, //
    },
};

/// A place where actors operate.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// A thread that may sleep.
    Thread,
    /// The handler of another tasklet.
    Handler,
    /// The handler of the tasklet operated on.
    OwnHandler,
    /// A hard interrupt.
    Interrupt,
}

/// The stage that a slot is in.
mod stage {
    pub(super) const EMPTY: u32 = 0;
    pub(super) const MAKING: u32 = 1;
    pub(super) const LIVE: u32 = 2;
    pub(super) const LEFT: u32 = 3;
    pub(super) const LEAVING: u32 = 4;
}

/// A place for a tasklet.
///
/// # Invariants
///
/// While `users` is not zero, `owner` has an owner and does not change. Else only the one who moved
/// `stage` from EMPTY to MAKING, the last user, or the one who moved it from LEFT to LEAVING, uses it.
/// The same for `leaving`, but the dropped payload reads it while the stage is LEAVING.
pub(crate) struct Slot {
    stage: Atomic<u32>,
    users: Atomic<u32>,
    closed: Atomic<u32>,
    generation: Atomic<u32>,
    owner: UnsafeCell<Option<Owner>>,
    leaving: UnsafeCell<Option<Kill>>,
    pub(crate) ledger: Ledger,
    /// State of the generator of the handler, which runs one at a time.
    rng: Atomic<u64>,
}

// SAFETY: The cells are used by one at a time, or shared read-only, by the type invariant; an owner
// may be used and dropped by any thread.
unsafe impl Sync for Slot {}

/// All slots, of which `nsubjects` are used.
pub(crate) static SLOTS: [Slot; 64] = [const { Slot::new() }; 64];

impl Slot {
    const fn new() -> Self {
        Self {
            stage: Atomic::new(stage::EMPTY),
            users: Atomic::new(0),
            closed: Atomic::new(0),
            generation: Atomic::new(0),
            owner: UnsafeCell::new(None),
            leaving: UnsafeCell::new(None),
            ledger: Ledger::new(),
            rng: Atomic::new(0),
        }
    }

    /// The number of this slot.
    pub(crate) fn index(&self) -> usize {
        (core::ptr::from_ref(self) as usize - SLOTS.as_ptr() as usize) / size_of::<Self>()
    }

    pub(crate) fn handler_rng(&self) -> Rng {
        Rng::resume(self.rng.load(Relaxed))
    }

    pub(crate) fn keep_handler_rng(&self, rng: Rng) {
        self.rng.store(rng.state(), Relaxed);
    }

    /// Which of the tasklets that were here one after the other is the last.
    pub(crate) fn generation(&self) -> u32 {
        self.generation.load(Relaxed)
    }

    fn advance(&self, from: u32, to: u32) -> bool {
        self.stage.cmpxchg(from, to, Full).is_ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stage.load(Acquire) == stage::EMPTY
    }

    pub(crate) fn is_left(&self) -> bool {
        self.stage.load(Acquire) == stage::LEFT
    }

    /// Whether the owner was let go, or will be by nobody but a thread.
    pub(crate) fn is_leaving(&self) -> bool {
        self.stage.load(Acquire) == stage::LEAVING
    }

    /// Begins to fill an empty slot: returns the generation to make.
    pub(crate) fn begin(&self) -> Option<u32> {
        if !self.advance(stage::EMPTY, stage::MAKING) {
            return None;
        }
        self.ledger.open();
        Some(self.generation.fetch_add(1, Full).wrapping_add(1))
    }

    /// Ends what [`Slot::begin`] began.
    pub(crate) fn fill(&self, owner: Result<Owner>) {
        let Ok(owner) = owner else {
            saw(Window::NotMade);
            self.stage.store(stage::EMPTY, Release);
            return;
        };
        owner.count();
        // SAFETY: By the type invariant, as there are no users and `begin()` succeeded.
        unsafe { *self.owner.get() = Some(owner) };
        self.closed.store(0, Relaxed);
        self.stage.store(stage::LIVE, Relaxed);
        // INVARIANT: It has an owner. The slot is the first user.
        self.users.store(1, Release);
    }

    /// Becomes a user, if there is a tasklet that is not about to go.
    pub(crate) fn get(&'static self, place: Place) -> Option<User> {
        let mut users = self.users.load(Relaxed);
        while users != 0 {
            match self.users.cmpxchg(users, users + 1, Full) {
                Ok(_) => return Some(User { slot: self, place }),
                Err(now) => users = now,
            }
        }
        None
    }

    /// Has the tasklet dropped when its last user has finished.
    pub(crate) fn close(&'static self, place: Place) {
        if self.users.load(Relaxed) != 0 && self.closed.xchg(1, Full) == 0 {
            self.put(place);
        }
    }

    fn put(&'static self, place: Place) {
        if self.users.fetch_add(u32::MAX, Full) != 1 {
            return;
        }
        // SAFETY: By the type invariant; this was the last user.
        let owner = unsafe { &*self.owner.get() }.as_ref();
        if place == Place::Thread || owner.is_some_and(Owner::goes_anywhere) {
            self.let_go(place);
        } else {
            saw(Window::LeftToThreads);
            self.stage.store(stage::LEFT, Release);
        }
    }

    /// For a thread: drops the owner that was left.
    pub(crate) fn collect(&'static self) {
        if self.is_left() && self.advance(stage::LEFT, stage::LEAVING) {
            self.let_go(Place::Thread);
        }
    }

    /// Drops the owner; only for the one whom the type invariant names.
    fn let_go(&'static self, place: Place) {
        // SAFETY: By the type invariant.
        let Some(owner) = (unsafe { &mut *self.owner.get() }).take() else {
            return violated(Invariant::DropCount, fmt!("there is no owner to drop"));
        };
        let pending = owner.is_scheduled();
        saw_if(Window::DroppedPending, pending);
        saw_if(
            Window::DroppedDisabledPending,
            pending && self.ledger.forgotten() != 0,
        );
        saw_if(
            Window::DroppedRunning,
            self.ledger.running_on().is_some() && place != Place::OwnHandler,
        );
        saw(match place {
            Place::Thread => Window::DroppedInTask,
            Place::Handler => Window::DroppedInSoftirq,
            Place::OwnHandler => Window::DroppedByItself,
            Place::Interrupt => Window::DroppedInHardirq,
        });
        // SAFETY: By the type invariant.
        unsafe { *self.leaving.get() = Some(self.ledger.before_kill()) };
        // The payload waits for this.
        self.stage.store(stage::LEAVING, Release);
        if let Owner::Static(tasklet) = owner {
            if let Err(e) = tasklet.kill() {
                violated(Invariant::Context, fmt!("kill() of a static failed: {e:?}"));
            }
            self.payload_dropped(self.generation());
        } else {
            drop(owner);
        }
    }

    /// The payload has been dropped, by now or as soon as the caller returns.
    pub(crate) fn payload_dropped(&self, generation: u32) {
        if generation != self.generation() {
            return violated(Invariant::DropCount, fmt!("dropped again, or too late"));
        }
        if !self.is_leaving() {
            // A payload that could not be put anywhere was never part of a tasklet.
            if self.stage.load(Acquire) != stage::MAKING {
                violated(Invariant::DropCount, fmt!("dropped before its owner"));
            }
            return;
        }
        // SAFETY: By the type invariant.
        match unsafe { &mut *self.leaving.get() }.take() {
            Some(kill) => self.ledger.settle_for_good(&kill),
            None => violated(Invariant::DropCount, fmt!("dropped twice")),
        }
        self.stage.store(stage::EMPTY, Release);
    }
}

/// A user of the tasklet in a slot, which therefore stays.
pub(crate) struct User {
    pub(crate) slot: &'static Slot,
    place: Place,
}

impl User {
    pub(crate) fn owner(&self) -> &Owner {
        // SAFETY: By the invariant of `Slot`: this is a user.
        match unsafe { &*self.slot.owner.get() } {
            Some(owner) => owner,
            None => unreachable!("a slot with users has an owner"),
        }
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.slot.put(self.place);
    }
}
