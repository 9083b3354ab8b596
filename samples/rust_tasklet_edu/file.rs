// SPDX-License-Identifier: GPL-2.0

//! `/dev/rust_tasklet_edu`: requests are written, reports are read.

use kernel::{
    fmt,
    fs::{
        File,
        Kiocb, //
    },
    iov::{
        IovIterDest,
        IovIterSource, //
    },
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    new_mutex,
    pci::IrqType,
    prelude::*,
    str::CString,
    sync::{
        atomic::Relaxed,
        global_lock,
        Arc,
        Mutex, //
    }, //
};

use crate::{
    device::{
        Answer,
        Edu,
        Moment, //
    },
    NAME, //
};

global_lock! {
    /// The device of the file: `open()` is not told which device the file belongs to.
    // SAFETY: The module initialises it before it registers the driver.
    pub(crate) unsafe(uninit) static DEVICE: Mutex<Option<Arc<Edu>>> = None;
}

/// Keeps a device in [`DEVICE`], which has room for one.
pub(crate) struct Published(());

impl Published {
    pub(crate) fn new(edu: Arc<Edu>) -> Result<Self> {
        let mut device = DEVICE.lock();
        if device.is_some() {
            return Err(EBUSY);
        }
        *device = Some(edu);
        Ok(Self(()))
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        let device = DEVICE.lock().take();
        // Without the lock.
        drop(device);
    }
}

/// An open file.
///
/// It keeps the module loaded and the [`Edu`] alive, but not the device bound: after an unbind, requests
/// fail with [`ENODEV`].
#[pin_data]
pub(crate) struct Client {
    edu: Arc<Edu>,
    /// The text that a read returns.
    #[pin]
    report: Mutex<CString>,
}

impl Client {
    pub(crate) fn register() -> impl PinInit<MiscDeviceRegistration<Self>, Error> {
        MiscDeviceRegistration::register(MiscDeviceOptions { name: NAME })
    }

    /// Carries out a written request, and returns the text for the next read.
    fn request(&self, command: &str) -> Result<CString> {
        let edu = &*self.edu;
        if let Some(period) = command.strip_prefix("flood ") {
            edu.flood.set(&edu.bar, parse(period)?)?;
            return CString::try_from_fmt(fmt!("{}", Summary::of(edu)));
        }
        let n = parse(command)?;
        let start = Moment::now();
        let answer = edu.factorial(n)?;
        let end = Moment::now();
        let report = Report {
            n,
            answer,
            start,
            end,
            summary: Summary::of(edu),
        };
        CString::try_from_fmt(fmt!("{report}"))
    }
}

fn parse(number: &str) -> Result<u32> {
    number.parse().map_err(|_| EINVAL)
}

#[vtable]
impl MiscDevice for Client {
    type Ptr = Pin<KBox<Self>>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<Pin<KBox<Self>>> {
        let edu = DEVICE.lock().clone().ok_or(ENODEV)?;
        let report = CString::try_from_fmt(fmt!("{}", Summary::of(&edu)))?;
        KBox::try_pin_init(
            try_pin_init!(Self {
                edu,
                report <- new_mutex!(report),
            }),
            GFP_KERNEL,
        )
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let client = kiocb.file();
        let report = client.report.lock();
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), report.to_bytes())
    }

    fn write_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterSource<'_>) -> Result<usize> {
        let client = kiocb.file();
        let mut buf = [0; 32];
        let len = iov.len();
        if len > buf.len() {
            return Err(EINVAL);
        }
        if iov.copy_from_iter(&mut buf) != len {
            return Err(EFAULT);
        }
        let command = core::str::from_utf8(&buf[..len]).map_err(|_| EINVAL)?;
        let report = client.request(command.trim())?;
        *client.report.lock() = report;
        // The next read starts at the beginning.
        *kiocb.ki_pos_mut() = 0;
        Ok(len)
    }
}

/// The answer to a request, and the path it took.
struct Report {
    n: u32,
    answer: Answer,
    start: Moment,
    end: Moment,
    summary: Summary,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer {
            value,
            interrupt,
            tasklet,
        } = self.answer;
        // 12! is the last that fits.
        let modulo = if self.n > 12 { " (modulo 2^32)" } else { "" };
        writeln!(f, "{}! = {value}{modulo}", self.n)?;
        for (what, moment) in [
            ("interrupt", interrupt),
            ("tasklet", tasklet),
            ("caller", self.end),
        ] {
            let after = moment.micros_since(self.start);
            writeln!(f, "{what} on CPU {} after {after} us", moment.cpu)?;
        }
        self.summary.fmt(f)
    }
}

/// What happened since the device was bound.
///
/// A copy: text is formatted twice, first to see how much room it needs, and must be the same then.
struct Summary {
    irq: u32,
    irq_type: IrqType,
    interrupts: u32,
    foreign: u32,
    runs: u32,
    answers: u32,
    timeouts: u32,
}

impl Summary {
    fn of(edu: &Edu) -> Self {
        let totals = &edu.totals;
        Self {
            irq: edu.irq,
            irq_type: edu.irq_type,
            interrupts: totals.interrupts.load(Relaxed),
            foreign: totals.foreign.load(Relaxed),
            runs: totals.runs.load(Relaxed),
            answers: totals.answers.load(Relaxed),
            timeouts: totals.timeouts.load(Relaxed),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "irq {} {:?}: interrupts {}, of others {}, tasklet runs {}, answers {}, timeouts {}",
            self.irq,
            self.irq_type,
            self.interrupts,
            self.foreign,
            self.runs,
            self.answers,
            self.timeouts
        )
    }
}
