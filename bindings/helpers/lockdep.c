// SPDX-License-Identifier: GPL-2.0

#include <linux/bottom_half.h>
#include <linux/lockdep.h>
#include <linux/module.h>

#include "helpers.h"

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

void rust_tasklet_assert_in_softirq(void)
{
	lockdep_assert_in_softirq();
}
EXPORT_SYMBOL_GPL(rust_tasklet_assert_in_softirq);
