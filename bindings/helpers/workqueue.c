// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>
#include <linux/workqueue.h>

#include "helpers.h"

/*
 * All of them are of one lockdep class, which nobody waits for: see
 * tasklet/lockdep.rs for the classes of handlers.
 */
void rust_tasklet_init_bh_work(struct work_struct *work, work_func_t func)
{
	INIT_WORK(work, func);
}

void rust_tasklet_queue_bh_work(struct work_struct *work)
{
	queue_work(system_bh_wq, work);
}
EXPORT_SYMBOL_GPL(rust_tasklet_queue_bh_work);

void rust_tasklet_queue_bh_hi_work(struct work_struct *work)
{
	queue_work(system_bh_highpri_wq, work);
}
EXPORT_SYMBOL_GPL(rust_tasklet_queue_bh_hi_work);

void rust_tasklet_init_work(struct work_struct *work, work_func_t func)
{
	INIT_WORK(work, func);
}

void rust_tasklet_queue_unbound_work(struct work_struct *work)
{
	queue_work(system_dfl_wq, work);
}
