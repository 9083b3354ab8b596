/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What bindgen reads. Makefile.bindgen lists the names that get through.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/notifier.h>

#include "helpers.h"
