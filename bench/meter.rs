// SPDX-License-Identifier: GPL-2.0

//! The instrument for the Rust side of the benchmark; `meter.h` is for the C side.
//!
//! Part of each module that is measured, so that it is compiled like a driver.

use core::{
    cell::UnsafeCell,
    ffi::c_void,
    hint::black_box,
    marker::PhantomData, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::ForeignOwnable, //
};

mod c {
    use super::*;

    /// `struct meter_item`
    #[repr(C)]
    pub(super) struct Item {
        pub(super) create: extern "C" fn() -> *mut c_void,
        pub(super) schedule: unsafe extern "C" fn(*const *mut c_void, u32),
        pub(super) schedule_hi: unsafe extern "C" fn(*const *mut c_void, u32),
        pub(super) runs: unsafe extern "C" fn(*mut c_void) -> u64,
        pub(super) destroy: unsafe extern "C" fn(*mut c_void),
    }

    unsafe extern "C" {
        pub(super) safe fn meter_mode() -> u32;
        pub(super) safe fn meter_start();
        pub(super) safe fn meter_stop(counts: bool) -> bool;
        pub(super) fn meter_report(module: *const c_char, what: *const c_char);
        pub(super) fn meter_size(what: *const c_char, bytes: usize);
        pub(crate) safe fn meter_bh_disable();
        pub(crate) safe fn meter_bh_enable();
        pub(super) fn meter_in_softirq(f: unsafe extern "C" fn(*mut c_void), arg: *mut c_void);
        pub(super) fn meter_create(ops: *const Item, count: u32) -> *mut *mut c_void;
        pub(super) fn meter_destroy(ops: *const Item, items: *mut *mut c_void, count: u32);
        pub(super) fn meter_expect(
            module: *const c_char,
            ops: *const Item,
            items: *mut *mut c_void,
            count: u32,
            expected: u64,
        ) -> i32;
        pub(super) fn meter_many(
            module: *const c_char,
            counting: *const Item,
            arriving: *const Item,
        ) -> i32;
        pub(crate) safe fn meter_arrived();
    }
}

pub(crate) use c::{
    meter_arrived as arrived,
    meter_bh_disable as bh_disable,
    meter_bh_enable as bh_enable, //
};

/// One repetition: so many operations, each on an object of its own.
const OPS: u32 = 1000;
const REPEATS: u32 = 10;

/// Whether this run measures single operations, not many bottom halves.
pub(crate) fn operations() -> bool {
    c::meter_mode() == 0
}

/// Reports the size of something.
pub(crate) fn size(what: &CStr, bytes: usize) {
    // SAFETY: A valid string.
    unsafe { c::meter_size(what.as_char_ptr(), bytes) };
}

/// A counter that the handler of one bottom half adds to.
pub(crate) struct Runs(UnsafeCell<u64>);

// SAFETY: The handler does not overlap itself, and others only poll the counter, like READ_ONCE().
unsafe impl Sync for Runs {}

impl Runs {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    #[inline(always)]
    pub(crate) fn count(&self) {
        let runs = self.0.get();
        // Wraps, as in C.
        // SAFETY: See `Sync`.
        unsafe { *runs = (*runs).wrapping_add(1) };
    }

    pub(crate) fn get(&self) -> u64 {
        // SAFETY: See `Sync`.
        unsafe { self.0.get().read_volatile() }
    }
}

/// Something to measure, with its owner.
pub(crate) trait Item: ForeignOwnable + Sized + 'static {
    fn create() -> Result<Self>;
}

