// SPDX-License-Identifier: GPL-2.0

//! [`SpinLockBh`], a spinlock for what process context shares with bottom halves.
//!
//! What the kernel's [`SpinLockIrq`] is for hard interrupts, and built like it: a backend of the
//! kernel's generic lock, a `lock()` that changes the context, and a `lock_with()` that takes a
//! token for the context being right already. Two things differ:
//!
//! - [`SpinLockBh`] is a type of its own, since only the kernel crate can add methods to its lock.
//! - `lock_with()` has a guard of its own. Sleeping in softirq context is worse than a warning, and
//!   that of a plain spinlock could be given to [`CondVar::wait`].
//!
//! [`SpinLockIrq`]: srctree/rust/kernel/sync/lock/spinlock.rs
//! [`CondVar::wait`]: kernel::sync::CondVar::wait

use core::{
    cell::UnsafeCell,
    ops::{
        Deref,
        DerefMut, //
    }, //
};

use kernel::{
    prelude::*,
    sync::{
        lock::{
            spinlock::SpinLockBackend,
            Backend,
            Guard,
            Lock, //
        },
        LockClassKey,
        SpinLock, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    SoftirqContext, //
};

/// Creates a [`SpinLockBh`] initialiser with the given name and a newly-created lock class.
///
/// It uses the name if one is given, otherwise it generates one based on the file name and line
/// number.
///
/// # Examples
///
/// See [`SpinLockBh`].
#[macro_export]
macro_rules! new_spinlock_bh {
    ($inner:expr $(, $name:literal)? $(,)?) => {
        $crate::SpinLockBh::new(
            $inner, ::kernel::optional_name!($($name)?), ::kernel::static_lock_class!())
    };
}

/// A spinlock that keeps the bottom halves of this CPU from running while it is held.
///
/// For data that process context shares with the handler of a tasklet, or with another bottom half.
/// With a plain [`SpinLock`] the handler could interrupt the thread that has the lock and wait for
/// it for ever.
///
/// - [`lock()`] is for process context. What was scheduled on this CPU meanwhile runs when the guard
///   is dropped, at the latest.
/// - [`lock_with()`] is for the handler, where no other bottom half can come in between, so that
///   there is nothing to disable. It costs what a plain [`SpinLock`] costs.
///
/// Data that a hard interrupt uses as well needs a [`SpinLockIrq`]; data that is used in process
/// context only, or by one handler only, needs less than this.
///
/// # Context
///
/// | | task | BH disabled | softirq | hard interrupt, interrupts disabled |
/// |---|---|---|---|---|
/// | [`lock()`], [`try_lock()`] | yes | yes | yes, [`lock_with()`] is cheaper | **no**: may deadlock, warns |
/// | [`lock_with()`], [`try_lock_with()`] | does not compile | does not compile | yes | does not compile |
///
/// On `PREEMPT_RT` waiting for the lock sleeps, in handlers too, which are threads there.
///
/// # What to avoid
///
/// The compiler accepts these, as with every spinlock; lockdep reports most of them:
///
/// - Locking it twice, or two locks in different orders: deadlock.
/// - Sleeping while it is held. Operations of this crate that wait return [`EWOULDBLOCK`] instead.
/// - Taking a plain [`SpinLock`] inside, then dropping this guard first: bottom halves run while the
///   inner lock is still held. Drop guards in the reverse order, as going out of scope does.
/// - Dropping its guard while interrupts are disabled, inside a [`SpinLockIrq`]. It warns once, and
///   the bottom halves wait for the next interrupt. C would run them there, with interrupts enabled.
/// - Forgetting a guard: the lock is held for ever, with bottom halves disabled.
///
/// C header: [`include/linux/spinlock.h`](srctree/include/linux/spinlock.h).
///
/// [`lock()`]: SpinLockBh::lock
/// [`try_lock()`]: SpinLockBh::try_lock
/// [`lock_with()`]: SpinLockBh::lock_with
/// [`try_lock_with()`]: SpinLockBh::try_lock_with
/// [`SpinLockIrq`]: srctree/rust/kernel/sync/lock/spinlock.rs
/// [`EWOULDBLOCK`]: crate::EWOULDBLOCK
///
/// # Examples
///
/// The handler collects, a thread takes what there is:
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::{new_spinlock_bh, SpinLockBh, Tasklet, TaskletContext, TaskletHandler};
///
/// struct Stats {
///     packets: u64,
///     bytes: u64,
/// }
///
/// #[pin_data]
/// struct Rx {
///     #[pin]
///     stats: SpinLockBh<Stats>,
/// }
///
/// impl TaskletHandler for Rx {
///     fn run(&self, cx: &TaskletContext) {
///         let mut stats = self.stats.lock_with(cx);
///         stats.packets += 1;
///         stats.bytes += 1500;
///     }
/// }
///
/// let rx = KBox::pin_init(
///     Tasklet::new(pin_init!(Rx {
///         stats <- new_spinlock_bh!(Stats { packets: 0, bytes: 0 }),
///     })),
///     GFP_KERNEL,
/// )?;
/// rx.schedule();
///
/// let stats = rx.handler().stats.lock();
/// // Even if the handler is due on this CPU, the two belong together.
/// assert_eq!(stats.bytes, 1500 * stats.packets);
/// # Ok::<(), Error>(())
/// ```
#[pin_data]
pub struct SpinLockBh<T: ?Sized> {
    #[pin]
    lock: Lock<T, SpinLockBhBackend>,
}

/// A kernel `spinlock_t` lock backend that disables bottom halves while the lock is held.
pub struct SpinLockBhBackend;

/// A [`Guard`] acquired from locking a [`SpinLockBh`] using [`lock()`](SpinLockBh::lock).
///
/// It will unlock the [`SpinLockBh`] and enable bottom halves upon being dropped, which runs those
/// that are due, unless they are still disabled for another reason.
pub type SpinLockBhGuard<'a, T> = Guard<'a, T, SpinLockBhBackend>;

// C helpers, although the kernel exports `_raw_spin_lock_bh()`: only without PREEMPT_RT (where the
// lock is another structure, too) and CONFIG_INLINE_SPIN_LOCK_BH, and calling it from here would
// save no more than the three instructions of the helper that jumps there, of 35 that locking and
// unlocking take. The kernel's own Rust locks go through helpers as well.
//
// SAFETY: The underlying kernel `spinlock_t` object ensures mutual exclusion. `relock` uses the
// default implementation that always calls the same locking method.
unsafe impl Backend for SpinLockBhBackend {
    type State = <SpinLockBackend as Backend>::State;
    type GuardState = ();

    #[inline]
    unsafe fn init(
        ptr: *mut Self::State,
        name: *const c_char,
        key: *mut kernel::bindings::lock_class_key,
    ) {
        // SAFETY: The contract is the same.
        unsafe { SpinLockBackend::init(ptr, name, key) }
    }

    #[inline]
    unsafe fn lock(ptr: *mut Self::State) -> Self::GuardState {
        // SAFETY: The safety requirements of this function ensure that `ptr` points to valid
        // memory, and that it has been initialised before.
        unsafe { bindings::rust_tasklet_spin_lock_bh(ptr.cast()) }
    }

    #[inline]
    unsafe fn unlock(ptr: *mut Self::State, _guard_state: &Self::GuardState) {
        // SAFETY: The safety requirements of this function ensure that `ptr` is valid and that the
        // caller is the owner of the spinlock.
        unsafe { bindings::rust_tasklet_spin_unlock_bh(ptr.cast()) }
    }

    #[inline]
    unsafe fn try_lock(ptr: *mut Self::State) -> Option<Self::GuardState> {
        // SAFETY: The `ptr` pointer is guaranteed to be valid and initialized before use.
        unsafe { bindings::rust_tasklet_spin_trylock_bh(ptr.cast()) }.then_some(())
    }

    #[inline]
    unsafe fn assert_is_held(_ptr: *mut Self::State) {
        // Every `lock()` comes here: without lockdep not even an empty call.
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: The contract is the same.
        unsafe {
            SpinLockBackend::assert_is_held(_ptr)
        };
    }
}

/// Construction.
impl<T> SpinLockBh<T> {
    /// Constructs a new lock initialiser. Usually called by [`new_spinlock_bh!`](crate::new_spinlock_bh).
    ///
    /// C macro: `spin_lock_init()`.
    pub fn new(
        t: impl PinInit<T>,
        name: &'static CStr,
        key: Pin<&'static LockClassKey>,
    ) -> impl PinInit<Self> {
        pin_init!(Self {
            lock <- Lock::new(t, name, key),
        })
    }
}

/// Operations.
impl<T: ?Sized> SpinLockBh<T> {
    /// Acquires the lock, with bottom halves disabled, and gives access to the data.
    ///
    /// For process context; right in softirq context too, but [`SpinLockBh::lock_with`] is cheaper
    /// there. Must not be called with interrupts disabled, nor in a hard interrupt.
    ///
    /// C function: `spin_lock_bh()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_tasklet::SpinLockBh;
    ///
    /// fn add(bytes: &SpinLockBh<u64>, new: u64) {
    ///     *bytes.lock() += new;
    /// }
    ///
    /// fn peek(bytes: &SpinLockBh<u64>) -> Option<u64> {
    ///     Some(*bytes.try_lock()?)
    /// }
    /// # let bytes = KBox::pin_init(rust_tasklet::new_spinlock_bh!(0), GFP_KERNEL)?;
    /// # add(&bytes, 3);
    /// # assert_eq!(peek(&bytes), Some(3));
    /// # let _held = bytes.lock();
    /// # assert_eq!(peek(&bytes), None);
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn lock(&self) -> SpinLockBhGuard<'_, T> {
        self.lock.lock()
    }

    /// Tries to acquire the lock, with bottom halves disabled.
    ///
    /// Otherwise like [`SpinLockBh::lock`]; C macro: `spin_trylock_bh()`.
    #[must_use = "if unused, the lock will be immediately unlocked"]
    #[inline]
    pub fn try_lock(&self) -> Option<SpinLockBhGuard<'_, T>> {
        self.lock.try_lock()
    }

    /// Acquires the lock in softirq context, without touching the state of bottom halves.
    ///
    /// C function: `spin_lock()`. See [`SpinLockBh`] for an example.
    #[inline]
    pub fn lock_with<'a>(&'a self, context: &'a SoftirqContext) -> SpinLockBhSoftirqGuard<'a, T> {
        SpinLockBhSoftirqGuard(self.as_lock_in_softirq(context).lock())
    }

    /// Tries to acquire the lock in softirq context, without touching the state of bottom halves.
    ///
    /// Otherwise like [`SpinLockBh::lock_with`]; C macro: `spin_trylock()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_tasklet::{SpinLockBh, TaskletContext};
    ///
    /// /// If a thread holds the lock right now, come back later.
    /// fn account(bytes: &SpinLockBh<u64>, new: u64, cx: &TaskletContext) {
    ///     match bytes.try_lock_with(cx) {
    ///         Some(mut bytes) => *bytes += new,
    ///         None => {
    ///             cx.schedule();
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use = "if unused, the lock will be immediately unlocked"]
    #[inline]
    pub fn try_lock_with<'a>(
        &'a self,
        context: &'a SoftirqContext,
    ) -> Option<SpinLockBhSoftirqGuard<'a, T>> {
        let guard = self.as_lock_in_softirq(context).try_lock()?;
        Some(SpinLockBhSoftirqGuard(guard))
    }

    /// A mutable reference to the data, without locking: nobody else can have the lock now.
    ///
    /// For a destructor, in any context. It is not a method, as it would have the name of one of [`Pin`].
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use rust_tasklet::SpinLockBh;
    ///
    /// #[pin_data(PinnedDrop)]
    /// struct Rx {
    ///     #[pin]
    ///     queue: SpinLockBh<KVec<u32>>,
    /// }
    ///
    /// #[pinned_drop]
    /// impl PinnedDrop for Rx {
    ///     fn drop(self: Pin<&mut Self>) {
    ///         let left = SpinLockBh::get_mut(self.project().queue);
    ///         pr_info!("{} packets were left\n", left.len());
    ///     }
    /// }
    /// # let rx = KBox::pin_init(
    /// #     pin_init!(Rx { queue <- rust_tasklet::new_spinlock_bh!(KVec::new()) }),
    /// #     GFP_KERNEL,
    /// # )?;
    /// # drop(rx);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn get_mut(this: Pin<&mut Self>) -> Pin<&mut T> {
        // SAFETY: Nothing is moved out of it.
        let lock: *mut Lock<T, SpinLockBhBackend> =
            unsafe { &raw mut this.get_unchecked_mut().lock };
        // CAST: `Lock` is `repr(C)`, and what it has between its state and its data has no size.
        let layout = lock as *mut LockLayout<T>;
        // SAFETY: The layouts are the same, and the borrow of `this` is the only one. The data is pinned
        // with the lock.
        unsafe { Pin::new_unchecked(&mut *(*layout).data.get()) }
    }

    /// The same lock, as one that leaves bottom halves alone.
    #[inline]
    fn as_lock_in_softirq<'a>(&'a self, _context: &'a SoftirqContext) -> &'a SpinLock<T> {
        let lock: *const Lock<T, SpinLockBhBackend> = &raw const self.lock;
        // CAST: The backends have the same `State`, which is all that `Lock` uses of them, and
        // `Lock` is `repr(C)`.
        // SAFETY: The layouts are the same. Both backends lock the same `spinlock_t`, and the guard
        // knows how to unlock it. That `_context` is there keeps it from deadlock, not from harm.
        unsafe { &*(lock as *const SpinLock<T>) }
    }
}

