// SPDX-License-Identifier: GPL-2.0

//! The device at work: a request, its interrupt, and the tasklet that completes it.

use kernel::{
    cpu::CpuId,
    io::Io,
    irq::{
        self,
        IrqReturn, //
    },
    new_condvar,
    new_mutex,
    pci,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        new_spinlock_irq,
        Arc,
        ArcBorrow,
        CondVar,
        CondVarTimeoutResult,
        Mutex,
        SpinLockIrq, //
    },
    time::{
        msecs_to_jiffies,
        Instant,
        Monotonic, //
    }, //
};
use rust_tasklet::{
    impl_has_tasklet,
    EmbeddedTasklet,
    TaskletCallback, //
};

use crate::{
    flood::Flood,
    regs::{
        self,
        Bar, //
    },
    Context, //
};

/// How long a request may take. The device needs some seconds for the largest.
const TIMEOUT_MS: u32 = 2000;

/// The device, as its users see it: tasks, the interrupt and the tasklet.
#[pin_data]
pub(crate) struct Edu {
    /// The bottom half. Parked until the driver activates it.
    #[pin]
    done: EmbeddedTasklet<Self, 0, Context>,
    /// Held for a whole request: the device does one at a time.
    #[pin]
    turn: Mutex<()>,
    /// Taken in hard interrupt context too, hence `Irq`.
    #[pin]
    request: SpinLockIrq<Request>,
    /// Notified when `request` becomes [`Request::Done`] or [`Request::Gone`].
    #[pin]
    settled: CondVar,
    pub(crate) bar: Arc<Bar>,
    pub(crate) irq: u32,
    pub(crate) irq_type: pci::IrqType,
    pub(crate) totals: Totals,
    #[pin]
    pub(crate) flood: Flood,
}

impl_has_tasklet! {
    impl HasTasklet<Self, 0, Context> for Edu { self.done }
}

/// Where the one request is that the device can work on.
enum Request {
    /// There is no request, or its task has given up.
    Idle,
    /// The device was started. If the interrupt came, this is when.
    Waiting(Option<Moment>),
    /// The tasklet took the result.
    Done(Answer),
    /// There will be no more requests: the device is being unbound.
    Gone,
}

/// A result, and the path it took.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) value: u32,
    pub(crate) interrupt: Moment,
    pub(crate) tasklet: Moment,
}

/// Where and when something happened.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) cpu: u32,
    at: Instant<Monotonic>,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self {
            cpu: CpuId::current().as_u32(),
            at: Instant::now(),
        }
    }

    pub(crate) fn micros_since(self, start: Self) -> i64 {
        (self.at - start.at).as_micros_ceil()
    }
}

/// What was counted since the device was bound.
pub(crate) struct Totals {
    pub(crate) interrupts: Atomic<u32>,
    pub(crate) foreign: Atomic<u32>,
    pub(crate) runs: Atomic<u32>,
    pub(crate) answers: Atomic<u32>,
    pub(crate) timeouts: Atomic<u32>,
}

/// In process context: the life of the device.
impl Edu {
    pub(crate) fn new(
        bar: Arc<Bar>,
        irq: u32,
        irq_type: pci::IrqType,
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            done <- EmbeddedTasklet::embedded(),
            turn <- new_mutex!(()),
            request <- new_spinlock_irq!(Request::Idle),
            settled <- new_condvar!(),
            bar,
            irq,
            irq_type,
            totals: Totals {
                interrupts: Atomic::new(0),
                foreign: Atomic::new(0),
                runs: Atomic::new(0),
                answers: Atomic::new(0),
                timeouts: Atomic::new(0),
            },
            flood <- Flood::new(),
        })
    }

    /// Lets the device interrupt when it is done.
    pub(crate) fn start(&self) -> Result {
        let bar = self.bar.try_access().ok_or(ENODEV)?;
        bar.write_reg(regs::STATUS::zeroed().with_interrupt_when_done(true));
        Ok(())
    }

    /// Ends all requests, so that a task that waits for an interrupt need not wait for the timeout.
    pub(crate) fn end_requests(&self) {
        *self.request.lock() = Request::Gone;
        self.settled.notify_all();
    }

    /// Keeps the device from interrupting, and clears the causes that it raised.
    pub(crate) fn stop(&self) {
        self.flood.end();
        if let Some(bar) = self.bar.try_access() {
            bar.write_reg(regs::STATUS::zeroed());
            bar.write_reg(bar.read(regs::IRQ_STATUS).acknowledge());
        }
    }
}

