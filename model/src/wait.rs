// SPDX-License-Identifier: GPL-2.0

//! How tasks sleep and are woken: a model of `kernel/sched/wait_bit.c`.
//!
//! A wake-up is lost if the one who wakes does not see the one who is about to sleep, which in turn does not see
//! the change. So this is as weak as the kernel's: who wakes looks whether there are waiters without any order
//! (`waitqueue_active()`), and relies on the full barrier before. A lost wake-up is a deadlock, which the
//! checker reports.

use std::{cell::RefCell, rc::Rc};

use crate::{
    checker::{
        sync::atomic::{
            fence, AtomicUsize,
            Ordering::{Relaxed, SeqCst},
        },
        thread::{self, Thread},
        Atomic,
    },
    world::{note, world},
};

/// What a thread can sleep for, at an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum WaitFor {
    /// `wait_on_bit()` with `TASKLET_STATE_RUN`
    Run,
    /// `wait_var_event()`
    Var,
}

pub(crate) struct WaitQueue {
    /// What `waitqueue_active()` looks at.
    active: Atomic<AtomicUsize>,
    /// The waiters themselves. The kernel's spinlock is not modelled: nothing happens in between.
    waiters: RefCell<Vec<Thread>>,
}

fn wait_queue(address: usize, what: WaitFor) -> Rc<WaitQueue> {
    let world = world();
    let mut queues = world.wait_queues.borrow_mut();
    let queue = queues.entry((address, what)).or_insert_with(|| {
        Rc::new(WaitQueue {
            active: Atomic::new(AtomicUsize::new(0)),
            waiters: RefCell::default(),
        })
    });
    queue.clone()
}

/// Makes the queue, which is not to be made by one of several threads.
pub(crate) fn announce(address: usize, what: WaitFor) {
    wait_queue(address, what);
}

/// Sleeps until `done`, as in `__wait_on_bit()` (wait_bit.c:44) and `___wait_var_event()` (wait_bit.h:254).
pub(crate) fn wait_until(address: usize, what: WaitFor, done: impl Fn() -> bool) {
    // wait_bit.h:76 and wait_bit.h:307.
    if done() {
        return;
    }
    let queue = wait_queue(address, what);
    loop {
        // prepare_to_wait() (wait.c:250) or prepare_to_wait_event(): the entry, then set_current_state(), which
        // has a full barrier.
        queue.waiters.borrow_mut().push(thread::current());
        queue.active.change(|a| a.fetch_add(1, Relaxed));
        fence(SeqCst);
        let done = done();
        if !done {
            note(|| "sleeps".into());
            thread::park();
        }
        // autoremove_wake_function() or finish_wait()
        let this = thread::current().id();
        queue
            .waiters
            .borrow_mut()
            .retain(|waiter| waiter.id() != this);
        queue.active.change(|a| a.fetch_sub(1, Relaxed));
        if done {
            return;
        }
    }
}

/// `__wake_up_bit()` (wait_bit.c). Nothing is read at the address.
pub(crate) fn wake_up(address: usize, what: WaitFor) {
    let queue = wait_queue(address, what);
    if queue.active.look(|a| a.load(Relaxed)) != 0 {
        // The first one that is woken may run at once and change the list.
        let waiters = queue.waiters.borrow().clone();
        for waiter in waiters {
            waiter.unpark();
        }
    }
}
