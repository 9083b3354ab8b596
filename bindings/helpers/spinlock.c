// SPDX-License-Identifier: GPL-2.0

#include <linux/bottom_half.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "helpers.h"

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