impl regs::IRQ_STATUS {
    fn acknowledge(self) -> regs::IRQ_ACK {
        regs::IRQ_ACK::zeroed().with_causes(self.causes())
    }
}

/// In process context: requests.
impl Edu {
    /// Computes `n!`, modulo 2^32.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] while the device still computes for a request that was given up, [`ETIMEDOUT`] if it does
    /// not answer, [`EINTR`] if a signal comes first, [`ENODEV`] if the device is unbound.
    pub(crate) fn factorial(&self, n: u32) -> Result<Answer> {
        let _turn = self.turn.lock();

        let mut request = self.request.lock();
        if matches!(*request, Request::Gone) {
            return Err(ENODEV);
        }
        {
            // Ends before this task sleeps, because unbinding waits for it.
            let bar = self.bar.try_access().ok_or(ENODEV)?;
            if bar.read(regs::STATUS).computing() {
                return Err(EBUSY);
            }
            bar.write_reg(regs::FACTORIAL::zeroed().with_value(n));
        }
        // Still under the lock: if the tasklet finds a request waiting and the device idle, the result is
        // of that request, and not of one that was given up.
        *request = Request::Waiting(None);

        let mut left = msecs_to_jiffies(TIMEOUT_MS);
        let mut given_up = None;
        let outcome = loop {
            match (&*request, given_up) {
                (Request::Done(answer), _) => break Ok(*answer),
                (Request::Gone, _) => return Err(ENODEV),
                (_, Some(error)) => break Err(error),
                _ => {}
            }
            match self.settled.wait_interruptible_timeout(&mut request, left) {
                CondVarTimeoutResult::Woken { jiffies } => left = jiffies,
                CondVarTimeoutResult::Signal { .. } => given_up = Some(EINTR),
                CondVarTimeoutResult::Timeout => given_up = Some(ETIMEDOUT),
            }
        };
        *request = Request::Idle;
        drop(request);

        match outcome {
            Ok(_) => {
                self.totals.answers.fetch_add(1, Relaxed);
            }
            Err(ETIMEDOUT) => {
                self.totals.timeouts.fetch_add(1, Relaxed);
                dev_warn!(self.bar.device(), "no answer to {n}! in {TIMEOUT_MS} ms\n");
            }
            Err(_) => {}
        }
        outcome
    }
}

/// The top half.
pub(crate) struct Interrupt(pub(crate) Arc<Edu>);

impl irq::Handler for Interrupt {
    fn handle(&self) -> IrqReturn {
        let edu = &self.0;
        let Some(bar) = edu.bar.try_access() else {
            return IrqReturn::None;
        };
        let status = bar.read(regs::IRQ_STATUS);
        if status.causes() == 0 {
            // Another device on the line; or, with MSI, a cause that the previous run has handled.
            edu.totals.foreign.fetch_add(1, Relaxed);
            return IrqReturn::None;
        }
        bar.write_reg(status.acknowledge());
        edu.totals.interrupts.fetch_add(1, Relaxed);

        if status.factorial() {
            if let Request::Waiting(interrupt) = &mut *edu.request.lock() {
                *interrupt = Some(Moment::now());
            }
        }
        // Whatever the cause is, the bottom half finds out what there is to do.
        edu.done.schedule();
        IrqReturn::Handled
    }
}

/// The bottom half.
impl TaskletCallback<0, Context> for Edu {
    type Pointer = Arc<Self>;

    fn run(this: ArcBorrow<'_, Self>, _cx: &Context) {
        let tasklet = Moment::now();
        this.totals.runs.fetch_add(1, Relaxed);

        let mut request = this.request.lock();
        let Request::Waiting(Some(interrupt)) = *request else {
            return;
        };
        let Some(bar) = this.bar.try_access() else {
            return;
        };
        if bar.read(regs::STATUS).computing() {
            // The interrupt was about a request that was given up. There will be another.
            return;
        }
        *request = Request::Done(Answer {
            value: bar.read(regs::FACTORIAL).value().get(),
            interrupt,
            tasklet,
        });
        this.settled.notify_one();
    }
}
