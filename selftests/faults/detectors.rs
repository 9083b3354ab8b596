// SPDX-License-Identifier: GPL-2.0

//! Commits a fault that a detector of the debug kernel must report, for `expect-reports`, which
//! boots a kernel for each. Only because the detectors report these do other runs without a report mean something.
//!
//! Each fault is a case that is run twice: first without the fault, which must pass in silence.
//!
//! The faults need `unsafe`, or an API of the kernel used against its rules: no safe use of the crate
//! commits one of them. What lockdep reports about the crate's own waits is in `lock_order.rs`; a leak
//! needs an unload, so it is in `leak.rs`.

use core::{
    borrow::Borrow,
    mem::forget, //
};
use harness::prelude::*;
use kernel::{
    alloc::Flags,
    impl_has_hr_timer,
    sync::Completion,
    time::{
        hrtimer::{
            HrTimer,
            HrTimerCallback,
            HrTimerCallbackContext,
            HrTimerRestart,
            RelativeMode,
            UnsafeHrTimerPointer, //
        },
        Delta,
        Monotonic, //
    }, //
};

module! {
    type: Detectors,
    name: "detectors",
    authors: ["The rust_tasklet developers"],
    description: "Commits a fault that the kernel must report",
    license: "GPL",
    params: {
        use_after_free: u8 { default: 0, description: "1: a handler reads freed memory", },
        sleep_in_handler: u8 { default: 0, description: "1: a handler may sleep", },
        hung_task: u8 { default: 0, description: "1: a task waits for a run that never comes", },
        long_handler: u8 { default: 0, description: "1: a handler keeps its CPU for 10 s", },
        freed_timer: u8 { default: 0, description: "1: an active timer is freed", },
        rcu_deadlock: u8 { default: 0, description: "1: a reader of RCU waits for all readers", },
    },
}

struct Detectors;

/// Two cases with the same code: the twin, which is correct, and the fault.
macro_rules! twins {
    ($module:expr, $fault:ident) => {
        if is_set(module_parameters::$fault.value()) {
            harness::run_suite(
                $module,
                &[
                    ("without_the_fault", |t| $fault(t, false)),
                    (stringify!($fault), |t| $fault(t, true)),
                ],
            )?;
            return Ok(Self);
        }
    };
}

impl kernel::Module for Detectors {
    fn init(module: &'static ThisModule) -> Result<Self> {
        twins!(module, use_after_free);
        twins!(module, sleep_in_handler);
        twins!(module, hung_task);
        twins!(module, long_handler);
        twins!(module, freed_timer);
        twins!(module, rcu_deadlock);
        pr_err!("no fault chosen: set one of the parameters to 1\n");
        Err(EINVAL)
    }
}

/// Kernels before 7.3 hand out a reference to a parameter.
fn is_set(param: impl Borrow<u8>) -> bool {
    *param.borrow() != 0
}

/// Runs the handler of `tasklet` once, here.
fn run_once<H: TaskletHandler>(t: &Test, tasklet: &Tasklet<H>) {
    Context::BhDisable.run(|| check!(t, tasklet.schedule()));
    wait!(t, !tasklet.is_scheduled() && !tasklet.is_running());
}

/// A handler that reads memory which it does not own.
struct Borrower(*const u32);

// SAFETY: Nobody writes the memory.
unsafe impl Send for Borrower {}
// SAFETY: Nobody writes the memory.
unsafe impl Sync for Borrower {}

impl TaskletHandler for Borrower {
    fn run(&self, _cx: &TaskletContext) {
        // SAFETY: None, if the memory has been freed: that is the fault.
        unsafe { self.0.read_volatile() };
    }
}

fn use_after_free(t: &Test, fault: bool) -> Result {
    let number = KBox::new(0, GFP_KERNEL)?;
    let tasklet = KBox::pin_init(Tasklet::new(Borrower(&raw const *number)), GFP_KERNEL)?;
    let _number = (!fault).then_some(number);

    run_once(t, &tasklet);
    Ok(())
}

/// A handler that allocates.
struct Allocator(Flags);

impl TaskletHandler for Allocator {
    fn run(&self, _cx: &TaskletContext) {
        drop(KBox::new(0, self.0));
    }
}

fn sleep_in_handler(t: &Test, fault: bool) -> Result {
    let flags = if fault { GFP_KERNEL } else { GFP_ATOMIC };
    let tasklet = KBox::pin_init(Tasklet::new(Allocator(flags)), GFP_KERNEL)?;

    run_once(t, &tasklet);
    Ok(())
}

/// A handler that a thread waits for.
#[pin_data]
struct Awaited {
    #[pin]
    done: Completion,
}

impl TaskletHandler for Awaited {
    fn run(&self, _cx: &TaskletContext) {
        self.done.complete_all();
    }
}

fn hung_task(t: &Test, fault: bool) -> Result {
    let tasklet = KBox::pin_init(
        Tasklet::new(pin_init!(Awaited {
            done <- Completion::new(),
        })),
        GFP_KERNEL,
    )?;
    let _disabled = fault.then(|| tasklet.disable_nosync());

    check!(t, tasklet.schedule());
    tasklet.handler().done.wait_for_completion();
    Ok(())
}

fn long_handler(t: &Test, fault: bool) -> Result {
    let tasklet = probe::<TaskletContext>()?;

    if fault {
        // As long as a probe can be held.
        tasklet.handler().hold();
    }
    run_once(t, &tasklet);
    Ok(())
}

/// A timer that is far from its end.
#[pin_data]
struct Alarm {
    #[pin]
    timer: HrTimer<Self>,
}

impl_has_hr_timer! {
    impl HasHrTimer<Self> for Alarm { mode: RelativeMode<Monotonic>, field: self.timer }
}

impl HrTimerCallback for Alarm {
    type Pointer<'a> = Pin<&'a Self>;

    fn run(_this: Pin<&Self>, _cx: HrTimerCallbackContext<'_, Self>) -> HrTimerRestart {
        HrTimerRestart::NoRestart
    }
}

fn freed_timer(_t: &Test, fault: bool) -> Result {
    let alarm = KBox::pin_init(pin_init!(Alarm { timer <- HrTimer::new() }), GFP_KERNEL)?;
    // SAFETY: None, if the handle is forgotten: that is the fault.
    let handle = unsafe { alarm.as_ref().start(Delta::from_secs(1000)) };

    if fault {
        forget(handle);
    } else {
        drop(handle);
    }
    Ok(())
}

fn rcu_deadlock(_t: &Test, fault: bool) -> Result {
    let context = if fault {
        Context::RcuReadLock
    } else {
        Context::Task
    };

    // SAFETY: None, if this is a reader itself: that is the fault.
    context.run(|| unsafe { kernel::bindings::synchronize_rcu() });
    Ok(())
}
