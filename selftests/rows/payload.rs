// SPDX-License-Identifier: GPL-2.0

//! `payload`: the handler receives its own typed data; nothing is cast.
//!
//! Handlers of many shapes, pending together, each note what they see: whether `self` is where the
//! tasklet says its handler is, and whether the data is unchanged.

use core::marker::PhantomData;

use harness::prelude::*;
use kernel::{
    new_spinlock,
    sync::{
        lock::{
            spinlock::SpinLockBackend,
            Guard, //
        },
        SpinLock, //
    },
};

suite! {
    "payload",
    "The handler receives its own typed data",
    [types, initialised_in_place, failed_initialiser, closures, statics]
}

// ---- Which types may cross threads, decided by the compiler ----

/// A handler that may be used from every thread but not be sent, because of what it could hold. It is public, because
/// some versions of rustc would otherwise warn that it is never made.
pub struct NotSend(PhantomData<Guard<'static, (), SpinLockBackend>>);

impl TaskletHandler for NotSend {
    fn run(&self, _cx: &TaskletContext) {}
}

/// Compiles only if `$type` is not `$trait`: otherwise there are two candidates for `check`.
macro_rules! assert_not {
    ($type:ty: $trait:ident) => {
        const _: () = {
            trait Ambiguous<A> {
                fn check() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $trait> Ambiguous<u8> for T {}
            let _ = <$type as Ambiguous<_>>::check;
        };
    };
}

const _: () = {
    const fn assert_send_and_sync<T: Send + Sync>() {}
    const fn assert_sync<T: Sync>() {}

    assert_send_and_sync::<Tasklet<Probe>>();
    assert_send_and_sync::<Pin<KBox<Tasklet<Probe>>>>();
    assert_send_and_sync::<Arc<Tasklet<Probe>>>();
    assert_send_and_sync::<rust_tasklet::TaskletBox<Probe>>();
    // A guard may be dropped by another thread than the one that disabled.
    assert_send_and_sync::<DisableGuard<'_>>();
    assert_sync::<NotSend>();
};
assert_not!(Tasklet<NotSend>: Send);
assert_not!(TaskletContext: Send);
assert_not!(TaskletContext: Sync);
assert_not!(Tasklet<Probe>: Unpin);

// ---- Handlers of many shapes ----

/// Where the last handler found itself, for each shape.
static SELF: [Counter; 4] = [const { Counter::new() }; 4];
/// Whether it found its data intact.
static INTACT: [Counter; 4] = [const { Counter::new() }; 4];

/// An address, short enough to compare.
fn low_bits<T>(this: &T) -> u32 {
    core::ptr::from_ref(this).addr() as u32
}

fn saw<T>(shape: usize, this: &T, intact: bool) {
    SELF[shape].set(low_bits(this));
    INTACT[shape].add(u32::from(intact));
}

struct Nothing;

impl TaskletHandler for Nothing {
    fn run(&self, _cx: &TaskletContext) {
        saw(0, self, true);
    }
}

#[repr(align(64))]
struct Large([u64; 100]);

impl TaskletHandler for Large {
    fn run(&self, _cx: &TaskletContext) {
        saw(
            1,
            self,
            self.0
                .iter()
                .enumerate()
                .all(|(i, &n)| n == i as u64 * 0x0101),
        );
    }
}

struct Owning(KVec<u8>);

impl TaskletHandler for Owning {
    fn run(&self, _cx: &TaskletContext) {
        saw(2, self, self.0[..] == *b"seen in softirq context");
    }
}

struct Generic<T, const N: usize>([T; N]);

impl<T: PartialEq<u8> + Sync, const N: usize> TaskletHandler for Generic<T, N> {
    fn run(&self, _cx: &TaskletContext) {
        saw(3, self, N == 3 && self.0[2] == 30);
    }
}

fn types(t: &Test) -> Result {
    let nothing = KBox::pin_init(Tasklet::new(Nothing), GFP_KERNEL)?;
    let mut numbers = [0; 100];
    for (i, number) in numbers.iter_mut().enumerate() {
        *number = i as u64 * 0x0101;
    }
    let large = KBox::pin_init(Tasklet::new(Large(numbers)), GFP_KERNEL)?;
    let mut text = KVec::new();
    text.extend_from_slice(b"seen in softirq context", GFP_KERNEL)?;
    let owning = KBox::pin_init(Tasklet::new(Owning(text)), GFP_KERNEL)?;
    let generic = KBox::pin_init(Tasklet::new(Generic([10u8, 20, 30])), GFP_KERNEL)?;

    Context::SoftirqsHeld.run(|| {
        check!(t, nothing.schedule());
        check!(t, large.schedule());
        check!(t, owning.schedule());
        check!(t, generic.schedule());
    });
    wait!(t, INTACT.iter().all(|intact| intact.get() == 1));
    drain();
    check_eq!(t, SELF[0].get(), low_bits(nothing.handler()));
    check_eq!(t, SELF[1].get(), low_bits(large.handler()));
    check_eq!(t, SELF[2].get(), low_bits(owning.handler()));
    check_eq!(t, SELF[3].get(), low_bits(generic.handler()));
    Ok(())
}

#[pin_data]
struct Locked {
    #[pin]
    sum: SpinLock<u32>,
    runs: Counter,
}

impl TaskletHandler for Locked {
    fn run(&self, _cx: &TaskletContext) {
        *self.sum.lock() += 7;
        self.runs.add(1);
    }
}

/// A handler that is pinned itself, with a lock that process context takes as well.
fn initialised_in_place(t: &Test) -> Result {
    let handler = pin_init!(Locked {
        sum <- new_spinlock!(1),
        runs: Counter::new(),
    });
    let tasklet = KBox::pin_init(Tasklet::new(handler), GFP_KERNEL)?;

    for run in 1..=10 {
        tasklet.schedule();
        wait!(t, tasklet.handler().runs.get() == run);
    }
    let off = tasklet.disable()?;
    let sum = Context::BhDisable.run(|| *tasklet.handler().sum.lock());
    check_eq!(t, sum, 71);
    drop(off);
    Ok(())
}

#[pin_data]
struct Fallible {
    never: KBox<u32>,
}

impl TaskletHandler for Fallible {
    fn run(&self, _cx: &TaskletContext) {}
}

fn failed_initialiser(t: &Test) -> Result {
    let handler = try_pin_init!(Fallible {
        never: Err(ENODEV)?,
    });
    let tasklet = KBox::pin_init(Tasklet::new(handler), GFP_KERNEL);
    check_eq!(t, tasklet.err(), Some(ENODEV));
    Ok(())
}

/// Several closures, each with state of its own that no lock guards.
fn closures(t: &Test) -> Result {
    static RAN: Sequence = Sequence::new();
    static DROPPED: Counter = Counter::new();

    struct Noisy(u32);

    impl Drop for Noisy {
        fn drop(&mut self) {
            DROPPED.add(self.0);
        }
    }

    let new = |step| {
        let mut state = (0, Noisy(step));
        KBox::pin_init(
            Tasklet::from_fn(move |_| {
                state.0 += step;
                RAN.push(state.0);
                // The closure owns all of `state`.
                let _ = &state.1;
            }),
            GFP_KERNEL,
        )
    };
    let (ones, tens) = (new(1)?, new(10)?);

    for _ in 0..3 {
        Context::SoftirqsHeld.run(|| {
            ones.schedule();
            tens.schedule();
        });
        wait!(t, !ones.is_scheduled() && !tens.is_scheduled());
        drain();
    }
    check!(t, RAN.is(&[1, 10, 2, 20, 3, 30]));
    check_eq!(t, DROPPED.get(), 0);
    drop(ones);
    check_eq!(t, DROPPED.get(), 1);
    drop(tens);
    check_eq!(t, DROPPED.get(), 11);
    Ok(())
}

struct Named(&'static str, Counter);

impl TaskletHandler for Named {
    fn run(&self, _cx: &TaskletContext) {
        if self.0 == "first" || self.0 == "second" {
            self.1.add(1);
        }
    }
}

static_tasklet! {
    /// Both are of one type and have data of their own.
    static FIRST: Tasklet<Named> = Named("first", Counter::new());
    static SECOND: Tasklet<Named> = Named("second", Counter::new());
}

fn statics(t: &Test) -> Result {
    check!(t, !FIRST.is_parked() && !SECOND.is_parked());
    check!(t, FIRST.schedule());
    wait!(t, FIRST.handler().1.get() == 1);
    drain();
    check_eq!(t, SECOND.handler().1.get(), 0);
    check!(t, SECOND.hi_schedule());
    wait!(t, SECOND.handler().1.get() == 1);
    FIRST.kill()?;
    SECOND.kill()?;
    check_eq!(
        t,
        (FIRST.handler().1.get(), SECOND.handler().1.get()),
        (1, 1)
    );
    Ok(())
}
