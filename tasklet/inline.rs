// SPDX-License-Identifier: GPL-2.0

//! [`Tasklet`] and [`BhWork`], the inline form: a pinned value, placed wherever its user wants it.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ptr::NonNull, //
};

use kernel::prelude::*;

use crate::{
    bindings,
    BhContext,
    BottomHalfContext,
    DisableGuard,
    TaskletContext,
    TaskletFn,
    TaskletHandler, //
};

use super::{
    context,
    handler::{
        Run,
        Standalone, //
    },
    node::{
        RawTasklet,
        Vtable, //
    },
    prim::{
        Callback,
        Priority, //
    },
    work::KernelWork, //
};

/// A tasklet and its handler. Its operations are those of every [`BottomHalf`].
///
/// C header: [`include/linux/interrupt.h`](srctree/include/linux/interrupt.h).
///
/// # Examples
///
/// See [`BottomHalf`].
pub type Tasklet<H> = BottomHalf<H, TaskletContext>;

/// A work item on a BH workqueue, and its handler: the way out of tasklets. Its operations are those of every
/// [`BottomHalf`].
///
/// To a driver it is a tasklet, with these differences:
///
/// - Its priority is fixed when it is made: [`BhWork::new`] or [`BhWork::new_hi`]. There is no `hi_schedule`, because
///   one work item on two queues overlaps itself.
/// - Of high ones that are pending, ten run before normal ones get their turn, not all.
/// - Scheduled while it runs on another CPU, or has just run there, it runs there once more, not on the CPU that
///   scheduled it. Enabled while it is pending, it runs on the CPU that enabled it.
/// - It should not be on the stack: with `CONFIG_DEBUG_OBJECTS_WORK` the kernel complains.
/// - While it is disabled and pending it costs nothing. A CPU on which a disabled tasklet is pending tries again
///   and again.
/// - A CPU cannot go offline while the handler of one always reschedules itself there.
/// - The trace events are `workqueue:workqueue_execute_start` and `workqueue_execute_end`.
///
/// C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h).
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use rust_tasklet::BhWork;
///
/// let mut runs = 0;
/// let work = KBox::pin_init(
///     BhWork::from_fn(move |_cx| {
///         runs += 1;
///         pr_info!("run {runs}\n");
///     }),
///     GFP_KERNEL,
/// )?;
/// let off = work.disable()?;
/// assert!(work.schedule());
/// off.enable();
/// work.kill()?;
/// # Ok::<(), Error>(())
/// ```
pub type BhWork<H> = BottomHalf<H, BhContext>;

/// A bottom half and its handler: a [`Tasklet`] or a [`BhWork`], as its context `C` says.
///
/// What is said of tasklets here is true of works as well.
///
/// It needs no allocation of its own and works wherever a pinned value can be: as a `#[pin]` field,
/// in a [`KBox`] or an [`Arc`](kernel::sync::Arc), on the stack, and with
/// [`static_tasklet!`](crate::static_tasklet) in a static.
///
/// Dropping it kills it: a pending run takes place, unless the tasklet is disabled; the drop waits for
/// a running handler, and then drops the handler's data.
///
/// # Panics
///
/// Dropping it in atomic context panics if it was scheduled or revived and not killed since: the
/// drop cannot wait there, and must not leave the tasklet reachable. If you do not know where the last
/// reference will be dropped, call [`Tasklet::kill`] first: after that it may be dropped anywhere.
///
/// # Lockdep
///
/// [`disable`], [`kill`] and [`synchronize`] tell lockdep of the wait before they check the context. So a
/// caller that holds a lock which the handler takes is reported, although all that happens is an error.
///
/// [`disable`]: Tasklet::disable
/// [`kill`]: Tasklet::kill
/// [`synchronize`]: Tasklet::synchronize
///
/// # Invariants
///
/// `raw` was made with the vtable for `H` and `C`, and is followed by an initialised handler.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use kernel::sync::atomic::{Atomic, Relaxed};
/// use rust_tasklet::{Tasklet, TaskletContext, TaskletHandler};
///
/// struct Rx {
///     packets: Atomic<u32>,
/// }
///
/// impl TaskletHandler for Rx {
///     fn run(&self, _cx: &TaskletContext) {
///         self.packets.fetch_add(1, Relaxed);
///     }
/// }
///
/// #[pin_data]
/// struct Device {
///     #[pin]
///     rx: Tasklet<Rx>,
/// }
///
/// let device = KBox::pin_init(
///     pin_init!(Device {
///         rx <- Tasklet::new(Rx { packets: Atomic::new(0) }),
///     }),
///     GFP_KERNEL,
/// )?;
///
/// assert!(device.rx.schedule());
/// device.rx.kill()?;
/// assert_eq!(device.rx.handler().packets.load(Relaxed), 1);
/// # Ok::<(), Error>(())
/// ```
#[repr(C)]
#[pin_data]
pub struct BottomHalf<H, C> {
    // First, so that the kernel's pointer leads to the handler. Dropped first as well.
    #[pin]
    pub(super) raw: RawTasklet,
    #[pin]
    pub(super) handler: H,
    #[pin]
    pub(super) _pin: PhantomPinned,
    pub(super) _context: PhantomData<fn(C)>,
}

