// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark of tasklets with the kernel's own API. tasklet_rust.rs does the
 * same with this crate, in the same order.
 */

#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "meter.h"

struct item {
	struct tasklet_struct tasklet;
	u64 runs;
};

static void count(struct tasklet_struct *t)
{
	struct item *item = from_tasklet(item, t, tasklet);

	item->runs++;
}

static void arrive(struct tasklet_struct *t)
{
	meter_arrived();
}

static void *create(void (*handler)(struct tasklet_struct *t))
{
	struct item *item = kzalloc_obj(*item);

	if (item)
		tasklet_setup(&item->tasklet, handler);
	return item;
}

static void *create_counting(void)
{
	return create(count);
}

static void *create_arriving(void)
{
	return create(arrive);
}

static void destroy(void *data)
{
	struct item *item = data;

	tasklet_kill(&item->tasklet);
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

	tasklet_schedule(&item->tasklet);
}

static void op_schedule_hi(void *data)
{
	struct item *item = data;

	tasklet_hi_schedule(&item->tasklet);
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

	tasklet_disable(&item->tasklet);
	tasklet_enable(&item->tasklet);
}

static void op_disable_nosync(void *data)
{
	struct item *item = data;

	tasklet_disable_nosync(&item->tasklet);
	tasklet_enable(&item->tasklet);
}

static void op_kill(void *data)
{
	struct item *item = data;

	tasklet_kill(&item->tasklet);
}

/* ---- Owners: made and dropped, or made, run once, and dropped ---- */

static void op_inline(void *data)
{
	struct item item;

	item.runs = 0;
	tasklet_setup(&item.tasklet, count);
	tasklet_kill(&item.tasklet);
}

static void op_inline_run(void *data)
{
	struct item item;

	item.runs = 0;
	tasklet_setup(&item.tasklet, count);
	op_run(&item);
	tasklet_kill(&item.tasklet);
}

static void op_box(void *data)
{
	struct item *item = create(count);

	if (item)
		destroy(item);
}

static void op_box_run(void *data)
{
	struct item *item = create(count);

	if (!item)
		return;
	op_run(item);
	destroy(item);
}

struct shared {
	struct kref kref;
	struct item item;
};

static void handle_shared(struct tasklet_struct *t)
{
}

static void free_shared(struct kref *kref)
{
	struct shared *shared = container_of(kref, struct shared, kref);

	kfree(shared);
}

static void op_embedded_arc(void *data)
{
	struct shared *shared = kzalloc_obj(*shared);

	if (!shared)
		return;
	kref_init(&shared->kref);
	tasklet_setup(&shared->item.tasklet, handle_shared);
	tasklet_kill(&shared->item.tasklet);
	kref_put(&shared->kref, free_shared);
}

static void op_embedded_arc_run(void *data)
{
	struct shared *shared = kzalloc_obj(*shared);

	if (!shared)
		return;
	kref_init(&shared->kref);
	tasklet_setup(&shared->item.tasklet, handle_shared);
	op_run(&shared->item);
	tasklet_kill(&shared->item.tasklet);
	kref_put(&shared->kref, free_shared);
}

static void op_embedded_box(void *data)
{
	op_box(data);
}

static void op_embedded_box_run(void *data)
{
	struct item *item = create(handle_shared);

	if (!item)
		return;
	op_run(item);
	destroy(item);
}

static struct item static_item = {
	.tasklet = { .use_callback = true, .callback = count },
};

static void op_static(void *data)
{
	tasklet_kill(&static_item.tasklet);
}

static void op_static_run(void *data)
{
	op_run(&static_item);
	tasklet_kill(&static_item.tasklet);
}

/* ---- Locks ---- */

struct locked {
	spinlock_t lock;	/* Of the value. */
	u64 value;
};

static void op_spin_lock_bh(void *data)
{
	struct locked *locked = data;

	spin_lock_bh(&locked->lock);
	locked->value++;
	spin_unlock_bh(&locked->lock);
}

static void op_spin_lock(void *data)
{
	struct locked *locked = data;

	spin_lock(&locked->lock);
	locked->value++;
	spin_unlock(&locked->lock);
}

static void *create_lock(void)
{
	struct locked *locked = kzalloc_obj(*locked);

	if (locked)
		spin_lock_init(&locked->lock);
	return locked;
}

static void destroy_lock(void *locked)
{
	kfree(locked);
}

static const struct meter_item locks = {
	.create = create_lock,
	.destroy = destroy_lock,
};

static void measure_lock_with(void *items)
{
	measure("lock_with", items, NULL, op_spin_lock);
}

static int measure_locks(void)
{
	void **items = meter_create(&locks, METER_OPS);

	if (!items)
		return -ENOMEM;
	measure("lock", items, NULL, op_spin_lock_bh);
	meter_in_softirq(measure_lock_with, items);
	meter_destroy(&locks, items, METER_OPS);
	return 0;
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
	measure("kill", items, NULL, op_kill);

	measure("inline", items, NULL, op_inline);
	measure("inline_run", items, NULL, op_inline_run);
	measure("box", items, NULL, op_box);
	measure("box_run", items, NULL, op_box_run);
	measure("embedded_arc", items, NULL, op_embedded_arc);
	measure("embedded_arc_run", items, NULL, op_embedded_arc_run);
	measure("embedded_box", items, NULL, op_embedded_box);
	measure("embedded_box_run", items, NULL, op_embedded_box_run);
	measure("static", items, NULL, op_static);
	measure("static_run", items, NULL, op_static_run);

	meter_destroy(&counting, items, METER_OPS);
	return err ?: measure_locks();
}

static int __init tasklet_c_init(void)
{
	if (meter_mode() == METER_OPERATIONS) {
		meter_size("tasklet_struct", sizeof(struct tasklet_struct));
		return measure_operations();
	}
	return meter_many(KBUILD_MODNAME, &counting, &arriving);
}

static void __exit tasklet_c_exit(void)
{
}

module_init(tasklet_c_init);
module_exit(tasklet_c_exit);
MODULE_DESCRIPTION("Tasklets in C, measured");
MODULE_LICENSE("GPL");
