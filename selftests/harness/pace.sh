# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# How slow this machine is now, for those who source this. Limits are those of an idle machine, and are multiplied by
# how much slower this one is. POSIX: busybox reads it too.

# What measure_pace() takes where a VM is emulated on two idle cores, in hundredths of a second.
PACE=8

# measure_pace COMMAND...: starts the command 8 times, 4 at once, and sets `slowness` to how much slower that is, in
# percent, and at least 100.
measure_pace() {
	read -r pace_begin _ </proc/uptime
	for _ in 1 2; do
		"$@" &
		pace_1=$!
		"$@" &
		pace_2=$!
		"$@" &
		pace_3=$!
		"$@"
		wait $pace_1 $pace_2 $pace_3
	done
	read -r pace_end _ </proc/uptime
	slowness=$(((${pace_end%.*} - ${pace_begin%.*}) * 100 + 1${pace_end#*.} - 1${pace_begin#*.}))
	slowness=$((slowness * 100 / PACE))
	[ $slowness -gt 100 ] || slowness=100
}

# Tells the harness, once it is loaded.
tell_pace() { echo "$slowness" >/sys/module/rust_tasklet_selftest/parameters/slowness; }
