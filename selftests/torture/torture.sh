#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the torture test on the kernel it runs on, as root; busybox is enough. See usage below.

usage() {
	cat >&2 <<-END
	usage: $0 MODULES OUT SECONDS [PARAMETER=VALUE...]
	       $0 --inject MODULES OUT

	Loads rust_tasklettorture for SECONDS, with other parameters as modinfo lists them, and shows its counters.
	The last line is SUCCESS or FAILURE with all parameters; the kernel's log is part of the verdict.

	With --inject, falsifies what each invariant in turn sees, and expects a FAILURE that names it. The last
	line is 'N passed, N failed'.

	MODULES  directory with rust_tasklet.ko, and the modules of the tests below it
	OUT      directory for the results: kernel.log
	END
	exit 2
}

die() {
	echo "$0: $*" >&2
	exit 2
}

here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
. "$here/../harness/bad-lines.sh"
. "$here/../harness/pace.sh"

# How much longer than asked for the test may take, on an idle machine.
GRACE=120
# How long it runs for each invariant.
INJECT_SECONDS=3

torture=rust_tasklettorture
error=

find_module() {
	for file in "$MODULES/$1.ko" "$MODULES"/selftests/*/"$1.ko"; do
		[ ! -e "$file" ] || return 0
	done
	die "there is no $1.ko in $MODULES"
}

load() {
	find_module "$1"
	shift
	insmod "$file" "$@" || error="insmod $file $* failed"
}

# The lines of the module in what dmesg says, without time and name.
said() { dmesg | sed -n "s/^\(\[[^]]*\] *\)\?$torture: //p"; }

# run SECONDS PARAMETER...: sets `error`, `verdict` to the last line of the module, and `bad` to a number.
run() {
	seconds=$1
	shift
	error='' verdict='' bad=0
	dmesg -c >/dev/null
	read -r taint </proc/sys/kernel/tainted
	measure_pace busybox true
	tell_pace
	load "$torture" "seconds=$seconds" "$@"
	if [ -z "$error" ]; then
		left=$((seconds + GRACE * slowness / 100))
		while [ "$left" -gt 0 ] && [ -z "$verdict" ]; do
			sleep 1
			left=$((left - 1))
			[ $((left % 60)) != 0 ] || echo "$0: at most $left s to go" >/dev/kmsg
			verdict=$(said | grep '^--- End of test: ')
		done
		[ -n "$verdict" ] || error="it does not come to an end"
		# An rmmod of what hangs would hang as well.
		[ -z "$verdict" ] || rmmod "$torture" || error="rmmod $torture failed"
	fi
	dmesg >>"$OUT/kernel.log"
	dmesg | sed 's/^\[[^]]*\] *//' | bad_lines | grep -vE "$OFFLINE" >"$OUT/bad"
	read -r tainted </proc/sys/kernel/tainted
	[ $((tainted & ~taint & BAD_TAINT)) = 0 ] || echo "tainted: $taint before, $tainted now" >>"$OUT/bad"
	bad=$(wc -l <"$OUT/bad")
}

once() {
	run "$@"
	said | grep -v '^---'
	cat "$OUT/bad"
	if [ -n "$error" ]; then
		echo "--- FAILURE: $error"
	elif [ "$bad" != 0 ]; then
		echo "--- FAILURE: $bad bad lines in the kernel log; $verdict"
	else
		echo "$verdict"
		case $verdict in
		'--- End of test: SUCCESS: '*) return 0 ;;
		esac
	fi
	return 1
}

# The module names its invariants when it is asked for one that there is not.
invariants() {
	find_module "$torture"
	dmesg -c >/dev/null
	! insmod "$file" inject=4294967295 2>/dev/null || return 1
	said | sed -n 's/^ *\([0-9][0-9]*\) \([a-z_][a-z_]*\)$/\1 \2/p' | sort -nu
}

each_injected() {
	passed=0 failed=0
	invariants >"$OUT/invariants" || die "inject= takes any number"
	while read -r number name; do
		run "$INJECT_SECONDS" "inject=$number" stutter_ms=300
		case "$error$bad $verdict" in
		"0 --- End of test: FAILURE: "*" seed="*)
			case "${verdict%%seed=*}" in
			*" $name="[1-9]*) verdict=ok ;;
			esac
			;;
		esac
		if [ "$verdict" = ok ]; then
			passed=$((passed + 1))
			echo "ok    $name is noticed"
		else
			failed=$((failed + 1))
			echo "FAIL  $name: ${error:-$bad bad lines, $verdict}"
			cat "$OUT/bad"
		fi
	done <"$OUT/invariants"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 10 ]
}

mode=once
if [ "${1-}" = --inject ]; then
	mode=each_injected
	shift
	[ $# = 2 ] || usage
else
	[ $# -ge 3 ] || usage
	case $3 in
	*[!0-9]* | '' | 0 | ????????*) die "SECONDS must be a number from 1, not '$3'" ;;
	esac
	for word in "$@"; do
		case $word in
		seconds=*) die "how long is the third argument, not a parameter" ;;
		esac
	done
fi
MODULES=$1 OUT=$2
shift 2

[ "$(id -u)" = 0 ] || die "only root can load modules"
mkdir -p "$OUT" || exit 2
for module in rust_tasklet rust_tasklet_selftest "$torture"; do
	find_module "$module"
	[ ! -d "/sys/module/$module" ] || die "$module is loaded already"
done
rm -f "$OUT/kernel.log"
for module in rust_tasklet rust_tasklet_selftest; do
	load "$module"
	[ -z "$error" ] || die "$error"
done

status=0
if [ "$mode" = once ]; then
	once "$@" || status=1
else
	each_injected || status=1
fi
if [ ! -d "/sys/module/$torture" ]; then
	rmmod rust_tasklet_selftest
	rmmod rust_tasklet
fi
rm -f "$OUT/bad" "$OUT/invariants"
exit "$status"
