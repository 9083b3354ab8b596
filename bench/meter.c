// SPDX-License-Identifier: GPL-2.0
/*
 * The instrument of the benchmark: clocks, repetitions, CPUs, results. It knows
 * neither tasklets nor works; the measured modules are loaded after it.
 *
 * Results are lines of the kernel log with "bench|" in them.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>

#include <asm/hardirq.h>

#include "meter.h"

static char *mode = "time";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "operations, scaling, time or latency (default time)");

static unsigned int cpus = 1;
module_param(cpus, uint, 0444);
MODULE_PARM_DESC(cpus, "How many CPUs take part, from CPU 0 on (default 1)");

static const char * const modes[] = {
	[METER_OPERATIONS] = "operations",
	[METER_SCALING] = "scaling",
	[METER_TIME] = "time",
	[METER_LATENCY] = "latency",
};

static enum meter_mode the_mode;

static bool takes_time(void)
{
	return the_mode == METER_TIME || the_mode == METER_LATENCY;
}

enum meter_mode meter_mode(void)
{
	return the_mode;
}
EXPORT_SYMBOL_GPL(meter_mode);

#define result(fmt, ...) pr_info("bench|" fmt "\n", ##__VA_ARGS__)

/* ---- Single operations ---- */

/* An operation that takes longer than the time between two interrupts. */
#define MAX_DISTURBED	100

static u64 samples[METER_REPEATS];
static unsigned int sampled;
static unsigned int disturbed;
static u64 interrupts;
static u64 started;

/* How many interrupts a CPU has had. */
static u64 count_interrupts(unsigned int cpu)
{
	u64 sum = per_cpu(kstat, cpu).irqs_sum;

#ifdef CONFIG_X86
	/* Those of the CPU's own vectors, its timer's among them. */
	for (unsigned int i = 0; i < IRQ_COUNT_MAX; i++)
		sum += per_cpu(irq_stat, cpu).counts[i];
#endif
	return sum;
}

void meter_start(void)
{
	interrupts = count_interrupts(raw_smp_processor_id());
	started = get_cycles();
}
EXPORT_SYMBOL_GPL(meter_start);

/*
 * False: this one does not count, or an interrupt fell into it, so that it has
 * to be measured again.
 */
bool meter_stop(bool counts)
{
	u64 taken = get_cycles() - started;

	if (!counts)
		return false;
	if (interrupts != count_interrupts(raw_smp_processor_id()) && disturbed < MAX_DISTURBED) {
		disturbed++;
		return false;
	}
	samples[sampled++] = taken;
	return true;
}
EXPORT_SYMBOL_GPL(meter_stop);

static int compare_u64(const void *a, const void *b)
{
	return cmp_int(*(const u64 *)a, *(const u64 *)b);
}

void meter_report(const char *module, const char *what)
{
	sort(samples, METER_REPEATS, sizeof(*samples), compare_u64, NULL);
	result("operation|%s|%s|%u|%llu|%llu|%llu", module, what, METER_OPS,
	       samples[0], samples[METER_REPEATS / 2],
	       samples[METER_REPEATS - 1]);
	sampled = 0;
	disturbed = 0;
}
EXPORT_SYMBOL_GPL(meter_report);

void meter_size(const char *what, size_t bytes)
{
	result("size|%s|%zu", what, bytes);
}
EXPORT_SYMBOL_GPL(meter_size);

/* Out of line, so that it is the same for everything that is measured. */
void meter_bh_disable(void)
{
	local_bh_disable();
}
EXPORT_SYMBOL_GPL(meter_bh_disable);

void meter_bh_enable(void)
{
	local_bh_enable();
}
EXPORT_SYMBOL_GPL(meter_bh_enable);

struct softirq_call {
	struct tasklet_struct tasklet;
	void (*fn)(void *arg);
	void *arg;
};

static void softirq_call(struct tasklet_struct *t)
{
	struct softirq_call *call = from_tasklet(call, t, tasklet);

	call->fn(call->arg);
}

void meter_in_softirq(void (*fn)(void *arg), void *arg)
{
	struct softirq_call call = { .fn = fn, .arg = arg };

	tasklet_setup(&call.tasklet, softirq_call);
	tasklet_schedule(&call.tasklet);
	tasklet_kill(&call.tasklet);
}
EXPORT_SYMBOL_GPL(meter_in_softirq);

/* ---- Items ---- */