/// Construction.
impl<H: Run<C>, C: BottomHalfContext> BottomHalf<H, C> {
    pub(super) const VTABLE: &'static Vtable = &Self::vtable(None);

    /// The vtable of a tasklet whose owner is dropped by `release`, or in place.
    pub(super) const fn vtable(release: Option<unsafe fn(NonNull<RawTasklet>)>) -> Vtable {
        Vtable {
            callback: if C::IS_WORK {
                Callback::Work(Self::work_callback)
            } else {
                Callback::Tasklet(Self::callback)
            },
            run: Self::run,
            name: core::any::type_name::<H::Named>,
            field: H::FIELD,
            release,
        }
    }

    /// The function that the kernel calls for a tasklet.
    ///
    /// # Safety
    ///
    /// Only for the kernel to call, as the callback of this type.
    unsafe extern "C" fn callback(tasklet: *mut bindings::tasklet_struct) {
        // SAFETY: The kernel passes what was scheduled, whose first field is its structure. It is pinned,
        // and nobody drops it before RUN is clear.
        let raw = unsafe { &*tasklet.cast::<RawTasklet>() };
        if raw.enter() {
            // SAFETY: This is the callback of this type.
            unsafe { Self::run(raw) };
            raw.exit();
        }
    }

    /// The function that the kernel calls for a work item.
    ///
    /// # Safety
    ///
    /// Only for the kernel to call, as the function of this type.
    unsafe extern "C" fn work_callback(work: *mut bindings::work_struct) {
        let work: *const KernelWork = work.cast();
        // SAFETY: The kernel passes what was queued, whose first field is its structure. It is pinned, and nobody
        // drops it before it is held up or RUN is clear.
        if !unsafe { (*work).begin() } {
            return;
        }
        // SAFETY: As above.
        let raw = unsafe { &*work.cast::<RawTasklet>() };
        if raw.enter() {
            // SAFETY: This is the callback of this type.
            unsafe { Self::run(raw) };
            raw.exit();
        }
        // What is left of this function needs only its code, and a module's code is freed after an RCU grace period,
        // which waits for softirqs.
        // SAFETY: A run has begun, and here it ends.
        unsafe { KernelWork::end(work) };
    }

    /// Calls the handler.
    ///
    /// # Safety
    ///
    /// Only for the callback of this type; `raw` must be the first field of one.
    #[inline(always)]
    unsafe fn run(raw: &RawTasklet) {
        // SAFETY: By the contract of this function and the type invariant, and this is its callback.
        unsafe {
            let this = &*core::ptr::from_ref(raw).cast::<Self>();
            this.handler.run(context::from_raw(raw));
        }
    }

    /// `vtable` must be one of [`Self::vtable`].
    pub(super) fn init<E>(
        handler: impl PinInit<H, E>,
        vtable: &'static Vtable,
        priority: Priority,
        disabled: bool,
    ) -> impl PinInit<Self, E> {
        // INVARIANT: The vtable is for `H`, and the handler follows.
        try_pin_init!(Self {
            raw: RawTasklet::fresh(vtable, priority, disabled),
            handler <- handler,
            _pin: PhantomPinned,
            _context: PhantomData,
        }? E)
    }

