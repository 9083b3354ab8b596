// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest driver with a tasklet, for its size; nobody loads it. Its twin
 * is driver_rust.rs.
 */

#include <linux/interrupt.h>
#include <linux/module.h>

static unsigned long runs;

static void driver_run(struct tasklet_struct *t)
{
	WRITE_ONCE(runs, runs + 1);
}

static struct tasklet_struct tasklet;

static int __init driver_init(void)
{
	tasklet_setup(&tasklet, driver_run);
	tasklet_schedule(&tasklet);
	return 0;
}

static void __exit driver_exit(void)
{
	tasklet_kill(&tasklet);
}

module_init(driver_init);
module_exit(driver_exit);
MODULE_DESCRIPTION("The smallest driver with a tasklet");
MODULE_LICENSE("GPL");
