// SPDX-License-Identifier: GPL-2.0
/*
 * What the selftests need of the kernel and cannot say in Rust: time, limits, and
 * counters that outlive the module that counts.  The rest is in threads.c,
 * contexts.c and drain.c.  Rust wraps each of these safely.
 */

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kmemleak.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "primitives.h"

static unsigned int selftest_slowness = 100;
module_param_named(slowness, selftest_slowness, uint, 0644);
MODULE_PARM_DESC(slowness, "how much longer than on an idle machine anything may take, in percent");

/* A time limit, on this machine. */
u64 selftest_scale(u64 limit)
{
	return div_u64(limit * max(READ_ONCE(selftest_slowness), 100U), 100);
}
EXPORT_SYMBOL_GPL(selftest_scale);

/* Keeps code that a stuck thread still executes mapped. */
void selftest_pin(struct module *module)
{
	__module_get(module);
}
EXPORT_SYMBOL_GPL(selftest_pin);

/* Makes objects that are leaked on purpose known to kmemleak, by a copy of their owner. */
void selftest_remember(const void *value, size_t size)
{
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kmemleak_not_leak(kmemdup(value, size, GFP_ATOMIC));
}
EXPORT_SYMBOL_GPL(selftest_remember);

u64 selftest_now_ns(void)
{
	return ktime_get_mono_fast_ns();
}
EXPORT_SYMBOL_GPL(selftest_now_ns);

void selftest_doze(void)
{
	usleep_range(200, 1000);
}
EXPORT_SYMBOL_GPL(selftest_doze);

void selftest_relax(void)
{
	cpu_relax();
}
EXPORT_SYMBOL_GPL(selftest_relax);

void selftest_resched(void)
{
	cond_resched();
}
EXPORT_SYMBOL_GPL(selftest_resched);

/* ---- Counters that outlive the module that counts ---- */

static atomic_t selftest_tallies[SELFTEST_TALLIES];

u32 selftest_tally_add(u32 index, u32 by)
{
	return atomic_fetch_add(by, &selftest_tallies[index % SELFTEST_TALLIES]);
}
EXPORT_SYMBOL_GPL(selftest_tally_add);

MODULE_DESCRIPTION("What the rust_tasklet selftests share");
MODULE_LICENSE("GPL");
