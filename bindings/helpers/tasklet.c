// SPDX-License-Identifier: GPL-2.0

#include <linux/interrupt.h>
#include <linux/module.h>

#include "helpers.h"

bool rust_tasklet_test_and_set_sched(struct tasklet_struct *t)
{
	return test_and_set_bit(TASKLET_STATE_SCHED, &t->state);
}
EXPORT_SYMBOL_GPL(rust_tasklet_test_and_set_sched);

void rust_tasklet_add_count(struct tasklet_struct *t, int n)
{
	smp_mb__before_atomic();	/* As in tasklet_enable(). */
	atomic_add(n, &t->count);
	smp_mb__after_atomic();		/* As in tasklet_disable_nosync(). */
}
EXPORT_SYMBOL_GPL(rust_tasklet_add_count);

void rust_tasklet_release_sched(struct tasklet_struct *t)
{
	clear_bit_unlock(TASKLET_STATE_SCHED, &t->state);
}
