/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C that bindgen cannot see: static inlines and macros. What is exported is
 * called by code that the compiler places in a driver's module.
 */
#ifndef RUST_TASKLET_HELPERS_H
#define RUST_TASKLET_HELPERS_H

#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/workqueue_types.h>

struct lockdep_map;
struct module;
struct tasklet_struct;

/* tasklet.c: what tasklet/prim.rs does not have inline. */
bool rust_tasklet_test_and_set_sched(struct tasklet_struct *t);
void rust_tasklet_add_count(struct tasklet_struct *t, int n);
void rust_tasklet_release_sched(struct tasklet_struct *t);

/* wait.c: barriers, waiting, and whether that is allowed here. */
void rust_tasklet_smp_mb(void);
void rust_tasklet_wait_while(atomic64_t *word, unsigned int mask,
			     unsigned int values);
bool rust_tasklet_may_wait(void);

/* registry.c: see tasklet/registry.rs. */
unsigned long rust_tasklet_registry_lock(void);
void rust_tasklet_registry_unlock(unsigned long irqflags);
bool rust_tasklet_within_module(unsigned long addr, struct module *mod);

/* workqueue.c: see tasklet/prim.rs and tasklet/deferred.rs. */
void rust_tasklet_init_bh_work(struct work_struct *work, work_func_t func);
void rust_tasklet_queue_bh_work(struct work_struct *work);
void rust_tasklet_queue_bh_hi_work(struct work_struct *work);
void rust_tasklet_init_work(struct work_struct *work, work_func_t func);
void rust_tasklet_queue_unbound_work(struct work_struct *work);

/* lockdep.c: see tasklet/lockdep.rs and tasklet/softirq.rs. */
#ifdef CONFIG_LOCKDEP
void rust_tasklet_lockdep_enter(struct lockdep_map *map);
void rust_tasklet_lockdep_exit(struct lockdep_map *map);
void rust_tasklet_lockdep_wait(struct lockdep_map *map);
#endif
void rust_tasklet_assert_in_softirq(void);

/* spinlock.c: see tasklet/spinlock_bh.rs. */
void rust_tasklet_spin_lock_bh(spinlock_t *lock);
bool rust_tasklet_spin_trylock_bh(spinlock_t *lock);
void rust_tasklet_spin_unlock_bh(spinlock_t *lock);

#endif