    /// For [`static_tasklet!`](crate::static_tasklet).
    ///
    /// # Safety
    ///
    /// The result must be the initial value of a static.
    #[doc(hidden)]
    pub const unsafe fn new_static(handler: H, disabled: bool) -> Self
    where
        H: Standalone<C>,
    {
        // INVARIANT: The vtable is for `H`, and the handler follows.
        Self {
            raw: RawTasklet::fresh(Self::VTABLE, Priority::Normal, disabled),
            handler,
            _pin: PhantomPinned,
            _context: PhantomData,
        }
    }
}

/// Construction.
impl<H: TaskletHandler<C> + Run<C> + 'static, C: BottomHalfContext> BottomHalf<H, C> {
    /// Makes a tasklet of a handler, enabled and ready to be scheduled.
    ///
    /// May be called in any context; nothing is registered before the first [`Tasklet::schedule`].
    ///
    /// C function: `tasklet_setup()`.
    ///
    /// # Errors
    ///
    /// Those of `handler`.
    ///
    /// # Examples
    ///
    /// See [`Tasklet`].
    pub fn new<E>(handler: impl PinInit<H, E>) -> impl PinInit<Self, E> {
        Self::init(handler, Self::VTABLE, Priority::Normal, false)
    }

    /// Makes a tasklet that is disabled: it may be scheduled, and runs after [`Tasklet::enable`].
    ///
    /// Otherwise like [`Tasklet::new`]. C macro: `DECLARE_TASKLET_DISABLED()`.
    pub fn new_disabled<E>(handler: impl PinInit<H, E>) -> impl PinInit<Self, E> {
        Self::init(handler, Self::VTABLE, Priority::Normal, true)
    }
}

impl<H: TaskletHandler<BhContext> + 'static> BhWork<H> {
    /// Makes a work of a handler that runs at high priority: before normal bottom halves, timers and the network.
    ///
    /// Otherwise like [`BhWork::new`]. C variable: `system_bh_highpri_wq`.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use rust_tasklet::{BhContext, BhWork, TaskletHandler};
    ///
    /// struct Urgent;
    ///
    /// impl TaskletHandler<BhContext> for Urgent {
    ///     fn run(&self, _cx: &BhContext) {}
    /// }
    ///
    /// let work = KBox::pin_init(BhWork::new_hi(Urgent), GFP_KERNEL)?;
    /// assert!(work.schedule());
    /// # work.kill()?;
    /// # Ok::<(), Error>(())
    /// ```
    pub fn new_hi<E>(handler: impl PinInit<H, E>) -> impl PinInit<Self, E> {
        Self::init(handler, Self::VTABLE, Priority::High, false)
    }
}

impl<F, C> BottomHalf<TaskletFn<F>, C>
where
    F: FnMut(&C) + Send + 'static,
    TaskletFn<F>: Run<C>,
    C: BottomHalfContext,
{
    /// Makes a tasklet of a closure, enabled and ready to be scheduled.
    ///
    /// The closure may change what it owns without a lock, because runs of one tasklet never
    /// overlap. Nobody else can look at its state; for that, use [`Tasklet::new`].
    ///
    /// May be called in any context. C function: `tasklet_setup()`.
    ///
    /// # Examples
    ///
    /// See [`TaskletContext::schedule`].
    pub fn from_fn(f: F) -> impl PinInit<Self> {
        Self::init(TaskletFn::new(f), Self::VTABLE, Priority::Normal, false)
    }
}

/// The handler.
impl<H: TaskletHandler<C>, C> BottomHalf<H, C> {
    /// The handler's data, for any context. The handler may be running. See [`Tasklet`] for an example.
    pub fn handler(&self) -> &H {
        &self.handler
    }
}

/// High priority, which tasklets only have for each schedule.
impl<H> Tasklet<H> {
    /// Schedules the handler at high priority: before normal tasklets, timers and the network.
    ///
    /// A tasklet that is pending at normal priority stays at normal priority, and this returns `false`.
    /// Otherwise like [`Tasklet::schedule`]. C function: `tasklet_hi_schedule()`.
    #[inline]
    pub fn hi_schedule(&self) -> bool {
        // SAFETY: By the type invariant.
        let kernel = unsafe { context::kernel::<TaskletContext>(&self.raw) };
        self.raw.schedule(kernel, Priority::High)
    }
}