void meter_destroy(const struct meter_item *ops, void **items,
		   unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (items[i])
			ops->destroy(items[i]);
	kvfree(items);
}
EXPORT_SYMBOL_GPL(meter_destroy);

/* Returns NULL if there is no memory. */
void **meter_create(const struct meter_item *ops, unsigned int count)
{
	void **items = kvcalloc(count, sizeof(*items), GFP_KERNEL);
	unsigned int i;

	for (i = 0; items && i < count; i++) {
		items[i] = ops->create();
		if (!items[i]) {
			meter_destroy(ops, items, count);
			return NULL;
		}
	}
	return items;
}
EXPORT_SYMBOL_GPL(meter_create);

static u64 sum_of_runs(const struct meter_item *ops, void **items,
		       unsigned int count)
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < count; i++)
		sum += ops->runs(items[i]);
	return sum;
}

/*
 * An item that did not run was not measured. BH workqueues leave long work to a
 * thread, so the last items may be a little late.
 */
int meter_expect(const char *module, const struct meter_item *ops, void **items,
		 unsigned int count, u64 expected)
{
	unsigned long deadline = jiffies + HZ;
	u64 runs;

	do {
		runs = sum_of_runs(ops, items, count);
		if (runs == expected)
			return 0;
		usleep_range(100, 200);
	} while (time_before(jiffies, deadline));
	pr_err("%s: %llu handlers ran, not %llu\n", module, runs, expected);
	return -EIO;
}
EXPORT_SYMBOL_GPL(meter_expect);

/* ---- Many, on many CPUs ---- */

static const unsigned int counts[] = { 1, 16, 256, 4096 };

/*
 * The least that each CPU schedules. Instructions are counted in a time so
 * short that it mostly contains no interrupt; a clock needs more.
 */
#define SCALING_OPS	256
#define THROUGHPUT_OPS	32768
#define MANY_REPEATS	5
/* For thousands on many CPUs that time is never short enough. */
#define MANY_MAX_DISTURBED	8
#define LATENCY_OPS	512
#define LATENCY_ROUNDS	2

struct worker {
	struct task_struct *task;
	struct completion done;
	void **items;
	u64 (*runs)(void *item);
	void (*schedule)(void **items, unsigned int count);
	unsigned int count;
	/* For latencies: */
	struct hrtimer timer;
	u64 *latencies;
	unsigned int arrived;
	unsigned int expected;
	u64 interrupted;
};

static DEFINE_PER_CPU(struct worker, workers);

/* What the workers do next; changed where all of them meet. */
static struct {
	unsigned int rounds;
	unsigned int rounds_to_measure;
	bool finished;
	unsigned int measured;
	unsigned int disturbed;
	u64 rounds_done;
	u64 interrupts;
	u64 began;
	u64 least;
	u64 most;
	u64 empty;
} plan;

static atomic_t met;
static unsigned int meetings;

static u64 now(void)
{
	return takes_time() ? ktime_get_mono_fast_ns() : get_cycles();
}

/* All wait for the last one, which calls @last before they continue. */
static void meet(void (*last)(void))
{
	unsigned int meeting = READ_ONCE(meetings);

	if (atomic_inc_return(&met) == cpus) {
		atomic_set(&met, 0);
		last();
		/* Pairs with the acquire below. */
		smp_store_release(&meetings, meeting + 1);
	}
	/* Pairs with the release above. */
	while (smp_load_acquire(&meetings) == meeting)
		cpu_relax();
}

static u64 interrupts_of_workers(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for (cpu = 0; cpu < cpus; cpu++)
		sum += count_interrupts(cpu);
	return sum;
}

static void begin(void)
{
	plan.interrupts = interrupts_of_workers();
	plan.began = now();
}

/* By turns with no rounds and with all of them; the first time to warm up. */
static void end(void)
{
	u64 taken = now() - plan.began;
	bool warm = plan.rounds_done > 0;

	plan.rounds_done += plan.rounds;
	if (!warm) {
		plan.rounds = plan.rounds_to_measure;
		return;
	}
	if (!takes_time() &&
	    plan.interrupts != interrupts_of_workers() &&
	    plan.disturbed < MANY_MAX_DISTURBED) {
		plan.disturbed++;
		return;
	}
	if (plan.rounds) {
		plan.least = min(plan.least, taken);
		plan.most = max(plan.most, taken);
		plan.rounds = 0;
	} else {
		plan.empty = min(plan.empty, taken);
		plan.rounds = plan.rounds_to_measure;
		plan.finished = ++plan.measured == MANY_REPEATS;
	}
}

