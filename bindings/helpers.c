// SPDX-License-Identifier: GPL-2.0
/*
 * The few static inlines and macros of the kernel that Rust cannot call. What
 * is exported is used by code that the compiler places in a driver's module.
 */
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/cache.h>
#include <linux/cpufeature.h>
#include <linux/interrupt.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#ifdef CONFIG_X86
#include <asm/processor-flags.h>
#endif

#include "helpers.h"

bool rust_tasklet_test_and_set_sched(struct tasklet_struct *t)
{
	return test_and_set_bit(TASKLET_STATE_SCHED, &t->state);
}
EXPORT_SYMBOL_GPL(rust_tasklet_test_and_set_sched);

void rust_tasklet_disable_nosync(struct tasklet_struct *t)
{
	tasklet_disable_nosync(t);
}
EXPORT_SYMBOL_GPL(rust_tasklet_disable_nosync);

/* Unlike tasklet_enable(), ordered before what follows as well. */
void rust_tasklet_enable(struct tasklet_struct *t)
{
	tasklet_enable(t);
	smp_mb__after_atomic();	/* Callers look at KILLING next. */
}
EXPORT_SYMBOL_GPL(rust_tasklet_enable);

bool rust_tasklet_is_running(struct tasklet_struct *t)
{
	return test_bit_acquire(TASKLET_STATE_RUN, &t->state);
}
EXPORT_SYMBOL_GPL(rust_tasklet_is_running);

struct task_struct *rust_tasklet_current(void)
{
	return current;
}
EXPORT_SYMBOL_GPL(rust_tasklet_current);

/* Gives SCHED back; everything before is visible to who takes it. */
void rust_tasklet_unlock_sched(struct tasklet_struct *t)
{
	clear_bit_unlock(TASKLET_STATE_SCHED, &t->state);
}

void rust_tasklet_unlock_wait(struct tasklet_struct *t)
{
	tasklet_unlock_wait(t);
	smp_mb();	/* As in tasklet_disable(). */
}

int rust_tasklet_count_read(struct tasklet_struct *t)
{
	return atomic_read(&t->count);
}

int rust_tasklet_count_xchg(struct tasklet_struct *t, int new)
{
	return atomic_xchg(&t->count, new);
}

void rust_tasklet_count_add(struct tasklet_struct *t, int n)
{
	atomic_add(n, &t->count);
}

void rust_tasklet_wait_on_flag(unsigned long *flags, int bit)
{
	wait_on_bit(flags, bit, TASK_UNINTERRUPTIBLE);
}

void rust_tasklet_wake_flag(unsigned long *flags, int bit)
{
	wake_up_bit(flags, bit);
}

/* Fully ordered, both ways. */
void rust_tasklet_set_flag(unsigned long *flags, int bit)
{
	test_and_set_bit(bit, flags);
}

/* Fully ordered, both ways. */
bool rust_tasklet_test_and_clear_flag(unsigned long *flags, int bit)
{
	return test_and_clear_bit(bit, flags);
}

/*
 * May the caller sleep until a handler on this or another CPU has returned?
 *
 * in_interrupt() is asked beside preempt_count() because PREEMPT_RT counts
 * disabled bottom halves elsewhere, and a handler cannot finish on this CPU
 * while they are disabled. Without CONFIG_PREEMPT_COUNT a held spinlock does
 * not show; nor does it in C.
 */
bool rust_tasklet_may_wait(void)
{
	return !in_interrupt() && !preempt_count() && !irqs_disabled() &&
	       !rcu_preempt_depth();
}

/*
 * The processor's flag that says whether interrupts are enabled, for code that
 * asks inline. None until this is known, and on Xen PV, where that flag does
 * not tell: then the function above has to be asked.
 */
unsigned long rust_tasklet_irq_flag __ro_after_init;
EXPORT_SYMBOL_GPL(rust_tasklet_irq_flag);

void rust_tasklet_context_init(void)
{
#ifdef CONFIG_X86
	if (!cpu_feature_enabled(X86_FEATURE_XENPV))
		rust_tasklet_irq_flag = X86_EFLAGS_IF;
#endif
}