/// Operations.
impl<H, C: BottomHalfContext> BottomHalf<H, C> {
    /// Schedules the handler to run soon, on this CPU, in softirq context.
    ///
    /// Returns `true` if this call queued it: the handler runs once for it, unless the tasklet is
    /// killed. Returns `false` if it was pending already; then one run serves all, and sees what the
    /// caller wrote before. Also returns `false` while the tasklet is parked, and nothing will run: it was
    /// killed, it is embedded and has no handle, which is logged once, or the exit function of the handler's module
    /// has returned.
    ///
    /// May be called in any context but NMI, and never sleeps. The first call for a tasklet takes a
    /// global spinlock for a moment; every later one costs what it costs in C.
    ///
    /// C functions: `tasklet_schedule()`, `queue_work()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_tasklet::Tasklet;
    ///
    /// /// The top half: acknowledges the device and leaves the rest to the tasklet.
    /// fn top_half<H>(rx: &Tasklet<H>, urgent: bool) {
    ///     let queued = if urgent { rx.hi_schedule() } else { rx.schedule() };
    ///     if !queued {
    ///         // Still pending from the last interrupt; that run will see this one's data too.
    ///     }
    /// }
    /// # let rx = KBox::pin_init(Tasklet::from_fn(|_cx| ()), GFP_KERNEL)?;
    /// # let _off = rx.disable()?;
    /// # top_half(&rx, true);
    /// # assert!(rx.is_scheduled());
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn schedule(&self) -> bool {
        // SAFETY: By the type invariant.
        let kernel = unsafe { context::kernel::<C>(&self.raw) };
        self.raw.schedule(kernel, Priority::Normal)
    }

