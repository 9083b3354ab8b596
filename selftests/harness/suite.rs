// SPDX-License-Identifier: GPL-2.0

//! Suites of cases, which report KTAP, and expectations.

use core::ffi::c_void;
use kernel::{
    fmt::Arguments,
    prelude::*, //
};

use crate::{
    c,
    counters::Counter,
    wait::{
        poll,
        NO_PATIENCE_MS,
        PATIENCE_MS, //
    }, //
};

/// How long a case may take before it is reported as hanging.
const CASE_LIMIT_MS: u32 = 60_000;

/// One test case.
pub type Case = fn(&Test) -> Result;

/// The cases of a suite, with their names.
///
/// Those that come after `both` are generic functions, and run for tasklets and, with `bh_` before their names, for BH
/// works.
#[macro_export]
macro_rules! cases {
    (both [$($both:ident),+ $(,)?] $(, [$($case:ident),* $(,)?])?) => {
        &[
            $((stringify!($both), $both::<::rust_tasklet::TaskletContext> as $crate::Case),)+
            $((concat!("bh_", stringify!($both)), $both::<::rust_tasklet::BhContext> as $crate::Case),)+
            $($((stringify!($case), $case as $crate::Case),)*)?
        ]
    };
    ([$($case:ident),+ $(,)?]) => {
        &[$((stringify!($case), $case as $crate::Case),)+]
    };
}

/// Declares a test module: its name, what it shows, and its [`cases`], run when it is loaded.
#[macro_export]
macro_rules! suite {
    ($name:tt, $description:tt, $($cases:tt)+) => {
        ::kernel::prelude::module! {
            type: Suite,
            name: $name,
            authors: ["The rust_tasklet developers"],
            description: $description,
            license: "GPL",
        }

        struct Suite;

        impl ::kernel::Module for Suite {
            fn init(module: &'static ::kernel::ThisModule) -> ::kernel::error::Result<Self> {
                $crate::run_suite(module, $crate::cases!($($cases)+))?;
                Ok(Self)
            }
        }
    };
}

/// Prints one line to the kernel log.
#[inline]
pub fn print(line: Arguments<'_>) {
    // One call, so that the line stays whole, and no prefix.
    // SAFETY: The format is KERN_INFO and takes a `fmt::Arguments`, which `line` is.
    unsafe { kernel::bindings::_printk(c"\x016%pA\n".as_char_ptr(), &raw const line) };
}

/// Runs `cases` one after the other, each in a thread on CPU 0, and prints the results as KTAP.
///
/// Use [`suite!`].
#[inline]
pub fn run_suite(module: &'static ThisModule, cases: &[(&'static str, Case)]) -> Result {
    let mut hanging = false;

    print(fmt!("KTAP version 1"));
    print(fmt!("1..{}", cases.len()));
    for (index, &(name, case)) in cases.iter().enumerate() {
        let number = index + 1;
        if hanging {
            print(fmt!("not ok {number} {name} # SKIP an earlier case hangs"));
            continue;
        }

        let test = KBox::into_raw(KBox::new(Test::new(name, case), GFP_KERNEL)?);
        // SAFETY: `test` is valid, and is freed only after the thread has finished with it.
        let thread =
            unsafe { c::selftest_thread_start(0, Test::main, test.cast(), core::ptr::null_mut()) };
        if thread.is_null() {
            // SAFETY: `test` comes from `KBox::into_raw()` and no thread has it.
            drop(unsafe { KBox::from_raw(test) });
            return Err(ENOMEM);
        }
        // SAFETY: `thread` is valid until it is freed.
        if unsafe { c::selftest_thread_wait(thread, CASE_LIMIT_MS) } {
            // SAFETY: The thread has finished, so nobody else uses `thread` and `test`.
            let test = unsafe {
                c::selftest_thread_free(thread);
                KBox::from_raw(test)
            };
            let failed = test.failures.get() != 0;
            print(fmt!(
                "{}ok {number} {name}",
                if failed { "not " } else { "" }
            ));
        } else {
            // The thread continues to use its stack, `test`, and the code of the module: all three stay.
            hanging = true;
            // SAFETY: The module is being loaded, so it is there to be pinned.
            unsafe { c::selftest_pin(module.as_ptr().cast()) };
            print(fmt!(
                "not ok {number} {name} # TIMEOUT {} seconds",
                CASE_LIMIT_MS / 1000
            ));
        }
    }
    Ok(())
}