/// A bottom half, with its owner.
pub(crate) trait BottomHalf: Item {
    fn schedule(this: Self::Borrowed<'_>);
    fn schedule_hi(this: Self::Borrowed<'_>);
    fn runs(this: Self::Borrowed<'_>) -> u64;

    /// From the schedule to the end of the handler, and what measuring it adds.
    fn run(this: Self::Borrowed<'_>) {
        bh_disable();
        Self::schedule(this);
        bh_enable();
    }

    /// The same at high priority.
    fn run_hi(this: Self::Borrowed<'_>) {
        bh_disable();
        Self::schedule_hi(this);
        bh_enable();
    }
}

/// The functions of `struct meter_item` for a type.
struct Ops<P>(PhantomData<P>);

impl<P: Item> Ops<P> {
    extern "C" fn create() -> *mut c_void {
        P::create().map_or(core::ptr::null_mut(), P::into_foreign)
    }

    /// # Safety
    ///
    /// `item` must come from [`Self::create`], and is freed by this.
    unsafe extern "C" fn destroy(item: *mut c_void) {
        // SAFETY: By the contract of this function.
        drop(unsafe { P::from_foreign(item) });
    }

    /// # Safety
    ///
    /// There must be `count` items, made by [`Self::create`].
    #[inline(always)]
    unsafe fn for_all(items: *const *mut c_void, count: u32, op: impl Fn(P::Borrowed<'_>)) {
        // SAFETY: By the contract of this function.
        for &item in unsafe { core::slice::from_raw_parts(items, count as usize) } {
            // SAFETY: As above.
            op(unsafe { P::borrow(item) });
        }
    }

    extern "C" fn no_schedule(_items: *const *mut c_void, _count: u32) {}

    extern "C" fn no_runs(_item: *mut c_void) -> u64 {
        0
    }

    const ITEM: c::Item = c::Item {
        create: Self::create,
        schedule: Self::no_schedule,
        schedule_hi: Self::no_schedule,
        runs: Self::no_runs,
        destroy: Self::destroy,
    };
}

impl<P: BottomHalf> Ops<P> {
    /// # Safety
    ///
    /// As for [`Self::for_all`].
    unsafe extern "C" fn schedule(items: *const *mut c_void, count: u32) {
        // SAFETY: By the contract of this function.
        unsafe { Self::for_all(items, count, |item| P::schedule(item)) };
    }

    /// # Safety
    ///
    /// As for [`Self::for_all`].
    unsafe extern "C" fn schedule_hi(items: *const *mut c_void, count: u32) {
        // SAFETY: By the contract of this function.
        unsafe { Self::for_all(items, count, |item| P::schedule_hi(item)) };
    }

    /// # Safety
    ///
    /// `item` must come from [`Self::create`].
    unsafe extern "C" fn runs(item: *mut c_void) -> u64 {
        // SAFETY: By the contract of this function.
        P::runs(unsafe { P::borrow(item) })
    }

    const BOTTOM_HALF: c::Item = c::Item {
        create: Self::create,
        schedule: Self::schedule,
        schedule_hi: Self::schedule_hi,
        runs: Self::runs,
        destroy: Self::destroy,
    };
}

/// The module that measures: its name in the results.
pub(crate) struct Meter(pub(crate) &'static CStr);

/// [`OPS`] items.
pub(crate) struct Items<P: Item> {
    items: *mut *mut c_void,
    ops: c::Item,
    _owned: PhantomData<P>,
}

impl<P: Item> Items<P> {
    fn make(ops: c::Item) -> Result<Self> {
        // SAFETY: The functions are for `P`.
        let items = unsafe { c::meter_create(&ops, OPS) };
        if items.is_null() {
            return Err(ENOMEM);
        }
        Ok(Self {
            items,
            ops,
            _owned: PhantomData,
        })
    }

    pub(crate) fn new() -> Result<Self> {
        Self::make(Ops::<P>::ITEM)
    }
}

impl<P: BottomHalf> Items<P> {
    pub(crate) fn bottom_halves() -> Result<Self> {
        Self::make(Ops::<P>::BOTTOM_HALF)
    }
}

impl<P: Item> Drop for Items<P> {
    fn drop(&mut self) {
        // SAFETY: Made with these functions, and not used any more.
        unsafe { c::meter_destroy(&self.ops, self.items, OPS) };
    }
}

impl Meter {
    /// The measurement loop: `op` on each of the items, again and again, each time after `prepare`.
    /// The first time is not counted: it may take another path. The cost of the loop itself is that of an
    /// `op` that does nothing. Returns how many times it measured all items.
    #[inline(never)]
    pub(crate) fn measure<P: Item>(
        &self,
        what: &CStr,
        items: &Items<P>,
        prepare: Option<fn(P::Borrowed<'_>)>,
        op: fn(P::Borrowed<'_>),
    ) -> u64 {
        // A call of a function that the compiler does not know.
        let op = black_box(op);
        let mut rounds = 0;
        let mut measured = 0;
        while measured < REPEATS {
            if let Some(prepare) = prepare {
                // SAFETY: All were made for `P`.
                unsafe { Ops::<P>::for_all(items.items, OPS, prepare) };
            }
            c::meter_start();
            // SAFETY: All were made for `P`.
            unsafe { Ops::<P>::for_all(items.items, OPS, op) };
            if c::meter_stop(rounds > 0) {
                measured += 1;
            }
            rounds += 1;
        }
        // SAFETY: Valid strings.
        unsafe { c::meter_report(self.0.as_char_ptr(), what.as_char_ptr()) };
        rounds
    }

    /// Measures what every bottom half can do; fails if a run did not happen.
    pub(crate) fn measure_bottom_half<P: BottomHalf>(&self, items: &Items<P>) -> Result {
        self.measure(c"nothing", items, None, |_| {});
        self.measure(c"bh", items, None, |_| {
            bh_disable();
            bh_enable();
        });
        let mut rounds = self.measure(c"run", items, None, P::run);
        rounds += self.measure(c"run_hi", items, None, P::run_hi);
        bh_disable();
        self.measure(c"pending", items, Some(P::schedule), P::schedule);
        bh_enable();
        rounds += 1;
        // SAFETY: The items were made with these functions, and the name is a valid string.
        to_result(unsafe {
            let expected = rounds * u64::from(OPS);
            c::meter_expect(self.0.as_char_ptr(), &items.ops, items.items, OPS, expected)
        })
    }

    /// Measures one to many on each CPU: the throughput of the first type, and the latency of the second
    /// one, whose handler calls [`arrived`].
    pub(crate) fn many<Counting: BottomHalf, Arriving: BottomHalf>(&self) -> Result {
        // SAFETY: The functions are for these types, and the name is a valid string.
        to_result(unsafe {
            c::meter_many(
                self.0.as_char_ptr(),
                &Ops::<Counting>::BOTTOM_HALF,
                &Ops::<Arriving>::BOTTOM_HALF,
            )
        })
    }
}

/// Calls `f` in softirq context.
pub(crate) fn in_softirq<F: Fn()>(f: F) {
    /// # Safety
    ///
    /// `arg` must point to an `F`.
    unsafe extern "C" fn call<F: Fn()>(arg: *mut c_void) {
        // SAFETY: By the contract of this function.
        unsafe { (*arg.cast::<F>())() };
    }

    // SAFETY: `f` is valid until this returns.
    unsafe { c::meter_in_softirq(call::<F>, (&raw const f).cast_mut().cast()) };
}
