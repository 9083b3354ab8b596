# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# When to give up a VM. A busy host makes it slow, not wrong. So what counts is its progress and the CPU time that it
# had, not the time that has passed. Sourced by scripts that boot one.

# How long a boot may print nothing. On an idle host it is silent for at most 2 s; the debug kernel was for 9 s at a load of 8.
BOOT_SILENCE=${BOOT_SILENCE-60}

# cpu_seconds PID: sets `cpu_seconds` to the time that a process has had of the host's CPUs.
cpu_seconds() {
	local stat
	cpu_seconds=0
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	read -ra stat <<<"${stat##*) }"
	cpu_seconds=$(((stat[11] + stat[12]) / 100))
}

# has_come_up LOG...: does the kernel run its first process? A silent kernel does not print that, but `boot` does.
has_come_up() { grep -qaE 'as init process|boot: begin' "$@"; }

# hopeless PID SECONDS LOG...: sets `hopeless` to the reason to give a VM up, or to nothing. PID is QEMU, if there is
# one yet. To be called again and again.
#
# SECONDS is for a machine that has nothing else to do. It limits the silence, and the time of all of its CPUs. A VM
# that prints without end is given up after ten times as long. 0 is no limit.
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