/// A running case: what its expectations are counted in.
pub struct Test {
    name: &'static str,
    case: Case,
    failures: Counter,
}

impl Test {
    #[inline]
    fn new(name: &'static str, case: Case) -> Self {
        Self {
            name,
            case,
            failures: Counter::new(),
        }
    }

    /// The thread of the case.
    ///
    /// # Safety
    ///
    /// `this` must point to a `Test` that outlives the thread.
    #[inline]
    unsafe extern "C" fn main(this: *mut c_void) {
        // SAFETY: By the safety requirement.
        let this = unsafe { &*this.cast::<Self>() };
        if let Err(e) = (this.case)(this) {
            this.fail(file!(), line!(), fmt!("the case ended with {e:?}"));
        }
    }

    /// Fails the case, which continues, so that it can clean up. Any context.
    #[inline]
    pub fn fail(&self, file: &str, line: u32, what: Arguments<'_>) {
        let file = file.rsplit('/').next().unwrap_or(file);
        self.failures.add(1);
        print(fmt!("# {}: {file}:{line}: {what}", self.name));
    }

    /// Prints something a reader of the results may want to know.
    #[inline]
    pub fn note(&self, what: Arguments<'_>) {
        print(fmt!("# {}: {what}", self.name));
    }

    /// Announces that `tasklets` live tasklets are left behind: as many warnings are due at unload.
    #[inline]
    pub fn leaks(&self, tasklets: u32) {
        print(fmt!("# leaks {tasklets}"));
    }

    /// Whether an expectation has failed.
    #[inline]
    pub fn failed(&self) -> bool {
        self.failures.get() != 0
    }

    /// Sleeps until `condition` holds. False: it did not come true in time. Use [`wait!`].
    #[inline]
    pub fn wait(&self, condition: impl Fn() -> bool) -> bool {
        let limit = if self.failed() {
            NO_PATIENCE_MS
        } else {
            PATIENCE_MS
        };
        poll(limit, condition, c::selftest_doze)
    }
}

/// Expects a condition; a failure is recorded and the case continues.
#[macro_export]
macro_rules! check {
    ($t:expr, $condition:expr) => {
        $crate::check!($t, $condition, "here")
    };
    ($t:expr, $condition:expr, $($where:tt)+) => {
        if !$condition {
            $t.fail(
                file!(),
                line!(),
                ::kernel::prelude::fmt!(
                    "expected {} {}",
                    stringify!($condition),
                    ::kernel::prelude::fmt!($($where)+)
                ),
            );
        }
    };
}

/// Expects two values to be equal; a failure is recorded with both and the case continues.
#[macro_export]
macro_rules! check_eq {
    ($t:expr, $left:expr, $right:expr $(,)?) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left != *right {
                    $t.fail(
                        file!(),
                        line!(),
                        ::kernel::prelude::fmt!(
                            "expected {} == {}: left {:?}, right {:?}",
                            stringify!($left),
                            stringify!($right),
                            left,
                            right
                        ),
                    );
                }
            }
        }
    };
}

/// Sleeps until a condition holds; if it does not in time, that is recorded and the case continues.
#[macro_export]
macro_rules! wait {
    ($t:expr, $condition:expr) => {
        if !$t.wait(|| $condition) {
            $t.fail(
                file!(),
                line!(),
                ::kernel::prelude::fmt!("waited in vain for {}", stringify!($condition)),
            );
        }
    };
}
