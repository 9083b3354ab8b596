// SPDX-License-Identifier: GPL-2.0

//! `bh_hi_first`: when both are pending on one CPU, `BhWork`s of high priority run first, at most ten of them; then at
//! most ten normal ones get their turn, and so on. Those of one priority run in the order they were scheduled.
//!
//! Works of both priorities are scheduled while the softirqs of the CPU are held. The kernel also changes turns
//! after two milliseconds, so on a slow machine a turn may be shorter.

use harness::prelude::*;

suite! {
    "bh_hi_first",
    "BH works of high priority run first, ten a turn",
    [few, many]
}

/// Added to the numbers of those of high priority.
const HI: u32 = 100;

static RAN: Sequence = Sequence::new();

struct Numbered(u32);

impl TaskletHandler<BhContext> for Numbered {
    fn run(&self, _cx: &BhContext) {
        RAN.push(self.0);
    }
}

/// Schedules as many normal works as high ones with softirqs held, the normal ones first, and waits until all have run.
/// Returns how many high ones ran before the first normal one, and how many normal ones ran before the last high one.
fn turns(t: &Test, each: u32) -> Result<(u32, u32)> {
    let mut works = KVec::new();
    for number in 0..each {
        works.push(BhContext::make(Numbered(number))?, GFP_KERNEL)?;
    }
    for number in 0..each {
        works.push(BhContext::make_at(true, Numbered(HI + number))?, GFP_KERNEL)?;
    }
    RAN.clear();
    Context::SoftirqsHeld.run(|| {
        for work in &works {
            check!(t, work.schedule());
        }
        check!(t, RAN.is_empty());
    });
    wait!(t, RAN.len() == works.len());
    drain();

    let (mut hi, mut normal, mut hi_first, mut normal_before_last) = (0, 0, 0, 0);
    for ran in (0..RAN.len()).filter_map(|index| RAN.get(index)) {
        if ran >= HI {
            check_eq!(t, ran, HI + hi);
            hi += 1;
            normal_before_last = normal;
        } else {
            check_eq!(t, ran, normal);
            if normal == 0 {
                hi_first = hi;
            }
            normal += 1;
        }
    }
    check_eq!(t, (hi, normal), (each, each));
    Ok((hi_first, normal_before_last))
}

/// No more than ten: all of high priority run before the others.
fn few(t: &Test) -> Result {
    for _ in 0..20 {
        let (hi_first, normal_before_last) = turns(t, 4)?;
        check!(t, hi_first > 0);
        if (hi_first, normal_before_last) == (4, 0) || t.failed() {
            return Ok(());
        }
    }
    t.fail(file!(), line!(), fmt!("the turn was never long enough"));
    Ok(())
}

/// More than ten: normal ones have their turn in between.
fn many(t: &Test) -> Result {
    for _ in 0..20 {
        let (hi_first, normal_before_last) = turns(t, 15)?;
        check!(t, hi_first > 0 && hi_first <= 10);
        check!(t, normal_before_last > 0);
        if (hi_first, normal_before_last) == (10, 10) || t.failed() {
            return Ok(());
        }
    }
    t.fail(file!(), line!(), fmt!("the turns were never long enough"));
    Ok(())
}
