// SPDX-License-Identifier: GPL-2.0
/*
 * The faults of misuse.rs, written in C, to see what the same mistakes do there.
 *
 * Loading the module commits the fault that its parameter names, so this is for
 * a debug kernel in a VM, one fault a boot.  Each is named like the case that
 * shows what happens in Rust.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "Which fault to commit");

/* A driver with a bottom half. */
struct nic {
	struct tasklet_struct rx;
	struct hrtimer irq;
	struct nic *other;
	unsigned int runs;
};

static bool again;
static bool hold;

static struct nic *nic_alloc(void (*callback)(struct tasklet_struct *t))
{
	struct nic *nic = kzalloc(sizeof(*nic), GFP_KERNEL | __GFP_NOFAIL);

	if (callback)
		tasklet_setup(&nic->rx, callback);
	return nic;
}

static void nic_rx(struct tasklet_struct *t)
{
	struct nic *nic = from_tasklet(nic, t, rx);

	WRITE_ONCE(nic->runs, nic->runs + 1);
	if (READ_ONCE(again))
		tasklet_schedule(&nic->rx);
	while (READ_ONCE(hold))
		cpu_relax();
}

static int schedule_on_this_cpu(void *data)
{
	struct nic *nic = data;

	tasklet_schedule(&nic->rx);
	return 0;
}

/* Schedules on CPU 1, and returns when the callback is running there. */
static void run_elsewhere(struct nic *nic)
{
	struct task_struct *task;

	task = kthread_create_on_cpu(schedule_on_this_cpu, nic, 1, "fault/%u");
	if (IS_ERR(task))
		return;
	wake_up_process(task);
	while (!READ_ONCE(nic->runs))
		msleep(20);
}

static void (*in_interrupt_of)(struct nic *nic);

static enum hrtimer_restart nic_irq_once(struct hrtimer *timer)
{
	in_interrupt_of(container_of(timer, struct nic, irq));
	return HRTIMER_NORESTART;
}

static void call_in_hardirq(struct nic *nic, void (*f)(struct nic *nic))
{
	in_interrupt_of = f;
	hrtimer_setup(&nic->irq, nic_irq_once, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&nic->irq, 0, HRTIMER_MODE_REL_PINNED_HARD);
	msleep(100);
}

static void nic_kill(struct nic *nic)
{
	tasklet_kill(&nic->rx);
}

static void nic_disable(struct nic *nic)
{
	tasklet_disable(&nic->rx);
}

static void nic_synchronize(struct nic *nic)
{
	tasklet_unlock_wait(&nic->rx);
}

/* What the callback of another tasklet does to the first. */
static void other_kills(struct tasklet_struct *t)
{
	struct nic *nic = from_tasklet(nic, t, rx);

	nic_kill(nic->other);
}

static void other_disables(struct tasklet_struct *t)
{
	struct nic *nic = from_tasklet(nic, t, rx);

	nic_disable(nic->other);
}

static void other_synchronizes(struct tasklet_struct *t)
{
	struct nic *nic = from_tasklet(nic, t, rx);

	nic_synchronize(nic->other);
}

static void rx_kills_itself(struct tasklet_struct *t)
{
	tasklet_kill(t);
}

static void rx_disables_itself(struct tasklet_struct *t)
{
	tasklet_disable(t);
}

static void rx_frees_itself(struct tasklet_struct *t)
{
	struct nic *nic = from_tasklet(nic, t, rx);

	kfree(nic);
}

/* ---- The faults ---- */

static void a_freed_while_pending(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	local_bh_disable();
	tasklet_schedule(&nic->rx);
	kfree(nic);
	local_bh_enable();
}

static void a_freed_while_running(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	kfree(nic);
	WRITE_ONCE(hold, false);
}

static struct nic *forgotten;

/* The fault is that the module has no exit that kills it. */
static void a_forgotten_then_unload(void)
{
	forgotten = nic_alloc(nic_rx);
	WRITE_ONCE(again, true);
	tasklet_schedule(&forgotten->rx);
}

/* Remove: kill, silence the interrupt, free.  The interrupt came in between. */
static void b_scheduled_after_kill(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	tasklet_kill(&nic->rx);
	local_bh_disable();
	tasklet_schedule(&nic->rx);
	kfree(nic);
	local_bh_enable();
}

