/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SELFTEST_PRIMITIVES_H
#define SELFTEST_PRIMITIVES_H

#include <linux/types.h>

struct module;
struct selftest_thread;

#define SELFTEST_TALLIES	16

/* Bits of selftest_context(), mirrored in contexts.rs. */
#define SELFTEST_IN_HARDIRQ	BIT(0)
#define SELFTEST_IN_SOFTIRQ	BIT(1)
#define SELFTEST_IRQS_DISABLED	BIT(2)
#define SELFTEST_PREEMPTIBLE	BIT(3)

/* Contexts of selftest_run_in(), mirrored in contexts.rs. */
enum selftest_run_in {
	SELFTEST_TASK,
	SELFTEST_HARDIRQ,
	SELFTEST_SOFTIRQ,
	SELFTEST_BH_DISABLE,
	SELFTEST_IRQ_DISABLE,
	SELFTEST_PREEMPT_DISABLE,
	SELFTEST_SPIN_LOCK,
	SELFTEST_RAW_SPIN_LOCK,
	SELFTEST_RCU_READ_LOCK,
	SELFTEST_SOFTIRQS_HELD,
};

u64 selftest_scale(u64 limit);
void selftest_pin(struct module *module);
void selftest_remember(const void *value, size_t size);
u64 selftest_now_ns(void);
void selftest_doze(void);
void selftest_relax(void);
void selftest_resched(void);

unsigned int selftest_cpu(void);
unsigned int selftest_cpu_limit(void);
bool selftest_cpu_online(unsigned int cpu);
int selftest_cpu_set_online(unsigned int cpu, bool online);
bool selftest_move_to(unsigned int cpu);

struct selftest_thread *selftest_thread_start(unsigned int cpu,
					      void (*fn)(void *arg), void *arg,
					      struct selftest_thread *next);
bool selftest_thread_wait(struct selftest_thread *thread, unsigned int ms);
bool selftest_thread_blocked(struct selftest_thread *thread);
struct selftest_thread *selftest_thread_free(struct selftest_thread *thread);

u32 selftest_context(void);
u32 selftest_bh_depth(void);
void selftest_run_in(enum selftest_run_in context, void (*fn)(void *arg),
		     void *arg);
u32 selftest_storm(u32 period_us, u32 limit, void (*fn)(void *arg), void *arg,
		   void (*body)(void *arg), void *body_arg);
void selftest_drain(void);
u32 selftest_tally_add(u32 index, u32 by);

#endif /* SELFTEST_PRIMITIVES_H */
