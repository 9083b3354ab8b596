// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>

#include "helpers.h"

void rust_tasklet_init_work(struct work_struct *work, work_func_t func)
{
	INIT_WORK(work, func);
}

void rust_tasklet_queue_unbound_work(struct work_struct *work)
{
	queue_work(system_dfl_wq, work);
}
