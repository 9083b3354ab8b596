// SPDX-License-Identifier: GPL-2.0

#include <linux/atomic.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/wait_bit.h>

#include "helpers.h"

void rust_tasklet_smp_mb(void)
{
	smp_mb();	/* See the callers of full_barrier() in tasklet/. */
}

void rust_tasklet_wait_while(atomic64_t *word, unsigned int mask,
			     unsigned int values)
{
	wait_var_event(word,
		       !(BIT(atomic64_read_acquire(word) & mask) & values));
}

/*
 * in_interrupt() is asked beside preempt_count() because PREEMPT_RT counts
 * disabled bottom halves elsewhere, and a handler cannot finish on this CPU
 * while they are disabled. Without CONFIG_PREEMPT_COUNT a held spinlock does
 * not show; nor does it in C.
 */
bool rust_tasklet_may_wait(void)
{
	return !in_interrupt() && !preempt_count() && !irqs_disabled() &&
	       !rcu_preempt_depth();
}