    /// Keeps the handler from running, and waits until it does not run.
    ///
    /// The tasklet may be scheduled meanwhile, and runs once after the last [`DisableGuard`] is dropped.
    /// Keep that time short: a CPU on which a disabled tasklet is pending tries again and again.
    ///
    /// Task context only; sleeps while the handler runs. See [Lockdep](Tasklet#lockdep).
    ///
    /// C function: `tasklet_disable()`.
    ///
    /// # Errors
    ///
    /// [`EWOULDBLOCK`](crate::EWOULDBLOCK) in atomic context, handlers included. Nothing is changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use rust_tasklet::Tasklet;
    ///
    /// fn reconfigure<H>(rx: &Tasklet<H>) -> Result {
    ///     let _off = rx.disable()?;
    ///     // The handler neither runs nor starts before `_off` goes out of scope.
    ///     Ok(())
    /// }
    ///
    /// fn pause_from_irq<H>(rx: &Tasklet<H>) {
    ///     rx.disable_nosync().keep();
    /// }
    ///
    /// fn resume<H>(rx: &Tasklet<H>) -> Result {
    ///     rx.enable()?;
    ///     assert_eq!(rx.enable(), Err(EINVAL));
    ///     Ok(())
    /// }
    /// # let rx = KBox::pin_init(Tasklet::from_fn(|_cx| ()), GFP_KERNEL)?;
    /// # reconfigure(&rx)?;
    /// # assert_eq!(rx.disable_depth(), 0);
    /// # pause_from_irq(&rx);
    /// # assert_eq!(rx.disable_depth(), 1);
    /// # resume(&rx)?;
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn disable(&self) -> Result<DisableGuard<'_>> {
        self.raw.disable()?;
        // INVARIANT: `disable` raised the depth by one.
        Ok(DisableGuard::new(&self.raw))
    }

    /// Keeps the handler from being started; a run that has started continues.
    ///
    /// May be called in any context but NMI, and never sleeps. See [`Tasklet::disable`] for an example.
    ///
    /// C function: `tasklet_disable_nosync()`.
    #[inline]
    pub fn disable_nosync(&self) -> DisableGuard<'_> {
        self.raw.raise_depth();
        // INVARIANT: The depth was raised by one.
        DisableGuard::new(&self.raw)
    }

    /// Lowers the disable depth that [`DisableGuard::keep`] left raised, or that the tasklet was made with.
    ///
    /// At depth zero a pending tasklet runs. May be called in any context but NMI, and never sleeps. See
    /// [`Tasklet::disable`] for an example.
    ///
    /// C function: `tasklet_enable()`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if nothing was left raised. Nothing is changed then; in C the tasklet would be
    /// disabled for ever.
    #[inline]
    pub fn enable(&self) -> Result {
        self.raw.lower_kept()
    }

    /// Takes the tasklet out of service: nothing runs after this, until [`Tasklet::revive`].
    ///
    /// A pending run takes place first, unless the tasklet is disabled; then the run is discarded. The
    /// handler's own schedule returns `false` in its last run, so it cannot delay the kill for ever. The
    /// disable depth stays as it is. To kill a tasklet that is killed does nothing.
    ///
    /// Task context only; sleeps while the handler is pending or runs. See [Lockdep](Tasklet#lockdep).
    ///
    /// C function: `tasklet_kill()`, which hangs if the tasklet is disabled and pending, and after which
    /// the tasklet may be scheduled again.
    ///
    /// # Errors
    ///
    /// [`EWOULDBLOCK`](crate::EWOULDBLOCK) in atomic context, handlers included. Nothing is changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use rust_tasklet::{Tasklet, TaskletHandler};
    ///
    /// fn restart<H: TaskletHandler>(rx: &Tasklet<H>) -> Result {
    ///     rx.kill()?;
    ///     // The interrupt may still come, and does no harm.
    ///     assert!(!rx.schedule());
    ///     assert!(rx.revive());
    ///     // Nothing is pending: a schedule while it was parked did nothing.
    ///     assert!(rx.schedule());
    ///     Ok(())
    /// }
    /// # struct Rx;
    /// # impl TaskletHandler for Rx {
    /// #     fn run(&self, _cx: &rust_tasklet::TaskletContext) {}
    /// # }
    /// # let rx = KBox::pin_init(Tasklet::new(Rx), GFP_KERNEL)?;
    /// # restart(&rx)?;
    /// # assert!(!rx.revive());
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn kill(&self) -> Result {
        self.raw.kill()
    }

    /// Puts a killed tasklet back into service.
    ///
    /// Returns `true` if it was parked, and `false` if there was nothing to do, a kill is under way, or the exit
    /// function of the handler's module has returned. May be called in any context but NMI, and never sleeps.
    /// C has no such function, because there a killed tasklet is not out of service. See [`Tasklet::kill`] for
    /// an example.
    #[inline]
    pub fn revive(&self) -> bool
    where
        H: Standalone<C>,
    {
        self.raw.revive()
    }

    /// Waits until the handler does not run. It may start again at once. If it always schedules itself, the
    /// wait may take long.
    ///
    /// A handler that starts after this was called sees what the caller wrote before, such as "stop". If a
    /// handler was running when this was called, the caller sees what that handler wrote.
    ///
    /// Task context only; sleeps while the handler runs. See [Lockdep](Tasklet#lockdep).
    ///
    /// C function: `tasklet_unlock_wait()`.
    ///
    /// # Errors
    ///
    /// [`EWOULDBLOCK`](crate::EWOULDBLOCK) in atomic context, handlers included.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::prelude::*;
    /// use kernel::sync::atomic::{Atomic, Relaxed};
    /// use rust_tasklet::Tasklet;
    ///
    /// /// The handler leaves the device alone once `stop` is set.
    /// fn drain<H>(rx: &Tasklet<H>, stop: &Atomic<bool>) -> Result {
    ///     stop.store(true, Relaxed);
    ///     rx.synchronize()
    ///     // From here on, no handler touches the device.
    /// }
    /// # let rx = KBox::pin_init(Tasklet::from_fn(|_cx| ()), GFP_KERNEL)?;
    /// # drain(&rx, &Atomic::new(false))?;
    /// # Ok::<(), Error>(())
    /// ```
    #[inline]
    pub fn synchronize(&self) -> Result {
        self.raw.synchronize()
    }

    /// Whether it is pending, or a kill waits for its last run to begin. A snapshot, for any context but NMI.
    #[inline]
    pub fn is_scheduled(&self) -> bool {
        self.raw.is_scheduled()
    }

    /// Whether its handler runs on some CPU. A snapshot, for any context but NMI.
    ///
    /// It may be `true` for an instant while the tasklet is pending and disabled: the kernel takes
    /// the RUN bit to look.
    #[inline]
    pub fn is_running(&self) -> bool {
        self.raw.is_running()
    }

    /// Whether it is out of service: killed, or embedded without a handle. A snapshot, for any context but NMI.
    #[inline]
    pub fn is_parked(&self) -> bool {
        self.raw.is_parked()
    }

    /// How often it is disabled. A snapshot, for any context but NMI.
    #[inline]
    pub fn disable_depth(&self) -> u32 {
        self.raw.depth()
    }
}
