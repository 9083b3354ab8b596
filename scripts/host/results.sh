# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the runners of the tests print: for each test a line with ok, FAIL or skip and its name, and at the
# end `N passed, N failed`. Sourced after lib.sh, by scripts that run them.

# running SCREEN-LOG TESTS: the first of TESTS, one a line, without a line of its own.
running() {
	local test
	test=$(grep -vxFf <(sed -nE 's/^(ok|FAIL|skip) +([a-z_/]+) .*/\2/p' "$1") <<<"$2" | head -n 1) || true
	echo "${test:-what comes after all tests}"
}

# failures SCREEN-LOG: the tests that failed.
failures() { sed -nE 's/^FAIL +([a-z_/]+) .*/\1/p' "$1"; }

# has_ended SCREEN-LOG: did the runner come to its last line? Sets `runner_passed` and `runner_failed`.
has_ended() {
	[[ $(tail -n 1 "$1") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || return
	runner_passed=${BASH_REMATCH[1]} runner_failed=${BASH_REMATCH[2]}
}

# count SCREEN-LOG STATUS TESTS: adds to `passed` and `failed`. A runner that did not come to its last line was
# in the middle of a test: that one failed. One that was killed may have come to the last line of a part.
count() {
	if [ "$2" -le 1 ] && has_ended "$1"; then
		# All is well only if the runner says so in both ways.
		[ "$2" = 0 ] || [ "$runner_failed" != 0 ] || runner_failed=1
	else
		runner_passed=$(grep -c '^ok ' "$1" || true)
		runner_failed=$(($(grep -c '^FAIL ' "$1" || true) + 1))
		say "  The runner did not finish (status $2).${3:+ It was busy with: $(running "$1" "$3")}"
	fi
	passed=$((passed + runner_passed)) failed=$((failed + runner_failed))
}

# part NAME TESTS COMMAND...: some tests and their results on the screen and in a file; adds them up. TESTS is empty for a
# command that has parts of its own.
part() {
	local name=$1 tests screen=$TOP/out/test/$1.log start=$SECONDS status=0
	tests=$(xargs -n 1 <<<"$2")
	shift 2
	mkdir -p "$TOP/out/test"
	"$@" | tee "$screen" || status=$?
	count "$screen" "$status" "$tests"
	say "  $name took $((SECONDS - start)) s."
}

# The rows of the contract: the runner's usage names them, one a line.
contract_rows() { "$TOP/selftests/run.sh" 2>&1 | sed -n 's/^ *\([a-z][a-z_]*\)$/\1/p' || true; }