static void make_plan(unsigned int rounds)
{
	memset(&plan, 0, sizeof(plan));
	plan.rounds = 1;
	plan.rounds_to_measure = rounds;
	plan.least = U64_MAX;
	plan.empty = U64_MAX;
}

static void schedule_rounds(struct worker *worker)
{
	void *last = worker->items[worker->count - 1];
	u64 target = worker->runs(last);
	unsigned int round;

	for (round = 0; round < plan.rounds; round++) {
		local_bh_disable();
		worker->schedule(worker->items, worker->count);
		local_bh_enable();
		target++;
		/* All run in order; seldom some are left to a thread. */
		while (worker->runs(last) != target)
			usleep_range(20, 50);
	}
}

static enum hrtimer_restart interrupt(struct hrtimer *timer)
{
	struct worker *worker = container_of(timer, struct worker, timer);

	worker->interrupted = now();
	worker->schedule(worker->items, worker->count);
	return HRTIMER_NORESTART;
}

/* A bottom half runs; it does so on the CPU of the interrupt. */
void meter_arrived(void)
{
	struct worker *worker = this_cpu_ptr(&workers);
	unsigned int arrived = worker->arrived;

	if (arrived < worker->expected)
		worker->latencies[arrived] = now() - worker->interrupted;
	WRITE_ONCE(worker->arrived, arrived + 1);
}
EXPORT_SYMBOL_GPL(meter_arrived);

static void interrupt_rounds(struct worker *worker)
{
	unsigned int round;

	for (round = 1; round <= plan.rounds_to_measure; round++) {
		hrtimer_start(&worker->timer, us_to_ktime(50),
			      HRTIMER_MODE_REL_PINNED_HARD);
		while (READ_ONCE(worker->arrived) < round * worker->count)
			cpu_relax();
		cond_resched();
	}
}

static int worker_main(void *data)
{
	struct worker *worker = data;

	if (worker->latencies) {
		meet(begin);
		interrupt_rounds(worker);
	}
	while (!worker->latencies && !plan.finished) {
		meet(begin);
		schedule_rounds(worker);
		meet(end);
	}
	kthread_complete_and_exit(&worker->done, 0);
}

static int create_threads(void)
{
	struct task_struct *task;
	unsigned int cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		task = kthread_create_on_cpu(worker_main, worker, cpu, "meter/%u");
		if (IS_ERR(task)) {
			while (cpu--)
				kthread_stop(per_cpu_ptr(&workers, cpu)->task);
			return PTR_ERR(task);
		}
		init_completion(&worker->done);
		worker->task = task;
	}
	return 0;
}

static int run_workers(unsigned int rounds)
{
	unsigned int cpu;
	int err;

	make_plan(rounds);
	err = create_threads();
	if (err)
		return err;
	for (cpu = 0; cpu < cpus; cpu++)
		wake_up_process(per_cpu_ptr(&workers, cpu)->task);
	for (cpu = 0; cpu < cpus; cpu++)
		wait_for_completion(&per_cpu_ptr(&workers, cpu)->done);
	return 0;
}

static int measure_throughput(const char *module, const struct meter_item *ops,
			      unsigned int count)
{
	unsigned int ops_each = takes_time() ? THROUGHPUT_OPS : SCALING_OPS;
	unsigned int rounds = max(1, ops_each / count), cpu;
	int err;

	err = run_workers(rounds);
	if (err)
		return err;
	result("many|%s|%u|%u|%llu|%llu|%llu|%llu", module, cpus, count,
	       (u64)rounds * count * cpus, plan.least, plan.most, plan.empty);
	for (cpu = 0; !err && cpu < cpus; cpu++)
		err = meter_expect(module, ops, per_cpu_ptr(&workers, cpu)->items,
				   count, plan.rounds_done * count);
	return err;
}

static int measure_latency(const char *module, const char *priority,
			   unsigned int count)
{
	unsigned int each = max(LATENCY_OPS, LATENCY_ROUNDS * count), cpu;
	u64 *all, n = (u64)each * cpus;
	int err;

	all = vmalloc_array(n, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (cpu = 0; cpu < cpus; cpu++) {
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		worker->latencies = all + cpu * each;
		worker->arrived = 0;
		worker->expected = each;
	}
	err = run_workers(each / count);
	for (cpu = 0; cpu < cpus; cpu++)
		per_cpu_ptr(&workers, cpu)->latencies = NULL;
	if (!err) {
		sort(all, n, sizeof(*all), compare_u64, NULL);
		result("latency|%s|%s|%u|%u|%llu|%llu|%llu|%llu|%llu", module,
		       priority, cpus, count, n, all[n / 2], all[n * 9 / 10],
		       all[n * 99 / 100], all[n - 1]);
	}
	vfree(all);
	return err;
}

static void destroy_all(const struct meter_item *ops)
{
	unsigned int cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		if (worker->items)
			meter_destroy(ops, worker->items, worker->count);
		worker->items = NULL;
	}
}

