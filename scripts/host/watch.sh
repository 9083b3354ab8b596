# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# When to give up a VM. What counts is what it achieves and what it was given, not how long it takes: a busy host
# makes it slow, not wrong. Sourced by what boots one.

# How long a boot may say nothing. On an idle host it is silent for at most 2 s; the debug kernel was for 9 s at a load of 8.
BOOT_SILENCE=${BOOT_SILENCE-120}

# cpu_seconds PID: sets `cpu_seconds` to the time that a process has had of the host's CPUs.
cpu_seconds() {
	local stat
	cpu_seconds=0
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	read -ra stat <<<"${stat##*) }"
	cpu_seconds=$(((stat[11] + stat[12]) / 100))
}

# has_come_up LOG...: does the kernel run its first process? One that is to be silent does not say so, but `boot` does.
has_come_up() { cat "$@" | grep -qaE 'as init process|boot: begin'; }

# hopeless PID SECONDS LOG...: sets `hopeless` to why a VM need not be waited for any more, or to nothing. PID is
# QEMU, if there is one yet. To be called again and again.
#
# SECONDS are those of a machine that has nothing else to do: so much silence, or so much of the time of all of
# its CPUs. What makes noise and does nothing ends with ten times as much. 0 is no limit.
hopeless() {
	local pid=$1 limit=$2 bytes cpus
	shift 2
	hopeless=""
	bytes=$(stat -c %s "$@")
	if [ "$bytes" != "$heard_bytes" ]; then
		heard_bytes=$bytes heard=$SECONDS
	elif [ $((SECONDS - heard)) -gt "$BOOT_SILENCE" ] && ! has_come_up "$@"; then
		hopeless="made no progress for $BOOT_SILENCE s"
	fi
	[ "$limit" != 0 ] || return 0
	cpus=$(nproc)
	cpu_seconds "${pid:-none}"
	if [ $((SECONDS - heard)) -gt "$limit" ]; then
		hopeless="said nothing for $limit s"
	elif [ "$cpu_seconds" -gt $((limit * (cpus < 4 ? cpus : 4))) ] || [ $((SECONDS - began)) -gt $((limit * 10)) ]; then
		hopeless="did not finish within what $limit s of an idle machine are"
	fi
}

# begin_watch: a VM is started now.
begin_watch() { hopeless="" heard=$SECONDS heard_bytes="" began=$SECONDS; }
