// SPDX-License-Identifier: GPL-2.0
/*
 * What the selftests need of the kernel and cannot say in Rust: threads bound
 * to a CPU, contexts to run code in, a storm of timer interrupts, a barrier for
 * tasklets, CPU hotplug.  harness.rs wraps each of these safely.
 */

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kmemleak.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "primitives.h"

/* Keeps code that a stuck thread still executes mapped. */
void selftest_pin(struct module *module)
{
	__module_get(module);
}
EXPORT_SYMBOL_GPL(selftest_pin);

/* What is leaked on purpose stays known to kmemleak, by a copy of its owner. */
void selftest_remember(const void *value, size_t size)
{
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		kmemleak_not_leak(kmemdup(value, size, GFP_ATOMIC));
}
EXPORT_SYMBOL_GPL(selftest_remember);

u64 selftest_now_ns(void)
{
	return ktime_get_mono_fast_ns();
}
EXPORT_SYMBOL_GPL(selftest_now_ns);

void selftest_doze(void)
{
	usleep_range(200, 1000);
}
EXPORT_SYMBOL_GPL(selftest_doze);

void selftest_relax(void)
{
	cpu_relax();
}
EXPORT_SYMBOL_GPL(selftest_relax);

void selftest_resched(void)
{
	cond_resched();
}
EXPORT_SYMBOL_GPL(selftest_resched);

/* ---- CPUs ---- */

unsigned int selftest_cpu(void)
{
	return raw_smp_processor_id();
}
EXPORT_SYMBOL_GPL(selftest_cpu);

unsigned int selftest_cpu_limit(void)
{
	return nr_cpu_ids;
}
EXPORT_SYMBOL_GPL(selftest_cpu_limit);

bool selftest_cpu_online(unsigned int cpu)
{
	return cpu < nr_cpu_ids && cpu_online(cpu);
}
EXPORT_SYMBOL_GPL(selftest_cpu_online);

int selftest_cpu_set_online(unsigned int cpu, bool online)
{
	return online ? add_cpu(cpu) : remove_cpu(cpu);
}
EXPORT_SYMBOL_GPL(selftest_cpu_set_online);

/*
 * Moves the calling thread.  False: there is no such CPU at the moment, or some
 * CPU is just coming or going; a thread must not end up bound to one that has
 * gone meanwhile.
 */
bool selftest_move_to(unsigned int cpu)
{
	bool moved;

	if (!cpus_read_trylock())
		return false;
	moved = selftest_cpu_online(cpu) &&
		!set_cpus_allowed_ptr(current, cpumask_of(cpu));
	cpus_read_unlock();
	return moved;
}
EXPORT_SYMBOL_GPL(selftest_move_to);

/* ---- Threads ---- */

struct selftest_thread {
	struct completion done;
	struct task_struct *task;
	unsigned int cpu;
	void (*fn)(void *arg);
	void *arg;
	struct selftest_thread *next;
};

static int selftest_thread_main(void *data)
{
	struct selftest_thread *thread = data;

	thread->fn(thread->arg);
	/* From here on no code of a test module runs in this thread. */
	kthread_complete_and_exit(&thread->done, 0);
}

/*
 * Returns NULL if there is no memory or no such CPU.  @next is what
 * selftest_thread_free() will return: callers keep their threads in a list.
 */
struct selftest_thread *selftest_thread_start(unsigned int cpu,
					      void (*fn)(void *arg), void *arg,
					      struct selftest_thread *next)
{
	struct selftest_thread *thread;
	struct task_struct *task;

	if (!selftest_cpu_online(cpu))
		return NULL;
	thread = kzalloc_obj(*thread);
	if (!thread)
		return NULL;
	init_completion(&thread->done);
	thread->cpu = cpu;
	thread->fn = fn;
	thread->arg = arg;
	thread->next = next;
	task = kthread_create_on_cpu(selftest_thread_main, thread, cpu,
				     "selftest/%u");
	if (IS_ERR(task)) {
		kfree(thread);
		return NULL;
	}
	thread->task = get_task_struct(task);
	wake_up_process(task);
	return thread;
}
EXPORT_SYMBOL_GPL(selftest_thread_start);

/* False: the thread has not finished within @ms; its stack is in the log. */
bool selftest_thread_wait(struct selftest_thread *thread, unsigned int ms)
{
	if (wait_for_completion_timeout(&thread->done, msecs_to_jiffies(ms)))
		return true;
	pr_info("# the thread on CPU %u has not finished for %u ms:\n",
		thread->cpu, ms);
	sched_show_task(thread->task);
	return false;
}
EXPORT_SYMBOL_GPL(selftest_thread_wait);

struct selftest_thread *selftest_thread_free(struct selftest_thread *thread)
{
	struct selftest_thread *next = thread->next;

	put_task_struct(thread->task);
	kfree(thread);
	return next;
}
EXPORT_SYMBOL_GPL(selftest_thread_free);

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
	/* What it wrote is visible to the one that waits. */
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
	/* In a handler the stack is not that of a task; debugobjects minds. */
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

/* ---- A barrier for tasklets ---- */

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

/* ---- Counters that outlive the module that counts ---- */

static atomic_t selftest_tallies[SELFTEST_TALLIES];

u32 selftest_tally_add(u32 index, u32 by)
{
	return atomic_fetch_add(by, &selftest_tallies[index % SELFTEST_TALLIES]);
}
EXPORT_SYMBOL_GPL(selftest_tally_add);

MODULE_DESCRIPTION("What the rust_tasklet selftests share");
MODULE_LICENSE("GPL");
