# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Tests of commands: a line for each, and the sum. Sourced after enter_namespace.

scratch=$(mktemp -d)
passed=0 failed=0
# In the recipes of make these would be for another make.
unset MAKEFLAGS MAKELEVEL MFLAGS

# What is done before each check.
before_check() { :; }

# check NAME COMMAND...: what it says is shown if it fails. Meanwhile it shows that it is alive.
check() {
	local name=$1 start=$SECONDS status
	shift
	before_check
	show_alive "$name" "$scratch/log" "$@"
	if [ -t 2 ]; then
		printf '\r%80s\r' "" >&2
	elif [ $((SECONDS - start)) -ge 60 ]; then
		echo >&2
	fi
	if [ "$status" = 0 ]; then
		passed=$((passed + 1))
		printf 'ok    %s (%d s)\n' "$name" $((SECONDS - start))
	else
		failed=$((failed + 1))
		printf 'FAIL  %s\n' "$name"
		sed 's/^/      | /' "$scratch/log"
	fi
}

# fails COMMAND...: it fails; what it says goes to `said`.
fails() {
	if said=$("$@" 2>&1 </dev/null); then
		printf 'it ended well:\n%s\n' "$said"
		return 1
	fi
	printf '%s\n' "$said"
}

# says TEXT: it is in `said`.
says() { grep -qF -- "$1" <<<"$said" || { echo "missing: $1"; return 1; }; }

# silently COMMAND...: what it says goes to `said`, its complaints too.
silently() { said=$("$@" 2>&1 </dev/null) || { printf '%s\n' "$said"; return 1; }; }

# The last line.
sum() {
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