static int create_all(const struct meter_item *ops, unsigned int count)
{
	unsigned int cpu;

	for (cpu = 0; cpu < cpus; cpu++) {
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		worker->count = count;
		worker->schedule = ops->schedule;
		worker->runs = ops->runs;
		worker->items = meter_create(ops, count);
		if (!worker->items) {
			destroy_all(ops);
			return -ENOMEM;
		}
	}
	return 0;
}

static int latencies(const char *module, const struct meter_item *ops,
		     unsigned int count)
{
	unsigned int cpu;
	int err;

	err = create_all(ops, count);
	if (err)
		return err;
	err = measure_latency(module, "normal", count);
	for (cpu = 0; cpu < cpus; cpu++)
		per_cpu_ptr(&workers, cpu)->schedule = ops->schedule_hi;
	if (!err)
		err = measure_latency(module, "hi", count);
	destroy_all(ops);
	return err;
}

/*
 * Measures one to many items on each CPU: the throughput of items whose handlers
 * count, and the latency of items whose handlers call meter_arrived().
 */
int meter_many(const char *module, const struct meter_item *counting,
	       const struct meter_item *arriving)
{
	unsigned int i;
	int err = 0;

	if (the_mode == METER_LATENCY)
		return latencies(module, arriving, 1);
	for (i = 0; !err && i < ARRAY_SIZE(counts); i++) {
		err = create_all(counting, counts[i]);
		if (err)
			break;
		err = measure_throughput(module, counting, counts[i]);
		destroy_all(counting);
		if (!err && the_mode == METER_TIME)
			err = latencies(module, arriving, counts[i]);
	}
	return err;
}
EXPORT_SYMBOL_GPL(meter_many);

/* ---- Can this machine measure at all? ---- */

/* Two instructions each. */
#define CALIBRATION_LOOPS	10000
/* What reading the counter may add. */
#define CALIBRATION_SLACK	100

/* Other CPUs may come in between, as QEMU counts for all of them. */
#define CALIBRATIONS		100

/* A loop of two instructions. */
static void calibrate(unsigned int loops)
{
#ifdef CONFIG_ARM64
	asm volatile("1: subs %w0, %w0, #1; b.ne 1b" : "+r" (loops) : : "cc");
#else
	asm volatile("1: dec %0; jnz 1b" : "+r" (loops) : : "cc");
#endif
}

static bool counts_instructions(void)
{
	u64 least = U64_MAX;
	unsigned int i;

	for (i = 0; i < CALIBRATIONS; i++) {
		u64 start = get_cycles();

		calibrate(CALIBRATION_LOOPS);
		least = min(least, get_cycles() - start);
	}
	return least >= 2 * CALIBRATION_LOOPS &&
	       least <= 2 * CALIBRATION_LOOPS + CALIBRATION_SLACK;
}

static int __init meter_init(void)
{
	unsigned int cpu;
	int found = match_string(modes, ARRAY_SIZE(modes), mode);

	if (found < 0) {
		pr_err("mode=%s is unknown, accepted are: operations scaling time latency\n",
		       mode);
		return -EINVAL;
	}
	the_mode = found;
	if (cpus < 1 || cpus > num_online_cpus()) {
		pr_err("cannot measure: cpus=%u, but there are 1 to %u\n", cpus,
		       num_online_cpus());
		return -ENODEV;
	}
	if (!takes_time() && !counts_instructions()) {
		pr_err("cannot measure: the TSC does not count instructions here, that needs QEMU without KVM and with -icount shift=0\n");
		return -EOPNOTSUPP;
	}
	for (cpu = 0; cpu < cpus; cpu++)
		hrtimer_setup(&per_cpu_ptr(&workers, cpu)->timer, interrupt,
			      CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static void __exit meter_exit(void)
{
}

module_init(meter_init);
module_exit(meter_exit);
MODULE_DESCRIPTION("Measures bottom halves");
MODULE_LICENSE("GPL");
