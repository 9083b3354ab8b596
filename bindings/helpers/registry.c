// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>
#include <linux/spinlock.h>

#include "helpers.h"

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
