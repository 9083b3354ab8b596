// SPDX-License-Identifier: GPL-2.0
/*
 * A barrier for tasklets.
 */

#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "primitives.h"

struct selftest_drain {
	struct work_struct work;
	struct tasklet_struct tasklet;
	struct tasklet_struct hi_tasklet;
};

static DEFINE_PER_CPU(struct selftest_drain, selftest_drains);
static DEFINE_MUTEX(selftest_drain_mutex);

static void selftest_drain_run(struct tasklet_struct *tasklet)
{
}

static void selftest_drain_work(struct work_struct *work)
{
	struct selftest_drain *drain = container_of(work, typeof(*drain), work);

	local_bh_disable();
	tasklet_schedule(&drain->tasklet);
	tasklet_hi_schedule(&drain->hi_tasklet);
	local_bh_enable();
	tasklet_kill(&drain->tasklet);
	tasklet_kill(&drain->hi_tasklet);
}

/*
 * Queues an empty tasklet of either priority behind all others on every CPU and
 * waits until they have run: a tasklet that was due when this was called and
 * has not run when it returns will not run.
 */
void selftest_drain(void)
{
	struct selftest_drain *drain;
	unsigned int cpu;

	mutex_lock(&selftest_drain_mutex);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		drain = per_cpu_ptr(&selftest_drains, cpu);
		INIT_WORK(&drain->work, selftest_drain_work);
		tasklet_setup(&drain->tasklet, selftest_drain_run);
		tasklet_setup(&drain->hi_tasklet, selftest_drain_run);
		schedule_work_on(cpu, &drain->work);
	}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(&selftest_drains, cpu)->work);
	cpus_read_unlock();
	mutex_unlock(&selftest_drain_mutex);
}
EXPORT_SYMBOL_GPL(selftest_drain);

