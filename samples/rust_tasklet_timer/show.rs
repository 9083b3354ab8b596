// SPDX-License-Identifier: GPL-2.0

//! What the debugfs files print.

use core::fmt::Display;
use kernel::{
    cpu::nr_cpu_ids,
    fmt::{
        self,
        Write, //
    }, //
};

use crate::{
    bottom_half::BottomHalf,
    control::{
        Control,
        Shown,
        WORDS, //
    },
    latency::{
        bounds,
        Snapshot, //
    }, //
};

/// How long the longest bar of a histogram is.
const BAR: u64 = 40;

/// Prints the state and the accepted words, for `control`.
pub(crate) fn state(control: &Control, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    control.with_state(|state| write_state(f, &state))?;
    writeln!(f, "accepted: {WORDS}")
}

/// Prints all counters, for `stats`.
pub(crate) fn stats(control: &Control, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    control.with_state(|state| write_stats(f, control, &state))
}

/// Prints the latencies of all bottom halves as text bars, for `histogram`.
pub(crate) fn histogram(control: &Control, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    control.with_state(|_| {
        write_histogram(f, "hi tasklet", control.driver.hi.handler())?;
        writeln!(f)?;
        write_histogram(f, "normal tasklet", control.driver.normal.handler())?;
        writeln!(f)?;
        write_histogram(f, "work", control.driver.work.handler())
    })
}

fn write_state(f: &mut fmt::Formatter<'_>, state: &Shown) -> fmt::Result {
    let timer = if state.started { "started" } else { "stopped" };
    let halves = if state.disabled {
        "disabled"
    } else {
        "enabled"
    };

    writeln!(f, "timer {timer}, bottom halves {halves}")
}

fn write_stats(f: &mut fmt::Formatter<'_>, control: &Control, state: &Shown) -> fmt::Result {
    let driver = &*control.driver;
    let config = driver.config();
    let interrupts = driver.interrupts();
    let hi = driver.hi.handler().counters();
    let normal = driver.normal.handler().counters();
    let work = driver.work.handler().counters();

    write_state(f, state)?;
    write!(f, "period {} us, ", config.period_us)?;
    write!(f, "work {} us, ", config.work_us)?;
    match config.count {
        0 => writeln!(f, "no end")?,
        count => writeln!(f, "{count} interrupts after a start")?,
    }

    writeln!(f)?;
    writeln!(f, "interrupts      {interrupts:>12}")?;
    writeln!(f, "periods missed  {:>12}", driver.missed())?;

    writeln!(f)?;
    row(f, "bottom half", ["hi", "normal", "work"])?;
    row(f, "newly queued", [hi.queued, normal.queued, work.queued])?;
    row(
        f,
        "coalesced",
        [hi.coalesced, normal.coalesced, work.coalesced],
    )?;
    row(f, "runs", [hi.runs, normal.runs, work.runs])?;
    for cpu in 0..nr_cpu_ids() as usize {
        let runs = [
            driver.hi.handler().runs_on(cpu),
            driver.normal.handler().runs_on(cpu),
            driver.work.handler().runs_on(cpu),
        ];

        if runs != [0; 3] {
            let [hi, normal, work] = runs;
            writeln!(f, "  on CPU {cpu:<7}{hi:>12}{normal:>12}{work:>12}")?;
        }
    }
    row(
        f,
        "pending",
        [
            yes_no(driver.hi.is_scheduled()),
            yes_no(driver.normal.is_scheduled()),
            yes_no(driver.work.is_scheduled()),
        ],
    )?;

    writeln!(f)?;
    row(f, "time stamps", ["hi", "normal", "work"])?;
    let latencies = [hi.latency, normal.latency, work.latency];
    row(f, "measured", latencies.each_ref().map(|all| all.samples))?;
    row(f, "waiting", [hi.waiting, normal.waiting, work.waiting])?;
    row(f, "dropped", [hi.dropped, normal.dropped, work.dropped])?;

    writeln!(f)?;
    row(f, "latency [us]", ["hi", "normal", "work"])?;
    times(f, "min", latencies.each_ref().map(Snapshot::min))?;
    times(f, "mean", latencies.each_ref().map(Snapshot::mean))?;
    times(f, "p50", latencies.each_ref().map(|all| all.percentile(50)))?;
    times(f, "p99", latencies.each_ref().map(|all| all.percentile(99)))?;
    times(f, "max", latencies.each_ref().map(Snapshot::max))?;

    writeln!(f)?;
    writeln!(f, "For each: newly queued + coalesced = interrupts;")?;
    writeln!(f, "runs = newly queued, when nothing is pending.")?;
    writeln!(f, "p50 and p99 are rounded up, by less than a factor of 2.")?;
    if state.started {
        writeln!(f, "The timer runs: the numbers move while they are read.")?;
    }
    Ok(())
}

fn yes_no(yes: bool) -> &'static str {
    if yes {
        "yes"
    } else {
        "no"
    }
}

/// Prints a row of a table.
fn row<T: Display>(f: &mut fmt::Formatter<'_>, name: &str, columns: [T; 3]) -> fmt::Result {
    write!(f, "{name:<16}")?;
    for column in columns {
        write!(f, "{column:>12}")?;
    }
    writeln!(f)
}

/// Prints a row of nanoseconds as microseconds.
fn times(f: &mut fmt::Formatter<'_>, name: &str, columns: [Option<u64>; 3]) -> fmt::Result {
    write!(f, "{name:<16}")?;
    for ns in columns {
        match ns {
            Some(ns) => write!(f, "{:>8}.{:03}", ns / 1000, ns % 1000)?,
            None => write!(f, "{:>12}", "-")?,
        }
    }
    writeln!(f)
}

/// Prints one histogram, from the first bucket that is not empty to the last one.
fn write_histogram(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    bottom_half: &BottomHalf,
) -> fmt::Result {
    let Snapshot {
        buckets, samples, ..
    } = bottom_half.counters().latency;

    writeln!(f, "{name}, {samples} times from interrupt to handler")?;
    let Some(first) = buckets.iter().position(|&count| count > 0) else {
        return Ok(());
    };
    let most = buckets.iter().copied().max().unwrap_or(1);
    let mut left = samples;

    writeln!(f, "{:>12}{:>15}{:>12}", "from", "to [us]", "count")?;
    for (i, &count) in buckets.iter().enumerate().skip(first) {
        if left == 0 {
            break;
        }
        left -= count;

        let (least, greatest) = bounds(i);

        write!(
            f,
            "{:>8}.{:03} - {:>8}.{:03} {count:>11} |",
            least / 1000,
            least % 1000,
            greatest / 1000,
            greatest % 1000,
        )?;
        // Rounded up, so that every bucket that is not empty is seen.
        for _ in 0..(count * BAR).div_ceil(most) {
            f.write_char('#')?;
        }
        writeln!(f)?;
    }
    Ok(())
}
