// SPDX-License-Identifier: GPL-2.0

//! `fifo`: on one CPU and priority, tasklets run in the order they were scheduled.
//!
//! Eight tasklets are scheduled in a scrambled order while none of them can start: with the softirqs
//! of the CPU held, or from one hard interrupt.

use harness::prelude::*;

suite! {
    "fifo",
    "Tasklets of one CPU and priority run in the order they were scheduled",
    both [normal, hi, from_hardirq, every_cpu]
}

const COUNT: usize = 8;
const ORDER: [u32; COUNT] = [3, 0, 7, 1, 6, 2, 5, 4];

static RAN: Sequence = Sequence::new();

struct Numbered(u32);

impl<C: Kind> TaskletHandler<C> for Numbered {
    fn run(&self, _cx: &C) {
        RAN.push(self.0);
    }
}

/// Schedules eight tasklets in `context` on this CPU and looks at the order of their runs.
fn scrambled<C: Kind>(t: &Test, context: Context, hi: bool) -> Result {
    let mut tasklets = KVec::new();
    for number in 0..COUNT as u32 {
        tasklets.push(C::make_at(hi, Numbered(number))?, GFP_KERNEL)?;
    }

    for _ in 0..10 {
        RAN.clear();
        context.run(|| {
            for number in ORDER {
                let tasklet = &tasklets[number as usize];
                check!(t, schedule_at(tasklet, hi));
            }
            // All of them were pending at once.
            check!(t, RAN.is_empty());
        });
        wait!(
            t,
            RAN.len() == COUNT && !tasklets.iter().any(|tasklet| tasklet.is_running())
        );
        check!(t, RAN.is(&ORDER));
    }
    Ok(())
}

fn normal<C: Kind>(t: &Test) -> Result {
    scrambled::<C>(t, Context::SoftirqsHeld, false)
}

fn hi<C: Kind>(t: &Test) -> Result {
    scrambled::<C>(t, Context::SoftirqsHeld, true)
}

fn from_hardirq<C: Kind>(t: &Test) -> Result {
    scrambled::<C>(t, Context::Hardirq, false)?;
    scrambled::<C>(t, Context::Hardirq, true)
}

fn every_cpu<C: Kind>(t: &Test) -> Result {
    for cpu in cpus() {
        on_cpu(cpu, || scrambled::<C>(t, Context::SoftirqsHeld, false))??;
    }
    Ok(())
}
