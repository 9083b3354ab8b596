/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instrument for the C side of the benchmark; meter.rs is for the Rust side.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <linux/compiler.h>
#include <linux/types.h>

/* One repetition: so many operations, each on an object of its own. */
#define METER_OPS	1000
#define METER_REPEATS	10

enum meter_mode {
	METER_OPERATIONS,	/* Instructions of single operations. */
	METER_SCALING,		/* The same of many bottom halves, on many CPUs. */
	METER_TIME,		/* Throughput and latency. */
	METER_LATENCY,		/* Latency of one on each CPU, as `make trace` draws it. */
};

/* How to have items to measure: bottom halves, or, without a schedule(), others. */
struct meter_item {
	void *(*create)(void);
	void (*schedule)(void **items, unsigned int count);
	void (*schedule_hi)(void **items, unsigned int count);
	u64 (*runs)(void *item);
	void (*destroy)(void *item);		/* Waits for its handler. */
};

enum meter_mode meter_mode(void);
void meter_start(void);
bool meter_stop(bool counts);
void meter_report(const char *module, const char *what);
void meter_size(const char *what, size_t bytes);
void meter_bh_disable(void);
void meter_bh_enable(void);
void meter_in_softirq(void (*fn)(void *arg), void *arg);

void **meter_create(const struct meter_item *ops, unsigned int count);
void meter_destroy(const struct meter_item *ops, void **items,
		   unsigned int count);
int meter_expect(const char *module, const struct meter_item *ops, void **items,
		 unsigned int count, u64 expected);
int meter_many(const char *module, const struct meter_item *counting,
	       const struct meter_item *arriving);
void meter_arrived(void);

/*
 * The measurement loop: @op on each of METER_OPS items, again and again, each
 * time after @prepare. The first time is not counted: it may take another path.
 * The cost of the loop itself is that of an @op that does nothing. Returns how
 * many times it measured all items.
 */
static noinline unsigned int
measure(const char *what, void **items, void (*prepare)(void *item),
	void (*op)(void *item))
{
	unsigned int i, rounds = 0, measured = 0;

	/* A call of a function that the compiler does not know. */
	OPTIMIZER_HIDE_VAR(op);
	while (measured < METER_REPEATS) {
		for (i = 0; prepare && i < METER_OPS; i++)
			prepare(items[i]);
		meter_start();
		for (i = 0; i < METER_OPS; i++)
			op(items[i]);
		if (meter_stop(rounds++))
			measured++;
	}
	meter_report(KBUILD_MODNAME, what);
	return rounds;
}

static __always_inline void
for_all(void **items, unsigned int count, void (*op)(void *item))
{
	unsigned int i;

	for (i = 0; i < count; i++)
		op(items[i]);
}

/* From the schedule to the end of the handler, and what measuring it adds. */
static __always_inline void run_with(void (*schedule)(void *item), void *item)
{
	meter_bh_disable();
	schedule(item);
	meter_bh_enable();
}

static void op_nothing(void *item)
{
}

static void op_bh(void *item)
{
	run_with(op_nothing, item);
}

/* Measures what every bottom half can do; fails if a run did not happen. */
static inline int
measure_bottom_half(const struct meter_item *ops, void **items,
		    void (*schedule)(void *item), void (*run)(void *item),
		    void (*run_hi)(void *item))
{
	u64 rounds;

	measure("nothing", items, NULL, op_nothing);
	measure("bh", items, NULL, op_bh);
	rounds = measure("run", items, NULL, run);
	rounds += measure("run_hi", items, NULL, run_hi);
	meter_bh_disable();
	measure("pending", items, schedule, schedule);
	meter_bh_enable();
	rounds++;
	return meter_expect(KBUILD_MODNAME, ops, items, METER_OPS,
			    rounds * METER_OPS);
}

#endif /* BENCH_METER_H */
