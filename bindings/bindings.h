/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads. Makefile.bindgen lists the names that get through.
 */
#include <linux/interrupt.h>
#include <linux/kallsyms.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "helpers/helpers.h"

/* A macro with sizeof in it, which bindgen cannot evaluate. */
const size_t RUST_TASKLET_KSYM_SYMBOL_LEN = KSYM_SYMBOL_LEN;
