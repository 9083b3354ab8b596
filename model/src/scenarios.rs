// SPDX-License-Identifier: GPL-2.0

//! The scenarios. Each asserts a row of the contract in all interleavings of a few threads: once for tasklets, and once,
//! with `bh_` before its name, for works. What is called a tasklet here is either.
//!
//! In each, the checker also asserts: nothing waits for ever; nothing is touched after its memory was given back; what
//! is not atomic (the handler's data, the links, the kernel's queues) is never used by two at once, and whoever uses
//! it comes after the last change.

use std::cell::Cell;

use crate::{
    checker::{
        cell::UnsafeCell,
        sync::{
            atomic::{AtomicUsize, Ordering::Relaxed},
            Condvar, Mutex,
        },
        thread,
    },
    kernel::{Ksoftirqd, Thread},
    tasklet::owner::{self, softirq_now, Tasklet, LEAVING},
    world::keep,
};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Whether bottom halves are works in it.
    pub(crate) works: bool,
    /// At most so many preemptions, or all interleavings.
    pub(crate) preemptions: Option<usize>,
    pub(crate) run: fn(),
}

macro_rules! scenarios {
    ($($(#[$doc:meta])* fn $name:ident($preemptions:expr) $body:block)*) => {
        pub(crate) const ALL: &[Scenario] = &[$(
            Scenario {
                name: stringify!($name),
                works: false,
                preemptions: $preemptions,
                run: $name,
            },
            Scenario {
                name: concat!("bh_", stringify!($name)),
                works: true,
                preemptions: $preemptions,
                run: $name,
            }
        ),*];
        $($(#[$doc])* fn $name() $body)*
    };
}

pub(crate) fn find(name: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.name == name)
}

fn flag() -> &'static AtomicUsize {
    keep(AtomicUsize::new(0))
}

/// An interrupt that schedules and then runs what is queued.
fn schedules(name: &'static str, cpu: usize, t: &'static Tasklet) -> Thread<bool> {
    Thread::irq(name, cpu, move || t.schedule())
}

/// Disabled once, and scheduled on CPU 0.
fn disabled_and_pending(handler: impl Fn(&Tasklet) + 'static) -> &'static Tasklet {
    let t = Tasklet::live(handler);
    t.raw.raise_depth();
    assert!(t.schedule());
    t
}

/// The kernel's count is the disable depth again.
fn assert_depth(t: &Tasklet, depth: u32) {
    assert_eq!(t.raw.depth(), depth);
    assert_eq!(t.count(), depth as i32);
}

scenarios! {
    /// runs_once, coalesces, serialised: one run for each schedule that returned true, and the last one sees what
    /// everybody wrote before scheduling.
    fn schedule_schedule(None) {
        let wrote = [flag(), flag()];
        let seen = keep([Cell::new(0), Cell::new(0)]);
        let t = Tasklet::live(move |_| {
            for (wrote, seen) in wrote.iter().zip(seen) {
                seen.set(wrote.load(Relaxed));
            }
        });
        let a = Thread::irq("irq 0", 0, move || {
            wrote[0].store(1, Relaxed);
            t.schedule()
        });
        let b = Thread::irq("irq 1", 1, move || {
            wrote[1].store(1, Relaxed);
            t.hi_schedule()
        });
        let queued = a.join() as usize + b.join() as usize;
        assert_eq!(t.runs(), queued);
        assert_eq!(seen.each_ref().map(Cell::get), [1, 1]);
    }

    /// reschedule_while_running: scheduled by its own handler and from elsewhere, it loses no run.
    fn reschedule_while_running(None) {
        let by_itself = keep(Cell::new(false));
        let t = Tasklet::live(|t| {
            if t.runs() == 1 {
                by_itself.set(t.schedule());
            }
        });
        let a = schedules("irq 1", 1, t);
        let queued = t.schedule() as usize;
        softirq_now();
        let queued = queued + a.join() as usize + by_itself.get() as usize;
        assert_eq!(t.runs(), queued);
    }

    /// Two first schedules: one makes it live, and no run is lost.
    fn first_schedules(None) {
        let t = Tasklet::fresh(|_| ());
        let a = schedules("irq 0", 0, t);
        let b = schedules("irq 1", 1, t);
        let queued = a.join() as usize + b.join() as usize;
        assert!(queued > 0);
        assert_eq!(t.runs(), queued);
    }

    /// kill_waits, kill_is_final: every schedule that returns `true` has had its run when the kill returns, and nothing runs
    /// after it. What the handler wrote is visible.
    fn kill_schedule(Some(4)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 1", 1, t);
        t.kill();
        let runs = t.runs();
        assert_eq!(runs, a.join() as usize);
        assert_eq!(t.runs(), runs);
        assert!(!t.schedule());
    }

    /// The same, with schedules from two CPUs.
    fn kill_schedule_schedule(Some(3)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 0", 0, t);
        let b = schedules("irq 1", 1, t);
        t.kill();
        let runs = t.runs();
        assert_eq!(runs, a.join() as usize + b.join() as usize);
        assert_eq!(t.runs(), runs);
    }

    /// kill_waits: what was pending before the kill runs.
    fn kill_pending(Some(4)) {
        let t = Tasklet::live(|_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        t.kill();
        assert_eq!(t.runs(), 1);
        ksoftirqd.finish();
        assert_eq!(t.runs(), 1);
    }

    /// The same, while another CPU schedules.
    fn kill_pending_schedule(Some(3)) {
        let t = Tasklet::live(|_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        let a = schedules("irq 1", 1, t);
        t.kill();
        let runs = t.runs();
        assert_eq!(runs, 1 + a.join() as usize);
        ksoftirqd.finish();
        assert_eq!(t.runs(), runs);
    }

    /// kill_never_hangs: a handler that always schedules itself.
    fn kill_rescheduling(Some(4)) {
        let queued = flag();
        let t = Tasklet::live(|t| {
            queued.fetch_add(t.schedule() as usize, Relaxed);
        });
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        t.kill();
        let runs = t.runs();
        assert_eq!(runs, 1 + queued.load(Relaxed));
        ksoftirqd.finish();
        assert_eq!(t.runs(), runs);
    }

    /// kill_never_hangs: disabled and scheduled, which discards the run. The depth stays as it is.
    fn kill_disabled(Some(4)) {
        let t = disabled_and_pending(|_| ());
        let ksoftirqd = Ksoftirqd::new(0);
        t.kill();
        assert_eq!(t.runs(), 0);
        assert_depth(t, 1);
        ksoftirqd.finish();
        assert_eq!(t.runs(), 0);
        // And it is as good as new.
        assert!(t.raw.revive());
        t.raw.lower_depth();
        assert!(t.schedule());
        softirq_now();
        assert_eq!(t.runs(), 1);
    }

    /// A pending run of a tasklet that was seen to be enabled is not lost, although the last guard is just being dropped.
    fn kill_last_guard(Some(2)) {
        let t = disabled_and_pending(|_| ());
        let ksoftirqd = Ksoftirqd::new(0);
        let guard = Thread::irq("guard", 1, || t.raw.lower_depth());
        let enabled = t.raw.depth() == 0;
        t.kill();
        let runs = t.runs();
        assert!(runs == 1 || !enabled);
        guard.join();
        ksoftirqd.finish();
        assert_eq!(t.runs(), runs);
        assert_depth(t, 0);
    }

    /// The depth changes while it is killed: both halves of each change are made, or none.
    fn kill_depth(Some(2)) {
        let t = Tasklet::live(|_| ());
        let a = Thread::task("guard", 1, || {
            t.raw.raise_depth();
            t.raw.keep_depth();
        });
        let b = Thread::task("enable", 1, || {
            if t.raw.lower_kept().is_err() {
                t.raw.raise_depth();
                t.raw.lower_depth();
            }
        });
        t.kill();
        assert!(t.raw.revive());
        a.join();
        b.join();
        assert_depth(t, t.raw.depth());
    }

    /// disable_blocks, while it is killed: no run starts after `disable()` has returned.
    fn kill_disable(Some(2)) {
        let t = Tasklet::live(|_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        let a = Thread::irq("disables", 1, || {
            t.raw.disable().unwrap();
            let runs = t.runs();
            thread::yield_now();
            assert_eq!(t.runs(), runs);
            t.raw.lower_depth();
        });
        t.kill();
        a.join();
        ksoftirqd.finish();
        assert!(t.runs() <= 1);
        assert_depth(t, 0);
    }

    /// Two kills: whichever returns, nothing runs any more.
    fn kill_kill(Some(2)) {
        let t = Tasklet::live(|_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        let a = Thread::task("kills too", 1, || {
            t.kill();
            assert_eq!(t.runs(), 1);
        });
        t.kill();
        assert_eq!(t.runs(), 1);
        a.join();
        ksoftirqd.finish();
        assert_eq!(t.runs(), 1);
    }

    /// The same, when nothing is pending and a handler may be running.
    fn kill_kill_running(Some(2)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 1", 1, t);
        let b = Thread::task("kills too", 0, || {
            t.kill();
            t.runs()
        });
        thread::yield_now();
        t.kill();
        let runs = t.runs();
        a.join();
        assert_eq!(b.join(), runs);
        assert_eq!(t.runs(), runs);
    }

    /// revive() puts it back into service: what is scheduled afterwards runs.
    fn kill_revive_schedule(Some(4)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 1", 1, t);
        t.kill();
        let runs = t.runs();
        assert!(t.raw.revive());
        t.schedule();
        softirq_now();
        a.join();
        assert!(t.runs() > runs);
        assert_depth(t, 0);
    }

    /// What is scheduled while it is revived runs, if the schedule returned true.
    fn revive_schedule(None) {
        let t = Tasklet::live(|_| ());
        t.kill();
        let a = schedules("irq 1", 1, t);
        assert!(t.raw.revive());
        let queued = a.join() as usize;
        assert_eq!(t.runs(), queued);
    }

    /// A kill against a revival: the kill returns, and if it came second nothing is in service.
    fn revive_kill(None) {
        let t = Tasklet::live(|_| ());
        t.kill();
        let a = Thread::task("revives", 1, || t.raw.revive());
        t.kill();
        assert!(a.join());
        t.kill();
        assert!(!t.schedule());
    }

    /// A kill in the middle of a revival: what was scheduled since runs before the kill returns, or not at all.
    fn revive_kill_pending(Some(3)) {
        let queued = flag();
        let t = Tasklet::live(|_| ());
        t.kill();
        let a = Thread::task("revives", 1, || t.raw.revive());
        let b = Thread::irq("irq 1", 1, move || queued.store(t.schedule() as usize, Relaxed));
        let pending = queued.load(Relaxed) == 1;
        t.kill();
        if pending {
            assert_eq!(t.runs(), 1);
        }
        a.join();
        b.join();
    }

    /// A kill, a revival and a schedule, each by itself.
    fn revive_kill_schedule(Some(3)) {
        let t = Tasklet::live(|_| ());
        t.kill();
        let a = Thread::task("revives", 1, || t.raw.revive());
        let b = schedules("irq 1", 1, t);
        t.kill();
        a.join();
        b.join();
        t.kill();
        let runs = t.runs();
        assert!(runs <= 1);
        assert!(!t.schedule());
        assert!(t.raw.revive());
        assert!(t.schedule());
        softirq_now();
        assert_eq!(t.runs(), runs + 1);
    }

    /// Two revivals: one of them makes it live.
    fn revive_revive(None) {
        let t = Tasklet::live(|_| ());
        t.kill();
        let a = Thread::irq("irq 1", 1, || (t.raw.revive(), t.schedule()));
        let b = (t.raw.revive(), t.schedule());
        softirq_now();
        let a = a.join();
        assert!(a.0 != b.0);
        let queued = a.1 as usize + b.1 as usize;
        assert!(queued > 0);
        assert_eq!(t.runs(), queued);
    }

    /// disable_blocks: a disabled tasklet that is killed and revived does not run in between.
    fn kill_revive_disabled(None) {
        let t = Tasklet::live(|_| ());
        t.raw.raise_depth();
        let ksoftirqd = Ksoftirqd::new(1);
        let a = Thread::task("revives", 1, || t.raw.revive() && t.schedule());
        t.kill();
        a.join();
        ksoftirqd.finish();
        assert_eq!(t.runs(), 0);
        assert_depth(t, 1);
    }

    /// disable_waits, disable_blocks: `disable()` returns when no handler runs, and until it is enabled none does.
    fn disable_running(Some(4)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 1", 1, t);
        t.raw.disable().unwrap();
        let runs = t.runs();
        thread::yield_now();
        assert_eq!(t.runs(), runs);
        t.raw.lower_depth();
        // A work that was held up runs where it was enabled.
        softirq_now();
        a.join();
        assert_eq!(t.runs(), 1);
    }

    /// A pending run takes place once after it is enabled, and sees what was written before.
    fn enable_pending(None) {
        let written = keep(UnsafeCell::new(0));
        let t = disabled_and_pending(|_| {
            // SAFETY: The checker notices if somebody writes.
            written.with(|written| assert_eq!(unsafe { *written }, 1));
        });
        let ksoftirqd = Ksoftirqd::new(0);
        // SAFETY: The checker notices if the handler looks.
        written.with_mut(|written| unsafe { *written = 1 });
        t.raw.lower_depth();
        ksoftirqd.finish();
        assert_eq!(t.runs(), 1);
    }

    /// A pending run takes place once, however many enable it at once.
    fn enable_enable(Some(3)) {
        let t = disabled_and_pending(|_| ());
        t.raw.raise_depth();
        let ksoftirqd = Ksoftirqd::new(0);
        let a = Thread::irq("enables", 1, || {
            t.raw.lower_depth();
            t.raw.raise_depth();
            t.raw.lower_depth();
        });
        t.raw.lower_depth();
        a.join();
        ksoftirqd.finish();
        assert_eq!(t.runs(), 1);
        assert_depth(t, 0);
    }

    /// drop_is_kill: when the memory is given back, nobody uses it any more.
    fn drop_running(Some(3)) {
        let t = Tasklet::live(|_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        t.drop();
        ksoftirqd.finish();
    }

    /// The same, with a handler that always schedules itself.
    fn drop_rescheduling(Some(3)) {
        let t = Tasklet::live(|t| {
            t.schedule();
        });
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        t.drop();
        ksoftirqd.finish();
    }

    /// killed and dropped by one who was told by the one who killed it.
    fn drop_after_kill(Some(3)) {
        let t = Tasklet::live(|_| ());
        let a = schedules("irq 1", 1, t);
        t.kill();
        a.join();
        t.drop();
    }

    /// A kill against a first schedule, whose run may come at once. Afterwards it is in the registry no more: a new
    /// neighbour does not touch it.
    fn first_schedule_kill(Some(3)) {
        let t = Tasklet::fresh(|_| ());
        let ksoftirqd = Ksoftirqd::new(1);
        let a = Thread::task("schedules", 1, || t.schedule());
        t.kill();
        a.join();
        ksoftirqd.finish();
        t.drop();
        Tasklet::live(|_| ()).kill();
    }

    /// A kill against two first schedules: it comes to an end, whoever is first.
    fn first_schedules_kill(Some(3)) {
        let t = Tasklet::fresh(|_| ());
        let a = schedules("irq 0", 0, t);
        let b = schedules("irq 1", 1, t);
        t.kill();
        let runs = t.runs();
        a.join();
        b.join();
        assert_eq!(t.runs(), runs);
        assert!(!t.schedule());
    }

    /// It gets an owner, loses it, and gets another, while somebody schedules: only what is owned runs, and what was
    /// scheduled under the last owner does.
    fn own_disown_own(Some(3)) {
        let t = Tasklet::unowned(|_| ());
        let a = schedules("irq 1", 1, t);
        assert!(t.own());
        assert!(!t.own());
        t.disown();
        let runs = t.runs();
        assert!(t.own());
        t.schedule();
        softirq_now();
        a.join();
        assert!(t.runs() > runs);
    }

    /// drop_anywhere: the handler drops its own owner. The work item frees it, the kernel being done with it.
    fn drop_in_own_handler(None) {
        let deferred = keep((Mutex::new(false), Condvar::new()));
        // Its neighbour in the registry.
        let other = Tasklet::live(|_| ());
        let t = Tasklet::live(move |t| {
            assert!(t.defer_owner());
            *deferred.0.lock().unwrap() = true;
            deferred.1.notify_one();
        });
        let a = schedules("irq 1", 1, t);
        let mut queued = deferred.0.lock().unwrap();
        while !*queued {
            queued = deferred.1.wait(queued).unwrap();
        }
        drop(queued);
        owner::release_all();
        a.join();
        other.kill();
    }

    /// unload_is_safe: when a module has gone, none of its code runs, although a handler schedules another tasklet
    /// for the first time.
    fn bury_running(Some(4)) {
        let gone = keep(Cell::new(false));
        let second = Tasklet::fresh_as(&LEAVING, move |_| assert!(!gone.get()));
        let first = Tasklet::live_as(&LEAVING, move |_| {
            assert!(!gone.get());
            second.schedule();
        });
        let a = schedules("irq 1", 1, first);
        owner::unload();
        gone.set(true);
        assert!(!first.schedule());
        a.join();
        assert!(!first.schedule());
        assert!(!second.schedule());
    }

    /// The owner is dropped while the module is being unloaded: whoever comes second waits, and then does not touch it.
    fn bury_dropped(Some(2)) {
        let t = Tasklet::live_as(&LEAVING, |_| ());
        assert!(t.schedule());
        let ksoftirqd = Ksoftirqd::new(0);
        let a = Thread::task("drops", 1, || t.drop_owner());
        owner::unload();
        a.join();
        ksoftirqd.finish();
    }

    /// The same with a tasklet that is dropped in place.
    fn bury_drop(Some(2)) {
        let t = Tasklet::live_as(&LEAVING, |_| ());
        let a = Thread::task("drops", 1, || t.drop());
        owner::unload();
        a.join();
    }

    /// A handler that starts after `synchronize()` was called sees what was written before; the others are waited for.
    fn synchronize(None) {
        let stop = flag();
        let device = keep(UnsafeCell::new(()));
        let t = Tasklet::live(|_| {
            if stop.load(Relaxed) == 0 {
                device.with(|_| ());
            }
        });
        let a = schedules("irq 1", 1, t);
        stop.store(1, Relaxed);
        t.raw.synchronize().unwrap();
        // It is gone: the checker notices if the handler still uses it.
        device.with_mut(|_| ());
        a.join();
    }

    /// The same when another run begins at once: it returns when the first has ended, or later.
    fn synchronize_rescheduling(Some(3)) {
        let t = Tasklet::live(|t| {
            if t.runs() == 1 {
                t.schedule();
            }
        });
        let a = schedules("irq 1", 1, t);
        t.raw.synchronize().unwrap();
        a.join();
        assert_eq!(t.runs(), 2);
    }
}