/* The line of the interrupt, which is not freed with the driver. */
static struct hrtimer line;
static struct nic *line_nic;

static enum hrtimer_restart nic_irq(struct hrtimer *timer)
{
	tasklet_schedule(&line_nic->rx);
	hrtimer_forward_now(timer, us_to_ktime(100));
	return HRTIMER_RESTART;
}

static void b_source_still_fires(void)
{
	line_nic = nic_alloc(nic_rx);
	hrtimer_setup(&line, nic_irq, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&line, us_to_ktime(100), HRTIMER_MODE_REL_PINNED_HARD);
	msleep(20);
	tasklet_kill(&line_nic->rx);
	kfree(line_nic);
}

static void c_freed_in_own_handler(void)
{
	struct nic *nic = nic_alloc(rx_frees_itself);

	tasklet_schedule(&nic->rx);
}

static void d_synchronize_in_softirq(void)
{
	struct nic *nic = nic_alloc(nic_rx), *other = nic_alloc(other_synchronizes);

	other->other = nic;
	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	tasklet_schedule(&other->rx);
}

static void e_kill_disabled_and_scheduled(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	tasklet_disable(&nic->rx);
	tasklet_schedule(&nic->rx);
	tasklet_kill(&nic->rx);
}

static void e_kill_self_rescheduling(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	WRITE_ONCE(again, true);
	run_elsewhere(nic);
	tasklet_kill(&nic->rx);
}

static void f_kill_in_own_handler(void)
{
	struct nic *nic = nic_alloc(rx_kills_itself);

	tasklet_schedule(&nic->rx);
}

static void f_kill_in_softirq(void)
{
	struct nic *nic = nic_alloc(nic_rx), *other = nic_alloc(other_kills);

	other->other = nic;
	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	tasklet_schedule(&other->rx);
}

static void f_kill_in_hardirq(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	call_in_hardirq(nic, nic_kill);
}

static void g_disable_in_softirq(void)
{
	struct nic *nic = nic_alloc(nic_rx), *other = nic_alloc(other_disables);

	other->other = nic;
	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	tasklet_schedule(&other->rx);
}

static void g_disable_in_hardirq(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	WRITE_ONCE(hold, true);
	run_elsewhere(nic);
	call_in_hardirq(nic, nic_disable);
}

static void g_disable_in_own_handler(void)
{
	struct nic *nic = nic_alloc(rx_disables_itself);

	tasklet_schedule(&nic->rx);
}

static void h_scheduled_before_setup(void)
{
	struct nic *nic = nic_alloc(NULL);

	tasklet_schedule(&nic->rx);
}

/* Nobody finds out: the next kill hangs. */
static void o_unbalanced_enable(void)
{
	struct nic *nic = nic_alloc(nic_rx);

	tasklet_enable(&nic->rx);
	tasklet_schedule(&nic->rx);
	msleep(100);
	pr_info("c_faults: %u runs\n", READ_ONCE(nic->runs));
	tasklet_kill(&nic->rx);
}

/* ---- The choice ---- */

#define FAULT(name) { #name, name }

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	FAULT(a_freed_while_pending),
	FAULT(a_freed_while_running),
	FAULT(a_forgotten_then_unload),
	FAULT(b_scheduled_after_kill),
	FAULT(b_source_still_fires),
	FAULT(c_freed_in_own_handler),
	FAULT(d_synchronize_in_softirq),
	FAULT(e_kill_disabled_and_scheduled),
	FAULT(e_kill_self_rescheduling),
	FAULT(f_kill_in_own_handler),
	FAULT(f_kill_in_softirq),
	FAULT(f_kill_in_hardirq),
	FAULT(g_disable_in_softirq),
	FAULT(g_disable_in_hardirq),
	FAULT(g_disable_in_own_handler),
	FAULT(h_scheduled_before_setup),
	FAULT(o_unbalanced_enable),
};

static int __init c_faults_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		pr_info("c_faults: %s\n", fault);
		faults[i].commit();
		return 0;
	}
	return -EINVAL;
}

static void __exit c_faults_exit(void)
{
}

module_init(c_faults_init);
module_exit(c_faults_exit);
MODULE_DESCRIPTION("Tasklet faults in C, to be committed on a debug kernel");
MODULE_LICENSE("GPL");