/// A [`Lock`] with its fields.
#[repr(C)]
struct LockLayout<T: ?Sized> {
    state: Opaque<<SpinLockBackend as Backend>::State>,
    data: UnsafeCell<T>,
}

macro_rules! assert_lock_layout {
    ($($t:ty),*) => {$(
        static_assert!(size_of::<LockLayout<$t>>() == size_of::<Lock<$t, SpinLockBhBackend>>());
        static_assert!(align_of::<LockLayout<$t>>() == align_of::<Lock<$t, SpinLockBhBackend>>());
    )*};
}
// Sizes that leave no place for anything else before the data.
assert_lock_layout!((), u8, u64, [u64; 3]);

/// For what the kernel crate does with any lock, such as [`LockedBy`](kernel::sync::LockedBy).
impl<T: ?Sized> Deref for SpinLockBh<T> {
    type Target = Lock<T, SpinLockBhBackend>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.lock
    }
}

/// A guard acquired from locking a [`SpinLockBh`] using [`lock_with()`](SpinLockBh::lock_with).
///
/// It will unlock the [`SpinLockBh`] upon being dropped, which is before the handler returns. Other than a
/// [`Guard`], it cannot be given to a [`CondVar`](kernel::sync::CondVar): bottom halves must not sleep.
#[must_use = "the lock unlocks immediately when the guard is unused"]
pub struct SpinLockBhSoftirqGuard<'a, T: ?Sized>(Guard<'a, T, SpinLockBackend>);

impl<T: ?Sized> SpinLockBhSoftirqGuard<'_, T> {
    /// A pinned mutable reference to the protected data; see [`Guard::as_mut`].
    #[inline]
    pub fn as_mut(&mut self) -> Pin<&mut T> {
        self.0.as_mut()
    }
}

impl<T: ?Sized> Deref for SpinLockBhSoftirqGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + Unpin> DerefMut for SpinLockBhSoftirqGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
