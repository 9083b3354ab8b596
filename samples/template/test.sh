#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make test` runs in the VM, as root, beside the modules: @NAME@ is loaded. It prints KTAP.

stats=/sys/kernel/debug/@NAME@/stats
cases=0 failed=0

# check NAME COMMAND...: a case that passes if the command succeeds.
check() {
	local name=$1 result=ok
	shift
	cases=$((cases + 1))
	"$@" || result="not ok" failed=1
	echo "$result $cases $name"
}

# Reads until the driver has counted 100 packets. A driver that counts none is given up after 60 s.
counts_packets() {
	local end=$((SECONDS + 60)) packets=0 rest
	while [ "$SECONDS" -lt "$end" ]; do
		read -r packets rest <"$stats" || return
		[ "$packets" -lt 100 ] || return 0
		sleep 0.1
	done
	echo "# it has counted $packets ($rest)"
	return 1
}

# The last words of the driver: how many interrupts there were, and how many packets it has counted.
lost_none() {
	local words
	words=$(dmesg | sed -nE 's/.*@NAME@: ([0-9]+) interrupts, ([0-9]+) packets.*/\1 \2/p' | tail -n 1)
	echo "# $words"
	[ -n "$words" ] && [ "${words% *}" = "${words#* }" ]
}

echo "KTAP version 1"
echo "1..4"
check "it counts packets" counts_packets
check "it is unloaded in the middle of its work" rmmod @NAME@
check "each interrupt was one packet, to the last" lost_none
check "it is loaded again" insmod @NAME@.ko
[ "$failed" = 0 ]
