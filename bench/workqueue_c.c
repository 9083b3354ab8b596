// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark of works on the BH workqueues, which are to replace tasklets.
 * workqueue_rust.rs does the same with the kernel's abstraction, in the same
 * order.
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "meter.h"

struct item {
	struct work_struct work;
	u64 runs;
};

static void count(struct work_struct *work)
{
	struct item *item = container_of(work, struct item, work);

	item->runs++;
}

static void arrive(struct work_struct *work)
{
	meter_arrived();
}

static void *create_counting(void)
{
	struct item *item = kzalloc_obj(*item);

	if (item)
		INIT_WORK(&item->work, count);
	return item;
}

static void *create_arriving(void)
{
	struct item *item = kzalloc_obj(*item);

	if (item)
		INIT_WORK(&item->work, arrive);
	return item;
}

static void destroy(void *data)
{
	struct item *item = data;

	cancel_work_sync(&item->work);
	kfree(item);
}

static u64 runs(void *data)
{
	struct item *item = data;

	return item->runs;
}

/* ---- Single operations ---- */

static void op_schedule(void *data)
{
	struct item *item = data;

	queue_work(system_bh_wq, &item->work);
}

static void op_schedule_hi(void *data)
{
	struct item *item = data;

	queue_work(system_bh_highpri_wq, &item->work);
}

static void op_run(void *item)
{
	run_with(op_schedule, item);
}

static void op_run_hi(void *item)
{
	run_with(op_schedule_hi, item);
}

static void op_disable(void *data)
{
	struct item *item = data;

	disable_work_sync(&item->work);
	enable_work(&item->work);
}

static void op_disable_nosync(void *data)
{
	struct item *item = data;

	disable_work(&item->work);
	enable_work(&item->work);
}

/* The nearest to a kill: a pending run is discarded, and it may be queued. */
static void op_cancel(void *data)
{
	struct item *item = data;

	cancel_work_sync(&item->work);
}

/* ---- Many ---- */

static void schedule_all(void **items, unsigned int count)
{
	for_all(items, count, op_schedule);
}

static void schedule_all_hi(void **items, unsigned int count)
{
	for_all(items, count, op_schedule_hi);
}

static const struct meter_item counting = {
	.create = create_counting,
	.schedule = schedule_all,
	.schedule_hi = schedule_all_hi,
	.runs = runs,
	.destroy = destroy,
};

static const struct meter_item arriving = {
	.create = create_arriving,
	.schedule = schedule_all,
	.schedule_hi = schedule_all_hi,
	.destroy = destroy,
};

/* ---- The module ---- */

static int measure_operations(void)
{
	void **items = meter_create(&counting, METER_OPS);
	int err;

	if (!items)
		return -ENOMEM;

	err = measure_bottom_half(&counting, items, op_schedule, op_run,
				  op_run_hi);
	measure("disable", items, NULL, op_disable);
	measure("disable_nosync", items, NULL, op_disable_nosync);
	measure("kill", items, NULL, op_cancel);
	meter_destroy(&counting, items, METER_OPS);
	return err;
}

static int __init workqueue_c_init(void)
{
	if (meter_mode() == METER_OPERATIONS)
		return measure_operations();
	return meter_many(KBUILD_MODNAME, &counting, &arriving);
}

static void __exit workqueue_c_exit(void)
{
}

module_init(workqueue_c_init);
module_exit(workqueue_c_exit);
MODULE_DESCRIPTION("Works on BH workqueues in C, measured");
MODULE_LICENSE("GPL");
