#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests of `make check-sleep` on real modules and kernels: what it prints of each fixture must be exactly what is in
# FIXTURE.expected, with its exit status. fault_* have a fault, innocent_* have none; limit_* are what the tool
# cannot judge rightly today; refused_* it must not judge at all.

usage() {
	cat <<-END
	usage: $0 TOOL MODULES VMLINUZ RT_VMLINUZ CACHE
	       $0 --list

	TOOL        the executable
	MODULES     directory in which the modules were built with CHECK_SLEEP=y; that of the samples, too
	VMLINUZ     the kernel that they are for
	RT_VMLINUZ  one that the tool cannot judge
	CACHE       directory for what the tool learns of the kernel

	With UPDATE=yes it writes the expected files instead: read the difference.
	END
}

here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
fixtures=$(cd "$here" && printf '%s\n' *.rs | sed 's/\.rs$//')
others="equal_results samples verbose format_github format_json without_lines rates curated refused_rt_kernel refused_no_kernel
	refused_no_module refused_other_kernel refused_other_symbols"

if [ "${1-}" = --list ]; then
	printf '%s\n' "$fixtures"
	xargs -n 1 <<<"$others"
	exit
fi
if [ $# != 5 ]; then
	usage >&2
	exit 2
fi
tool=$1 modules=$2 vmlinuz=$3 rt_vmlinuz=$4 cache=$5
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
# Files are named from here.
cd "$modules" || exit 2
name_in_lines=/build/$(basename "$modules")

passed=0 failed=0

# verdict NAME EXPLANATION COMMAND...: the test passed if the command succeeds.
verdict() {
	local name=$1 explanation=$2
	shift 2
	if "$@"; then
		passed=$((passed + 1))
		printf 'ok    %-24s %s\n' "$name" "$explanation"
	else
		failed=$((failed + 1))
		printf 'FAIL  %-24s %s\n' "$name" "$explanation"
		[ ! -s "$scratch/got" ] || sed 's/^/      | /' "$scratch/got"
	fi
}

# check ARGUMENT...: what the tool says of modules, and its exit status, to $scratch/got.
check() {
	"$tool" check --vmlinuz "$vmlinuz" --cache "$cache" --strip-prefix "$name_in_lines" "$@" >"$scratch/got" 2>&1
	echo "exit status $?" >>"$scratch/got"
}

# is_expected FILE: the difference goes to $scratch/got, if there is one.
is_expected() {
	if [ "${UPDATE-}" = yes ]; then
		cp "$scratch/got" "$here/$1"
	fi
	diff -u --label "$1" --label "what it said" "$here/$1" "$scratch/got" >"$scratch/difference" && return
	mv "$scratch/difference" "$scratch/got"
	return 1
}

# said STATUS TEXT: it did, and no more than a line.
said() {
	[ "$(wc -l <"$scratch/got")" = 2 ] && grep -qF -- "$2" "$scratch/got" && grep -qx "exit status $1" "$scratch/got"
}

[ -e "$modules/selftests/check-sleep/fault_mutex.ko" ] || {
	echo "$0: $modules was not built with CHECK_SLEEP=y" >&2
	exit 2
}

# These take seconds, so they go on beside the rest.
declare -A measures
for command in rates curated; do
	"$tool" "$command" --vmlinuz "$vmlinuz" >"$scratch/$command" 2>&1 &
	measures[$command]=$!
done
# succeeds COMMAND: it was started above, and has ended well.
succeeds() {
	wait "${measures[$1]}" && return
	cp "$scratch/$1" "$scratch/got"
	return 1
}

for fixture in $fixtures; do
	check "selftests/check-sleep/$fixture.ko"
	verdict "$fixture" "$(sed -n '3s/^\/\/! //p' "$here/$fixture.rs")" is_expected "$fixture.expected"
done

# The second time, the table comes from the cache.
is_equal() {
	rm -rf "$scratch/cache"
	"$tool" check --vmlinuz "$vmlinuz" --cache "$scratch/cache" samples/*.ko >"$scratch/first" 2>&1 &&
		"$tool" check --vmlinuz "$vmlinuz" --cache "$scratch/cache" samples/*.ko >"$scratch/got" 2>&1 &&
		cmp "$scratch/first" "$scratch/got"
}
verdict equal_results "the cached table gives the same as a new one" is_equal

check -v rust_tasklet.ko samples/*.ko
verdict samples "no report of any kind" said 0 "calls followed, 0 not followed; 0 errors, 0 warnings"

check -v selftests/check-sleep/limit_few_paths.ko
verdict verbose "what is only possible" is_expected limit_few_paths.verbose.expected

check --format github selftests/check-sleep/fault_mutex.ko
verdict format_github "annotations" is_expected fault_mutex.github.expected
check --format json selftests/check-sleep/fault_mutex.ko
verdict format_json "JSON" is_expected fault_mutex.json.expected

# Made by who built the modules.
check without_lines.ko
verdict without_lines "a module without debug information" is_expected without_lines.expected

verdict rates "on a half of the kernel's documentation that it was not given" succeeds rates
verdict curated "every name that it was given is needed" succeeds curated

other_kernel() {
	"$tool" check --vmlinuz "$1" samples/rust_tasklet_hello.ko >"$scratch/got" 2>&1
	echo "exit status $?" >>"$scratch/got"
}
other_kernel "$rt_vmlinuz"
verdict refused_rt_kernel "a kernel on which spinlocks sleep" said 2 "PREEMPT_RT"
other_kernel /dev/null
verdict refused_no_kernel "an empty kernel" said 2 "it is no kernel for x86-64"
check Module.symvers
verdict refused_no_module "a file that is no module" said 2 "it is no ELF file"
sed 's/vermagic=7\./vermagic=9./' samples/rust_tasklet_hello.ko >"$scratch/other.ko"
check "$scratch/other.ko"
verdict refused_other_kernel "a module for another kernel" said 2 "it was built for 9."
sed 's/_RN/_QN/g; s/_RI/_QI/g' samples/rust_tasklet_hello.ko >"$scratch/other.ko"
check "$scratch/other.ko"
verdict refused_other_symbols "names that it cannot read" said 2 "no handler was found"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
