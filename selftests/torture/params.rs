// SPDX-License-Identifier: GPL-2.0

//! The parameters of the module, read once and checked.

use core::{
    borrow::Borrow,
    ops::RangeInclusive, //
};
use harness::{
    now_ns,
    prelude::*, //
};
use kernel::{
    fmt,
    sync::SetOnce, //
};

use crate::{
    invariants::Invariant,
    module_parameters,
    order::MAX_CPUS,
    slot::SLOTS, //
};

/// The most threads there may be.
const MAX_THREADS: u32 = 64;
/// With larger weights, their sum could overflow.
const WEIGHT: RangeInclusive<u32> = 0..=1_000_000;
const PER_MILLE: RangeInclusive<u32> = 0..=1000;
const NUMBER: RangeInclusive<u32> = 0..=u32::MAX;
const LARGE_NUMBER: RangeInclusive<u64> = 0..=u64::MAX;

macro_rules! params {
    ($($name:ident: $type:ty = $accepted:expr;)*) => {
        /// The parameters by name.
        #[derive(Clone)]
        pub(crate) struct Params {
            $(pub(crate) $name: $type,)*
        }

        impl Params {
            /// Reads the parameters. If one is out of range, logs the accepted range.
            fn read_all() -> Result<Self> {
                Ok(Self {
                    $($name: within(
                        stringify!($name),
                        value(module_parameters::$name.value()),
                        $accepted,
                    )?,)*
                })
            }
        }

        impl fmt::Display for Params {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(f.write_fmt(fmt!(" {}={}", stringify!($name), self.$name))?;)*
                Ok(())
            }
        }
    };
}

params! {
    seed: u64 = LARGE_NUMBER;
    seconds: u32 = NUMBER;
    ops: u64 = LARGE_NUMBER;
    nthreads: u32 = 0..=MAX_THREADS;
    // One is left for the CPUs that go offline.
    nsubjects: u32 = 1..=SLOTS.len() as u32 - 1;
    irq_us: u32 = 0..=1_000_000;
    run_us: u32 = 0..=1000;
    onoff_ms: u32 = NUMBER;
    stutter_ms: u32 = NUMBER;
    shuffle: u32 = PER_MILLE;
    inject: u32 = NUMBER;
    schedule: u32 = WEIGHT;
    hi_schedule: u32 = WEIGHT;
    disable: u32 = WEIGHT;
    disable_nosync: u32 = WEIGHT;
    keep: u32 = WEIGHT;
    forget: u32 = WEIGHT;
    kill: u32 = WEIGHT;
    synchronize: u32 = WEIGHT;
    close: u32 = WEIGHT;
    self_schedule: u32 = PER_MILLE;
    self_hi_schedule: u32 = PER_MILLE;
    self_close: u32 = PER_MILLE;
    handler_ops: u32 = PER_MILLE;
    form_inline: u32 = WEIGHT;
    form_box: u32 = WEIGHT;
    form_arc: u32 = WEIGHT;
    form_kbox: u32 = WEIGHT;
    form_static: u32 = WEIGHT;
    form_bh_box: u32 = WEIGHT;
    form_bh_arc: u32 = WEIGHT;
}

static PARAMS: SetOnce<Params> = SetOnce::new();

/// The parameters, for any context. There are some as soon as anything runs.
pub(crate) fn get() -> &'static Params {
    match PARAMS.as_ref() {
        Some(params) => params,
        None => unreachable!("the parameters are read first"),
    }
}

impl Params {
    /// Reads the parameters, and replaces those that say "choose".
    pub(crate) fn read() -> Result<&'static Self> {
        let mut this = Self::read_all()?;

        if (1..50).contains(&this.irq_us) {
            return bad(fmt!(
                "irq_us={} is too short, accepted are 0 and from 50",
                this.irq_us
            ));
        }
        if this.inject as usize > Invariant::ALL.len() {
            pr_err!(
                "inject={} is not the number of an invariant; these are:\n",
                this.inject
            );
            for (number, invariant) in (1..).zip(Invariant::ALL) {
                pr_err!("  {number} {}\n", invariant.name());
            }
            return Err(EINVAL);
        }
        // A static belongs to one of the first slots only.
        let tasklets = this.form_inline + this.form_box + this.form_arc + this.form_kbox;
        if tasklets + this.form_bh_box + this.form_bh_arc == 0 {
            return bad(fmt!(
                "all of form_inline to form_kbox, form_bh_box and form_bh_arc are 0, there would be no tasklets"
            ));
        }
        if cpus().any(|cpu| cpu as usize >= MAX_CPUS) {
            return bad(fmt!(
                "this machine has CPUs beyond {MAX_CPUS}, take them offline"
            ));
        }
        if this.nthreads == 0 {
            this.nthreads = u32::min(cpus().count() as u32, MAX_THREADS);
        }
        if this.seed == 0 {
            this.seed = now_ns();
        }
        PARAMS.populate(this);
        Ok(get())
    }

    /// Prints all parameters, in the form of the kernel's other torture tests.
    pub(crate) fn announce(&self, what: fmt::Arguments<'_>) {
        pr_info!("--- {what}:{self}\n");
    }
}

fn bad<T>(why: fmt::Arguments<'_>) -> Result<T> {
    pr_err!("{why}\n");
    Err(EINVAL)
}

fn within<T: PartialOrd + Copy + fmt::Display>(
    name: &str,
    value: T,
    accepted: RangeInclusive<T>,
) -> Result<T> {
    if accepted.contains(&value) {
        return Ok(value);
    }
    let (least, most) = accepted.into_inner();
    pr_err!("{name}={value} is out of range, accepted are {least} to {most}\n");
    Err(EINVAL)
}

/// The value of a parameter: kernels before 7.3 return a reference to it.
fn value<T: Copy>(value: impl Borrow<T>) -> T {
    *value.borrow()
}
