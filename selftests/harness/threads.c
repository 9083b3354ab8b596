// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs, their hotplug, and threads bound to them.
 */

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "primitives.h"

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
 * CPU is just going online or offline; a thread must not end up bound to one
 * that went offline meanwhile.
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

/* False: the thread has not finished within @ms of an idle machine; its stack is in the log. */
bool selftest_thread_wait(struct selftest_thread *thread, unsigned int ms)
{
	if (wait_for_completion_timeout(&thread->done,
					msecs_to_jiffies(selftest_scale(ms))))
		return true;
	pr_info("# the thread on CPU %u has not finished for %u ms:\n",
		thread->cpu, ms);
	sched_show_task(thread->task);
	return false;
}
EXPORT_SYMBOL_GPL(selftest_thread_wait);

/* Whether the thread sleeps, and no signal or timeout would wake it: it waits for an event. */
bool selftest_thread_blocked(struct selftest_thread *thread)
{
	return READ_ONCE(thread->task->__state) == TASK_UNINTERRUPTIBLE;
}
EXPORT_SYMBOL_GPL(selftest_thread_blocked);

struct selftest_thread *selftest_thread_free(struct selftest_thread *thread)
{
	struct selftest_thread *next = thread->next;

	put_task_struct(thread->task);
	kfree(thread);
	return next;
}
EXPORT_SYMBOL_GPL(selftest_thread_free);

