/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C that bindgen cannot see: static inlines and macros, one call each.
 */
#ifndef RUST_TASKLET_HELPERS_H
#define RUST_TASKLET_HELPERS_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

struct lockdep_map;
struct module;
struct task_struct;
struct tasklet_struct;

/* The hot path where it is not inlined into Rust: see tasklet/bitops.rs. */
bool rust_tasklet_test_and_set_sched(struct tasklet_struct *t);
void rust_tasklet_disable_nosync(struct tasklet_struct *t);
void rust_tasklet_enable(struct tasklet_struct *t);
bool rust_tasklet_is_running(struct tasklet_struct *t);
struct task_struct *rust_tasklet_current(void);

/* Taking the tasklet out of service and putting it back: see tasklet/raw.rs. */
void rust_tasklet_unlock_sched(struct tasklet_struct *t);
void rust_tasklet_unlock_wait(struct tasklet_struct *t);
int rust_tasklet_count_read(struct tasklet_struct *t);
int rust_tasklet_count_xchg(struct tasklet_struct *t, int new);
void rust_tasklet_count_add(struct tasklet_struct *t, int n);
void rust_tasklet_wait_on_flag(unsigned long *flags, int bit);
void rust_tasklet_wake_flag(unsigned long *flags, int bit);
void rust_tasklet_set_flag(unsigned long *flags, int bit);
bool rust_tasklet_test_and_clear_flag(unsigned long *flags, int bit);

/* Which context is this: see tasklet/context.rs. */
extern unsigned long rust_tasklet_irq_flag;
bool rust_tasklet_may_wait(void);
void rust_tasklet_context_init(void);
bool rust_tasklet_in_softirq_handler(void);

/* The registry: see tasklet/registry.rs. */
unsigned long rust_tasklet_registry_lock(void);
void rust_tasklet_registry_unlock(unsigned long irqflags);
bool rust_tasklet_within_module(unsigned long addr, struct module *mod);

/* Releasing from process context: see tasklet/deferred.rs. */
void rust_tasklet_release_init(void (*release)(void));
void rust_tasklet_release_queue(void);
void rust_tasklet_release_flush(void);

#ifdef CONFIG_LOCKDEP
/* "Waits for the handler" as a lock: see tasklet/lockdep.rs. */
void rust_tasklet_lockdep_enter(struct lockdep_map *map);
void rust_tasklet_lockdep_exit(struct lockdep_map *map);
void rust_tasklet_lockdep_wait(struct lockdep_map *map);
#endif

/* SpinLockBh: see tasklet/spinlock_bh.rs. */
void rust_tasklet_spin_lock_bh(spinlock_t *lock);
bool rust_tasklet_spin_trylock_bh(spinlock_t *lock);
void rust_tasklet_spin_unlock_bh(spinlock_t *lock);
void rust_tasklet_assert_in_softirq(void);

#endif
