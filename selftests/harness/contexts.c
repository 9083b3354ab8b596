// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts to run code in, and a storm of timer interrupts.
 */

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock.h>

#include "primitives.h"

/* ---- Contexts ---- */

u32 selftest_context(void)
{
	u32 bits = 0;

	if (in_hardirq())
		bits |= SELFTEST_IN_HARDIRQ;
	if (in_serving_softirq())
		bits |= SELFTEST_IN_SOFTIRQ;
	if (irqs_disabled())
		bits |= SELFTEST_IRQS_DISABLED;
	if (preemptible())
		bits |= SELFTEST_PREEMPTIBLE;
	return bits;
}
EXPORT_SYMBOL_GPL(selftest_context);

/* A softirq counts for half a local_bh_disable(), so it does not count here. */
u32 selftest_bh_depth(void)
{
	return softirq_count() / SOFTIRQ_DISABLE_OFFSET;
}
EXPORT_SYMBOL_GPL(selftest_bh_depth);

struct selftest_call {
	struct hrtimer timer;
	struct tasklet_struct tasklet;
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static enum hrtimer_restart selftest_call_hardirq(struct hrtimer *timer)
{
	struct selftest_call *call = container_of(timer, typeof(*call), timer);

	call->fn(call->arg);
	/* The waiting thread sees what it wrote. */
	smp_store_release(&call->done, true);
	return HRTIMER_NORESTART;
}

static void selftest_call_softirq(struct tasklet_struct *tasklet)
{
	struct selftest_call *call = container_of(tasklet, typeof(*call), tasklet);

	call->fn(call->arg);
}

/* Interrupts must be enabled.  Spins, so it works where sleeping does not. */
static void selftest_run_in_hardirq(struct selftest_call *call)
{
	migrate_disable();
	/* In a handler the stack is not that of a task; debugobjects complains. */
	if (object_is_on_stack(call))
		hrtimer_setup_on_stack(&call->timer, selftest_call_hardirq,
				       CLOCK_MONOTONIC,
				       HRTIMER_MODE_REL_PINNED_HARD);
	else
		hrtimer_setup(&call->timer, selftest_call_hardirq,
			      CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&call->timer, 0, HRTIMER_MODE_REL_PINNED_HARD);
	/* Pairs with the release in selftest_call_hardirq(). */
	while (!smp_load_acquire(&call->done))
		cpu_relax();
	hrtimer_cancel(&call->timer);
	destroy_hrtimer_on_stack(&call->timer);
	migrate_enable();
}

/* Sleeps.  Enabling bottom halves runs the tasklet here and now. */
static void selftest_run_in_softirq(struct selftest_call *call)
{
	tasklet_setup(&call->tasklet, selftest_call_softirq);
	local_bh_disable();
	tasklet_schedule(&call->tasklet);
	local_bh_enable();
	tasklet_kill(&call->tasklet);
}

static DEFINE_SPINLOCK(selftest_spinlock);
static DEFINE_RAW_SPINLOCK(selftest_raw_spinlock);

/* Runs @fn in @context on this CPU and returns when it has. */
void selftest_run_in(enum selftest_run_in context, void (*fn)(void *arg),
		     void *arg)
{
	struct selftest_call call = { .fn = fn, .arg = arg };
	unsigned long flags;

	switch (context) {
	case SELFTEST_TASK:
		fn(arg);
		break;
	case SELFTEST_HARDIRQ:
		selftest_run_in_hardirq(&call);
		break;
	case SELFTEST_SOFTIRQ:
		selftest_run_in_softirq(&call);
		break;
	case SELFTEST_BH_DISABLE:
		local_bh_disable();
		fn(arg);
		local_bh_enable();
		break;
	case SELFTEST_IRQ_DISABLE:
		local_irq_save(flags);
		fn(arg);
		local_irq_restore(flags);
		break;
	case SELFTEST_PREEMPT_DISABLE:
		preempt_disable();
		fn(arg);
		preempt_enable();
		break;
	case SELFTEST_SPIN_LOCK:
		spin_lock(&selftest_spinlock);
		fn(arg);
		spin_unlock(&selftest_spinlock);
		break;
	case SELFTEST_RAW_SPIN_LOCK:
		raw_spin_lock(&selftest_raw_spinlock);
		fn(arg);
		raw_spin_unlock(&selftest_raw_spinlock);
		break;
	case SELFTEST_RCU_READ_LOCK:
		rcu_read_lock();
		fn(arg);
		rcu_read_unlock();
		break;
	case SELFTEST_SOFTIRQS_HELD:
		/*
		 * Bottom halves off is not enough on PREEMPT_RT, where another
		 * thread of this CPU could still run the softirqs.
		 */
		local_bh_disable();
		preempt_disable();
		fn(arg);
		preempt_enable();
		local_bh_enable();
		break;
	}
}
EXPORT_SYMBOL_GPL(selftest_run_in);

/* ---- A storm of hard interrupts ---- */

struct selftest_storm {
	struct hrtimer timer;
	ktime_t period;
	u32 expiries;
	u32 limit;
	void (*fn)(void *arg);
	void *arg;
};

static enum hrtimer_restart selftest_storm_expire(struct hrtimer *timer)
{
	struct selftest_storm *storm = container_of(timer, typeof(*storm), timer);

	storm->fn(storm->arg);
	WRITE_ONCE(storm->expiries, storm->expiries + 1);
	/* Ends by itself: a storm may starve the thread that would end it. */
	if (storm->expiries >= storm->limit)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, storm->period);
	return HRTIMER_RESTART;
}

/*
 * Calls @fn in hard interrupt context on this CPU every @period_us, at most
 * @limit times, while @body runs.  Returns how many times it did.
 */
u32 selftest_storm(u32 period_us, u32 limit, void (*fn)(void *arg), void *arg,
		   void (*body)(void *arg), void *body_arg)
{
	struct selftest_storm storm = {
		.period = us_to_ktime(period_us),
		.limit = limit,
		.fn = fn,
		.arg = arg,
	};

	hrtimer_setup_on_stack(&storm.timer, selftest_storm_expire,
			       CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&storm.timer, storm.period, HRTIMER_MODE_REL_PINNED_HARD);
	body(body_arg);
	hrtimer_cancel(&storm.timer);
	destroy_hrtimer_on_stack(&storm.timer);
	return storm.expiries;
}
EXPORT_SYMBOL_GPL(selftest_storm);

