#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the VM: loads each fixture that is named, one after the other, and marks in the kernel's log which one it
# is. Of the last one the kernel does not survive the report.

modules=$1
shift

insmod "$modules/rust_tasklet.ko" || exit
for fixture; do
	echo "check-sleep: $fixture" >/dev/kmsg
	[ "$fixture" != "${!#}" ] || echo 1 >/proc/sys/kernel/panic_on_warn
	insmod "$modules/selftests/check-sleep/$fixture.ko" || exit
	# The kernel reports a sleeping function once a second at most.
	sleep 2
	rmmod "$fixture" || exit
done
