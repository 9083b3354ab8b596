# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# `nic`: the sample to start a driver from is removed in the middle of its work, and no packet is lost or
# counted twice; neither with a tasklet nor, when one of its lines is changed, with a `BhWork`.
#
# The top half counts interrupts, and the tasklet packets. The last words of the driver compare them. For run.sh to
# source.

NIC_STATS=/sys/kernel/debug/rust_tasklet_nic/stats

# reads_packets LEAST READS: reads what the driver has counted, at least so often and until it is at least so much. It must
# always fit together. Sets `error`.
reads_packets() {
	local end=$((SECONDS + 60 * slowness / 100)) line='' reads=0
	while [ "$SECONDS" -le "$end" ]; do
		read -r line <"$NIC_STATS"
		if [[ ! $line =~ ^([0-9]+)" packets, "([0-9]+)" bytes, "([0-9]+)" runs"$ ]] ||
			[ $((BASH_REMATCH[1] * 1500)) != "${BASH_REMATCH[2]}" ] || [ "${BASH_REMATCH[3]}" -gt "${BASH_REMATCH[1]}" ]; then
			error="this does not fit together: $line"
			return 1
		fi
		reads=$((reads + 1))
		[ "${BASH_REMATCH[1]}" -lt "$1" ] || [ "$reads" -lt "$2" ] || return 0
	done
	error="the driver has counted too little: $line"
	return 1
}

NIC_LOADS=4

run_nic() {
	test_nic rust_tasklet_nic
	test_nic rust_tasklet_nic_bh
}

# load_nic MODULE: on CPU 3, so that this has its interrupts. After the first time, another tasklet gets run after run of
# 50 ms there. So most interrupts find that of the driver pending, and so do most removals.
load_nic() { find_module "$1" && bounded "$LOAD_LIMIT" "${kmod[@]}" taskset 8 "${kmod[@]}" insmod "$file"; }

# test_nic MODULE
test_nic() {
	local line words=0 whole=0 few=0 interrupts=0 runs=0 i
	reset_counters || return 0
	error=
	if load_nic "$1"; then
		reads_packets 100 1000
		expect "$1 counts packets, and readers see whole ones" "$error" [ -z "$error" ]
		error=
		unload "$1"
	fi
	for ((i = 1; i < NIC_LOADS; i++)); do
		if [ -n "$error" ] || ! load_nic "$1" || ! load unload_fixture drops_late=1 || ! reads_packets 20 1 ||
			! unload "$1" || ! unload unload_fixture; then
			break
		fi
	done
	expect "$1 can be loaded and unloaded $NIC_LOADS times" "$error" [ -z "$error" ]
	take_log
	for line in "${slice[@]}"; do
		if [[ $line =~ ^"$1: "([0-9]+)" interrupts, "([0-9]+)" packets, "([0-9]+)" runs"$ ]]; then
			words=$((words + 1))
			whole=$((whole + (BASH_REMATCH[2] == BASH_REMATCH[1])))
			few=$((few + (BASH_REMATCH[3] > 0 && BASH_REMATCH[3] <= BASH_REMATCH[1])))
			interrupts=$((interrupts + BASH_REMATCH[1]))
			runs=$((runs + BASH_REMATCH[3]))
		fi
	done
	say "$1: $interrupts interrupts, $runs runs"
	expect "each interrupt was one packet, to the last" "$whole of $words times" [ "$whole" = $NIC_LOADS ]
	expect "the bottom half ran, at most once for each" "$few of $words times" [ "$few" = $NIC_LOADS ]
	expect "one run was for several, too" "$runs runs for $interrupts interrupts" [ "$runs" -lt "$interrupts" ]
}
