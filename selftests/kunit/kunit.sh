#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the crate's KUnit suites on the kernel it runs on, as root: its unit tests, and the examples in its
# documentation. Judges the KTAP that KUnit makes of them.

SUITES=(rust_tasklet rust_tasklet_doctests)
KUNIT=/sys/kernel/debug/kunit

usage() {
	cat <<-END
	usage: $0 MODULES OUT

	MODULES  directory with rust_tasklet.ko and selftests/kunit/rust_tasklet_doctests.ko
	OUT      directory for the results: SUITE.ktap, kunit.log
	END
}

die() {
	echo "$0: $*" >&2
	exit 2
}

passed=0 failed=0 failures_wanted=0

# verdict NAME EXPLANATION COMMAND...: the test passed if the command succeeds.
verdict() {
	local name=$1 explanation=$2
	shift 2
	if "$@"; then
		passed=$((passed + 1))
		echo "ok    $name"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n%s\n' "$name" "$explanation"
	fi
}

# Takes over the results of a suite; what KUnit says of a case stands before its result. A case that is
# called must_fail shows that one can.
judge() {
	local line name wanted said='' plan=0 results=0
	while IFS= read -r line; do
		if [[ $line =~ ^\ +1\.\.([0-9]+)$ ]]; then
			plan=${BASH_REMATCH[1]} said=''
		elif [[ $line =~ ^\ +((not )?ok)\ [0-9]+\ ([a-z0-9_]+)$ ]]; then
			results=$((results + 1)) name=${BASH_REMATCH[3]} wanted=ok
			[[ $name != must_fail_* ]] || wanted="not ok" failures_wanted=$((failures_wanted + 1))
			verdict "$name" "$said" [ "${BASH_REMATCH[1]}" = "$wanted" ]
			said=''
		else
			said+=$line$'\n'
		fi
	done <"$OUT/$1.ktap"
	verdict "$1 is complete" "$plan cases were planned, $results reported" [ $((plan == results && plan > 0)) = 1 ]
}

if [ $# != 2 ]; then
	usage >&2
	exit 2
fi
MODULES=$1 OUT=$2
here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
. "$here/../harness/bad-lines.sh"

[ "$EUID" = 0 ] || die "only root can load modules"
[ -d "$KUNIT" ] || die "there is no $KUNIT: this needs a kernel with CONFIG_KUNIT=y and CONFIG_KUNIT_DEBUGFS=y," \
	"booted with kunit.enable=1"
doctests=$MODULES/selftests/kunit/rust_tasklet_doctests.ko
[ -e "$doctests" ] || die "there is no $doctests: the modules were built for a kernel without CONFIG_KUNIT"
[ -d "$OUT" ] || mkdir -p "$OUT" || die "cannot make $OUT"

dmesg --clear
insmod "$MODULES/rust_tasklet.ko" && insmod "$doctests" || exit 2
for suite in "${SUITES[@]}"; do
	if [ -e "$KUNIT/$suite/run" ]; then
		echo 1 >"$KUNIT/$suite/run"
		cat "$KUNIT/$suite/results" >"$OUT/$suite.ktap"
	else
		: >"$OUT/$suite.ktap"
	fi
	judge "$suite"
done
verdict "a case can fail" "no case that must was run" [ "$failures_wanted" -gt 0 ]
rmmod rust_tasklet_doctests && rmmod rust_tasklet
verdict "modules unload" "see kunit.log" [ ! -d /sys/module/rust_tasklet ]
dmesg >"$OUT/kunit.log"
bad=$(bad_lines <"$OUT/kunit.log")
verdict "clean_log" "$bad" [ -z "$bad" ]

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
