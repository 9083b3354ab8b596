#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Compares what a kernel with CONFIG_DEBUG_ATOMIC_SLEEP said of the fixtures with what `make check-sleep` says of
# them: of each fault_* it must have reported a sleep in the function that is named, called by the fixture; and
# nothing of each innocent_*.

usage() {
	cat <<-END
	usage: $0 CONSOLE-LOG
	       $0 --list

	--list  names the fixtures, in the order in which they are to be loaded
	END
}

here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
# This one really sleeps, which no kernel survives for long.
last=fault_helper
fixtures=$(cd "$here" && printf '%s\n' innocent_*.rs fault_*.rs | sed 's/\.rs$//' | grep -vx "$last")
fixtures+=$'\n'$last

if [ "${1-}" = --list ]; then
	echo "$fixtures"
	exit
fi
if [ $# != 1 ]; then
	usage >&2
	exit 2
fi
console=$1
. "$here/../harness/bad-lines.sh"
REPORT='BUG: (sleeping function called from invalid context|scheduling while atomic)'

# said_of FIXTURE: the part of the log on it.
said_of() {
	awk -v mark="check-sleep: $1" '{ sub(/\r$/, "") } /check-sleep: [a-z]/ { on = $0 ~ mark "$" } on' "$console"
}

# The function at the end of the first path, as the kernel's traces have it.
named() { sed -n '/^$/q; s/^    \([a-z_]*\): .*/\1/p' "$here/$1.expected" | tail -n 1; }

is_confirmed() { # FIXTURE FUNCTION
	local log
	log=$(said_of "$1")
	[ -n "$2" ] && grep -qE "$REPORT" <<<"$log" && grep -qF "[$1]" <<<"$log" && grep -qF -- "$2" <<<"$log"
}

is_silent() {
	local log
	log=$(said_of "$1")
	[ -n "$log" ] && ! bad_lines <<<"$log" >/dev/null
}

passed=0 failed=0
for fixture in $fixtures; do
	case $fixture in
		fault_*)
			function=$(named "$fixture")
			explanation="the kernel reports a sleep in $function(), too"
			is_confirmed "$fixture" "$function"
			;;
		*)
			explanation="nor does the kernel report any"
			is_silent "$fixture"
			;;
	esac
	# shellcheck disable=SC2181  # Either of two commands.
	if [ $? = 0 ]; then
		passed=$((passed + 1))
		printf 'ok    %-24s %s\n' "$fixture" "$explanation"
	else
		failed=$((failed + 1))
		printf 'FAIL  %-24s %s\n' "$fixture" "$explanation"
		said_of "$fixture" | head -n 60 | sed 's/^/      | /'
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
