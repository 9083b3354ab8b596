// SPDX-License-Identifier: GPL-2.0

//! `hi_first`: when both are pending on one CPU, high priority tasklets run before normal ones; one that is
//! pending at normal priority is not promoted.
//!
//! Tasklets are scheduled at both priorities while the softirqs of the CPU are held.

use harness::prelude::*;

suite! {
    "hi_first",
    "Tasklets scheduled at hi priority run before normal ones",
    [normal_then_hi, interleaved, no_promotion, no_demotion]
}

static RAN: Sequence = Sequence::new();

struct Numbered(u32);

impl TaskletHandler for Numbered {
    fn run(&self, _cx: &TaskletContext) {
        RAN.push(self.0);
    }
}

/// Four tasklets, numbered.
fn numbered() -> Result<[Pin<KBox<Tasklet<Numbered>>>; 4]> {
    let new = |number| KBox::pin_init(Tasklet::new(Numbered(number)), GFP_KERNEL);
    Ok([new(0)?, new(1)?, new(2)?, new(3)?])
}

/// Schedules with softirqs held and expects the order of the runs that follow.
fn expect(t: &Test, schedule: impl FnOnce(), expected: &[u32]) {
    RAN.clear();
    Context::SoftirqsHeld.run(|| {
        schedule();
        check!(t, RAN.is_empty());
    });
    wait!(t, RAN.len() == expected.len());
    drain();
    check!(t, RAN.is(expected));
}

fn normal_then_hi(t: &Test) -> Result {
    let [a, b, ..] = &numbered()?;
    let schedule = || {
        check!(t, a.schedule());
        check!(t, b.hi_schedule());
    };
    expect(t, schedule, &[1, 0]);
    Ok(())
}

fn interleaved(t: &Test) -> Result {
    let [a, b, c, d] = &numbered()?;
    let schedule = || {
        check!(t, a.schedule());
        check!(t, b.hi_schedule());
        check!(t, c.schedule());
        check!(t, d.hi_schedule());
    };
    expect(t, schedule, &[1, 3, 0, 2]);
    Ok(())
}

fn no_promotion(t: &Test) -> Result {
    let [a, b, c, _] = &numbered()?;
    let schedule = || {
        check!(t, a.schedule());
        check!(t, b.schedule());
        check!(t, !b.hi_schedule());
        check!(t, c.hi_schedule());
    };
    expect(t, schedule, &[2, 0, 1]);
    Ok(())
}

fn no_demotion(t: &Test) -> Result {
    let [a, b, ..] = &numbered()?;
    let schedule = || {
        check!(t, a.schedule());
        check!(t, b.hi_schedule());
        check!(t, !b.schedule());
    };
    expect(t, schedule, &[1, 0]);
    Ok(())
}