/* Is this a softirq handler itself, not an interrupt on top of one? */
bool rust_tasklet_in_softirq_handler(void)
{
	return in_serving_softirq() && !in_hardirq() && !in_nmi();
}

/*
 * A raw lock: the first schedule of a tasklet takes it, which may happen in
 * hard interrupt context on PREEMPT_RT too.
 */
static DEFINE_RAW_SPINLOCK(registry_lock);

unsigned long rust_tasklet_registry_lock(void)
{
	unsigned long irqflags;

	raw_spin_lock_irqsave(&registry_lock, irqflags);
	return irqflags;
}

void rust_tasklet_registry_unlock(unsigned long irqflags)
{
	raw_spin_unlock_irqrestore(&registry_lock, irqflags);
}

bool rust_tasklet_within_module(unsigned long addr, struct module *mod)
{
	return within_module(addr, mod);
}

static void (*release_fn)(void);

static void release_work_fn(struct work_struct *work)
{
	release_fn();
}

static DECLARE_WORK(release_work, release_work_fn);

void rust_tasklet_release_init(void (*release)(void))
{
	release_fn = release;
}

/* Not bound to this CPU: its bottom halves may be what keeps it busy. */
void rust_tasklet_release_queue(void)
{
	queue_work(system_dfl_wq, &release_work);
}

void rust_tasklet_release_flush(void)
{
	flush_work(&release_work);
}

#ifdef CONFIG_LOCKDEP
void rust_tasklet_lockdep_enter(struct lockdep_map *map)
{
	lock_map_acquire(map);
}
EXPORT_SYMBOL_GPL(rust_tasklet_lockdep_enter);

void rust_tasklet_lockdep_exit(struct lockdep_map *map)
{
	lock_map_release(map);
}
EXPORT_SYMBOL_GPL(rust_tasklet_lockdep_exit);

/*
 * With interrupts off, as in timer_delete_sync(): the handler takes the map in
 * softirq context, which lockdep would otherwise forbid to be taken here. In
 * interrupt context nobody waits; the caller is about to be told so.
 */
void rust_tasklet_lockdep_wait(struct lockdep_map *map)
{
	unsigned long irqflags;

	if (!in_task())
		return;

	local_irq_save(irqflags);
	lock_map_acquire(map);
	lock_map_release(map);
	local_irq_restore(irqflags);
}
#endif

/* ---- SpinLockBh ---- */

/*
 * Bottom halves that were held up run when they are enabled, with interrupts
 * on: __do_softirq() does not ask whether its caller had them off. lockdep
 * complains about that; safe code must not be able to do it at all. PREEMPT_RT
 * leaves those bottom halves to ksoftirqd.
 */
static __always_inline bool must_not_run_softirqs(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) &&
	       WARN_ONCE(irqs_disabled(),
			 "bottom halves enabled with interrupts disabled\n");
}

void rust_tasklet_spin_lock_bh(spinlock_t *lock)
{
	spin_lock_bh(lock);
}
EXPORT_SYMBOL_GPL(rust_tasklet_spin_lock_bh);

void rust_tasklet_spin_unlock_bh(spinlock_t *lock)
{
	if (must_not_run_softirqs()) {
		spin_unlock(lock);
		_local_bh_enable();	/* The next interrupt runs them. */
		return;
	}
	spin_unlock_bh(lock);
}
EXPORT_SYMBOL_GPL(rust_tasklet_spin_unlock_bh);

/* spin_trylock_bh(), but for what it does when it fails. */
bool rust_tasklet_spin_trylock_bh(spinlock_t *lock)
{
	local_bh_disable();
	if (spin_trylock(lock))
		return true;
	if (must_not_run_softirqs())
		_local_bh_enable();
	else
		local_bh_enable();
	return false;
}
EXPORT_SYMBOL_GPL(rust_tasklet_spin_trylock_bh);

void rust_tasklet_assert_in_softirq(void)
{
	lockdep_assert_in_softirq();
}
EXPORT_SYMBOL_GPL(rust_tasklet_assert_in_softirq);
