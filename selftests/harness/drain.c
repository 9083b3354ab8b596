// SPDX-License-Identifier: GPL-2.0
/*
 * A barrier for bottom halves.
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
	struct work_struct bh_work;
	struct work_struct bh_hi_work;
};

static DEFINE_PER_CPU(struct selftest_drain, selftest_drains);
static DEFINE_MUTEX(selftest_drain_mutex);

static void selftest_drain_run(struct tasklet_struct *tasklet)
{
}

static void selftest_drain_run_work(struct work_struct *work)
{
}

static void selftest_drain_work(struct work_struct *work)
{
	struct selftest_drain *drain = container_of(work, typeof(*drain), work);

	local_bh_disable();
	tasklet_schedule(&drain->tasklet);
	tasklet_hi_schedule(&drain->hi_tasklet);
	queue_work(system_bh_wq, &drain->bh_work);
	queue_work(system_bh_highpri_wq, &drain->bh_hi_work);
	local_bh_enable();
	tasklet_kill(&drain->tasklet);
	tasklet_kill(&drain->hi_tasklet);
	flush_work(&drain->bh_work);
	flush_work(&drain->bh_hi_work);
}

/*
 * Queues an empty tasklet and an empty BH work of either priority behind all
 * others on every CPU and waits until they have run: a bottom half that was due
 * when this was called and has not run when it returns will not run.
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
		INIT_WORK(&drain->bh_work, selftest_drain_run_work);
		INIT_WORK(&drain->bh_hi_work, selftest_drain_run_work);
		schedule_work_on(cpu, &drain->work);
	}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu_ptr(&selftest_drains, cpu)->work);
	cpus_read_unlock();
	mutex_unlock(&selftest_drain_mutex);
}
EXPORT_SYMBOL_GPL(selftest_drain);

