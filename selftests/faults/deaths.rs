// SPDX-License-Identifier: GPL-2.0

//! Dropping an inline `Tasklet` or `BhWork` where it cannot wait panics, and says why. Loading this module crashes the kernel, so
//! it is for `expect-reports`, which boots a kernel for each panic.

use core::borrow::Borrow;
use harness::{
    prelude::*,
    run_suite,
    Case, //
};
use kernel::{
    new_spinlock,
    sync::SpinLock, //
};

module! {
    type: Deaths,
    name: "deaths",
    authors: ["The rust_tasklet developers"],
    description: "Panics: drops an inline tasklet where that cannot wait",
    license: "GPL",
    params: {
        drop_in_atomic: u8 { default: 0, description: "1: with preemption disabled", },
        drop_work_in_atomic: u8 { default: 0, description: "1: a work, with preemption disabled", },
        drop_in_hardirq: u8 { default: 0, description: "1: in an interrupt", },
        drop_in_own_handler: u8 { default: 0, description: "1: in its own handler", },
    },
}

struct Deaths;

impl kernel::Module for Deaths {
    fn init(module: &'static ThisModule) -> Result<Self> {
        /// Kernels before 7.3 hand out a reference to a parameter.
        fn is_set(param: impl Borrow<u8>) -> bool {
            *param.borrow() != 0
        }
        let case: (&str, Case) = if is_set(module_parameters::drop_in_atomic.value()) {
            ("drop_in_atomic", |t| {
                drop_in::<TaskletContext>(t, Context::PreemptDisable)
            })
        } else if is_set(module_parameters::drop_work_in_atomic.value()) {
            ("drop_work_in_atomic", |t| {
                drop_in::<BhContext>(t, Context::PreemptDisable)
            })
        } else if is_set(module_parameters::drop_in_hardirq.value()) {
            ("drop_in_hardirq", |t| {
                drop_in::<TaskletContext>(t, Context::Hardirq)
            })
        } else if is_set(module_parameters::drop_in_own_handler.value()) {
            ("drop_in_own_handler", drop_in_own_handler)
        } else {
            pr_err!("no death chosen: set one of the parameters to 1\n");
            return Err(EINVAL);
        };
        run_suite(module, &[case])?;
        Ok(Self)
    }
}

struct Idle;

impl<C: Kind> TaskletHandler<C> for Idle {
    fn run(&self, _cx: &C) {}
}

fn drop_in<C: Kind>(t: &Test, context: Context) -> Result {
    let tasklet = C::make(Idle)?;

    check!(t, tasklet.schedule());
    context.run(move || drop(tasklet));
    t.fail(file!(), line!(), fmt!("the drop returned"));
    Ok(())
}

/// The last reference to its tasklet is dropped in a run.
#[pin_data]
struct Suicide {
    #[pin]
    last: SpinLock<Option<Arc<Tasklet<Suicide>>>>,
}

impl TaskletHandler for Suicide {
    fn run(&self, _cx: &TaskletContext) {
        let last = self.last.lock().take();
        drop(last);
    }
}

fn drop_in_own_handler(t: &Test) -> Result {
    let tasklet = Arc::pin_init(
        Tasklet::new(pin_init!(Suicide {
            last <- new_spinlock!(None),
        })),
        GFP_KERNEL,
    )?;

    Context::BhDisable.run(|| {
        check!(t, tasklet.schedule());
        *tasklet.handler().last.lock() = Some(tasklet.clone());
        // Not the last.
        drop(tasklet);
    });
    temptation();
    t.fail(file!(), line!(), fmt!("the drop returned"));
    Ok(())
}
