# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# `nic`: the sample to start a driver from is removed in the middle of its work, and no packet is lost or
# counted twice; neither with a tasklet nor, when one of its lines is changed, with a `BhWork`.
#
# The top half counts interrupts, and the tasklet packets. The last words of the driver compare them. For run.sh to
# source.

NIC_STATS=/sys/kernel/debug/rust_tasklet_nic/stats

# reads_packets LEAST: reads what the driver has counted until it is at least so much. It must always fit together.
# Sets `error`.
reads_packets() {
	local end=$((SECONDS + 60 * slowness / 100)) line=
	while [ "$SECONDS" -le "$end" ]; do
		read -r line <"$NIC_STATS"
		if [[ ! $line =~ ^([0-9]+)" packets, "([0-9]+)" bytes, "([0-9]+)" runs"$ ]] ||
			[ $((BASH_REMATCH[1] * 1500)) != "${BASH_REMATCH[2]}" ] || [ "${BASH_REMATCH[3]}" -gt "${BASH_REMATCH[1]}" ]; then
			error="this does not fit together: $line"
			return 1
		fi
		[ "${BASH_REMATCH[1]}" -lt "$1" ] || return 0
		pause
	done
	error="the driver has counted too little: $line"
	return 1
}

run_nic() {
	test_nic rust_tasklet_nic
	test_nic rust_tasklet_nic_bh
}

# test_nic MODULE
test_nic() {
	local line words=none interrupts=0 packets=0 runs=0
	error=
	if load "$1"; then
		reads_packets 100
		expect "$1 counts packets, and readers see whole ones" "$error" [ -z "$error" ]
		error=
		unload "$1"
	fi
	expect "$1 can be loaded and unloaded" "$error" [ -z "$error" ]
	take_log
	for line in "${slice[@]}"; do
		if [[ $line =~ ^"$1: "(([0-9]+)" interrupts, "([0-9]+)" packets, "([0-9]+)" runs")$ ]]; then
			words=${BASH_REMATCH[1]} interrupts=${BASH_REMATCH[2]} packets=${BASH_REMATCH[3]} runs=${BASH_REMATCH[4]}
		fi
	done
	expect "each interrupt was one packet, to the last" "$words" [ "$packets" = "$interrupts" ]
	expect "the bottom half ran, at most once for each" "$words" [ $((runs > 0 && runs <= interrupts)) = 1 ]
}
