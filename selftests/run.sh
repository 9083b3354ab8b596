#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the selftests on the kernel it runs on, as root: loads the module of each
# row of the contract, reads its KTAP from the kernel log, unloads it, and judges.

ROWS=(
	runs_once coalesces reschedule_while_running serialised parallel same_cpu
	fifo hi_first payload
	disable_blocks disable_waits start_disabled enable_checked
	kill_waits kill_is_final kill_never_hangs kill_context
	drop_is_kill drop_anywhere forget_is_safe forget_handles
	unload_is_safe unload_handles unload_under_load
	hotplug traced bh_hi_first bh_hotplug bh_traced
	listed spinlock_bh misuse nic edu
)

here=$(cd "$(dirname "$0")" && pwd -P) || exit 2
. "$here/harness/bad-lines.sh"
. "$here/harness/pace.sh"

# How long a command of ours may take, in seconds on an idle machine. A case that hangs ends within the first.
LOAD_LIMIT=150
EDU_LIMIT=300
UNLOAD_LIMIT=120
# And how long one that was killed may take to end.
KILL_LIMIT=60

usage() {
	cat <<-END
	usage: $0 MODULES OUT [ROW...]

	MODULES  directory with rust_tasklet.ko, and the modules of the tests somewhere below it
	OUT      directory for the results: results.ktap, kernel.log, trace.txt, kmemleak.txt
	ROW      run only these of the rows, which are:
	END
	printf '         %s\n' "${ROWS[@]}"
}

die() {
	echo "$0: $*" >&2
	exit 2
}

# An external command takes up to a second where a VM has to be emulated on a busy host, so this script
# starts few of them. A regular expression takes a millisecond there, so lines of the log are told apart by patterns.

# ---- The kernel log ----

# Begins to copy the kernel log. The next take_log() gets what follows.
follow_log() {
	echo "selftests: begin $$" >/dev/kmsg
	: >"$scratch/kmsg"
	cat /dev/kmsg >>"$scratch/kmsg" 2>/dev/null &
	log_reader=$!
	exec {log}<"$scratch/kmsg" || exit 2
	read_log_until "selftests: begin $$"
}

# What the kernel has said since the last call goes to the array `slice` and to $OUT/kernel.log.
marks=0
take_log() {
	marks=$((marks + 1))
	echo "selftests: mark $$.$marks" >/dev/kmsg
	read_log_until "selftests: mark $$.$marks"
	[ ${#slice[@]} = 0 ] || printf '%s\n' "${slice_with_times[@]}" >>"$OUT/kernel.log"
}

# Reads records such as "6,1234,5678901,-;text", some followed by " KEY=value" lines. The second field is the number of
# the record. A gap in the numbers means that the log wrapped before we read it. The third one is the time.
log_intact=yes last_record=''
read_log_until() {
	local end=$((SECONDS + 30 * slowness / 100)) line text record time
	slice=() slice_with_times=()
	while :; do
		if ! IFS= read -r line <&"$log"; then
			if [ "$SECONDS" -gt "$end" ] || ! kill -0 "$log_reader" 2>/dev/null; then
				log_intact=no
				return
			fi
			pause
			continue
		fi
		[[ $line == [0-9]*,[0-9]*,[0-9]*,*";"* ]] || continue
		text=${line#*;} record=${line#*,}
		time=${record#*,} record=${record%%,*}
		time=${time%%,*}
		[ "$record" = $((${last_record:-$record - 1} + 1)) ] || log_intact=no
		last_record=$record
		[ "$text" != "$1" ] || return
		slice+=("$text")
		printf -v time '[%5d.%06d]' $((time / 1000000)) $((time % 1000000))
		slice_with_times+=("$time $text")
	done
}

# Lines of the last take_log() that are as they should be, although they look bad.
declare -A excused
excuse() {
	local line
	for line in "${slice_with_times[@]}"; do
		[[ ! ${line#*] } =~ $1 ]] || excused[$line]=yes
	done
}

# ---- Results ----

# The row at work: its KTAP lines, how many cases it has, and how many of them failed.
row_lines=() row_cases=0 row_failures=0

say() { row_lines+=("# $*"); }

# result ok|"not ok" NAME
result() {
	row_cases=$((row_cases + 1))
	[ "$1" = ok ] || row_failures=$((row_failures + 1))
	row_lines+=("$1 $row_cases $2")
}

# expect NAME EXPLANATION COMMAND...: a case that passes if the command succeeds.
expect() {
	local name=$1 explanation=$2
	shift 2
	if "$@"; then
		result ok "$name"
	else
		say "$explanation"
		result "not ok" "$name"
	fi
}

# Takes over the KTAP that module $1 has left in the log.
take_ktap() {
	local line verdict version=0 plan=none results=0
	for line in "${slice[@]}"; do
		case $line in
		"KTAP version 1") version=$((version + 1)) ;;
		1..[1-9]*) plan=${line#1..} ;;
		"# "*) row_lines+=("$line") ;;
		"ok "[1-9]*" "* | "not ok "[1-9]*" "*)
			results=$((results + 1))
			verdict=${line%%ok *}ok line=${line#*ok }
			[ "${line%% *}" = "$results" ] || version=wrong
			result "$verdict" "${line#* }"
			;;
		esac
	done
	if [ "$version" != 1 ] || [ "$plan" != "$results" ]; then
		say "$1 planned $plan cases and reported $results"
		result "not ok" "complete results from $1"
	fi
}

# ---- Modules ----

# Sets `file`, or `error`.
find_module() {
	file=$scratch/modules/$1.ko
	[ ! -e "$file" ] || return 0
	error="there is no $1.ko in $MODULES"
	return 1
}

# A pause that takes no process: nothing ever comes from there.
pause() { read -rt 0.02 <&"$never"; }

# The command that was given up and could not be killed. Later failures would not be faults of their own.
stuck=

# ends_within SECONDS PID: does a child end within that time of an idle machine?
ends_within() {
	local end=$((SECONDS + $1 * slowness / 100))
	while kill -0 "$2" 2>/dev/null; do
		[ "$SECONDS" -le "$end" ] || return 1
		pause
	done
	return 0
}

# bounded SECONDS COMMAND...: sets `error`. Status 1: the command failed; 124: it was given up, and killed.
bounded() {
	local limit=$1 pid
	shift
	if [ -n "$stuck" ]; then
		error="$stuck does not end"
		return 124
	fi
	"$@" >"$scratch/error" 2>&1 &
	pid=$!
	if ! ends_within "$limit" "$pid"; then
		error="$* takes longer than it may"
		kill -KILL "$pid"
		ends_within "$KILL_LIMIT" "$pid" || stuck="$*"
		return 124
	fi
	wait "$pid" && return 0
	error="$* failed: $(<"$scratch/error")"
	return 1
}

# load MODULE [PARAMETER...]
load() { find_module "$1" && bounded "$LOAD_LIMIT" "${kmod[@]}" insmod "$file" "${@:2}"; }

unload() { bounded "$UNLOAD_LIMIT" "${kmod[@]}" rmmod "$1"; }

# What every row needs, however the rows before it ended. Sets `error`.
prepare() {
	local module
	if ! kill -0 "$log_reader" 2>/dev/null; then
		error="the kernel log cannot be read any more"
		return 1
	fi
	# What the row before has left is not of this one.
	take_log
	measure_pace "${kmod[@]}" true
	for module in rust_tasklet rust_tasklet_selftest; do
		[ -d "/sys/module/$module" ] || load "$module" || return
	done
	tell_pace
}

# ---- Rows ----

PARKED=' was not killed before its module was unloaded: parked'
# Sets `leaks` to how many live tasklets modules say that they left behind, and `leaked` to those that the crate
# has warned of. Such warnings are due.
take_leaks() {
	local line text
	leaks=0 leaked=()
	for line in "${slice_with_times[@]}"; do
		text=${line#*] }
		case $text in
		"# leaks "[0-9]*) leaks=$((leaks + ${text#"# leaks "})) ;;
		"rust_tasklet: tasklet of "*"$PARKED" | "rust_tasklet: work of "*"$PARKED")
			text=${text#rust_tasklet: }
			leaked+=("${text%"$PARKED"}")
			excused[$line]=yes
			;;
		esac
	done
}

# Loads a test module, `MODULE` or `MODULE=PARAMETER`, which is set to 1 then, runs $2... while it is loaded, unloads it,
# and takes its results. For every leak that the module announces one warning must follow, and no other.
test_module() {
	local module=${1%=*} parameter=()
	[ "$1" = "$module" ] || parameter=("${1#*=}=1")
	shift
	error=
	if load "$module" "${parameter[@]}"; then
		"$@"
		unload "$module"
	fi
	take_log
	if [ -n "$error" ]; then
		say "$error"
		result "not ok" "loading and unloading $module"
	fi
	take_ktap "$module"
	take_leaks
	if [ "$leaks" != 0 ] || [ ${#leaked[@]} != 0 ]; then
		expect "a warning for each tasklet that $module leaks" \
			"$leaks leaks, ${#leaked[@]} warnings" [ "$leaks" = ${#leaked[@]} ]
	fi
}

# Counters that outlive the modules of a row start at zero.
reset_counters() {
	unload rust_tasklet_selftest && load rust_tasklet_selftest && tell_pace && return
	say "$error"
	result "not ok" "the harness can be loaded anew"
	return 1
}

run_unload_is_safe() {
	local wanted kind handler count name line bred=none
	reset_counters || return 0
	test_module unload_fixture=leaves_tasklets :
	for wanted in Idle:1 Restless:2 Pending:2 Static:1; do
		for kind in tasklet work; do
			handler="$kind of unload_fixture::leaves_tasklets::${wanted%:*}" count=0
			for name in "${leaked[@]}"; do
				[ "$name" != "$handler" ] || count=$((count + 1))
			done
			expect "warnings name the $handler" "$count do" [ "$count" = "${wanted#*:}" ]
		done
	done
	run_breeder
	count=${#leaked[@]}
	test_module unload_is_safe :
	for line in "${slice[@]}"; do
		[[ ! $line =~ ^"# refused_when_going: bred "([0-9]+)$ ]] || bred=${BASH_REMATCH[1]}
	done
	expect "a warning for each tasklet that was made too late to be killed" \
		"$bred and the first were live, $count were parked" [ "$count" = $((bred + 1)) ]
}

run_breeder() {
	error=
	load unload_fixture breeds=1 && unload unload_fixture
	take_log
	expect "a module whose tasklet makes others can be loaded and unloaded" "$error" [ -z "$error" ]
	take_leaks
}

# load_and_unload FILE PARAMETER TIMES: by one process, because starting two for each load takes as long as the load where
# the CPUs are busy.
load_and_unload() {
	# finit_module() and delete_module().
	local calls=(313 176)
	[ "$(uname -m)" = x86_64 ] || calls=(273 106)
	# shellcheck disable=SC2016  # For perl.
	exec perl -e 'my ($path, $word, $times, $load, $unload) = @ARGV;
		my ($name) = $path =~ m{([^/]+)\.ko$};
		for (1 .. $times) {
			open my $file, "<", $path or die "$path: $!\n";
			syscall($load, fileno $file, $word, 0) == 0 or die "loading $name: $!\n";
			syscall($unload, $name, 0) == 0 or die "unloading $name: $!\n";
		}' "$@" "${calls[@]}"
}

# cycle PARAMETER TIMES LEAKS: loads and unloads unload_fixture so often, with a parameter that makes it report nothing but
# what it leaks. At least so many LEAKS are due.
cycle() {
	if ! find_module unload_fixture || ! bounded $((LOAD_LIMIT + $2)) load_and_unload "$file" "$1=1" "$2"; then
		say "$error"
		result "not ok" "unload_fixture with $1 can be loaded and unloaded $2 times"
		return
	fi
	take_log
	take_leaks
	expect "unload_fixture with $1 can be loaded and unloaded $2 times, with a warning for each tasklet that it leaks" \
		"$leaks leaks, ${#leaked[@]} warnings" [ $((leaks == ${#leaked[@]} && leaks >= $3)) = 1 ]
}

# stays MODULE: it has users, and the kernel refuses to unload it for that reason.
stays() {
	unload "$1"
	case $? in
	0) error="$1 went" ;;
	1)
		case $error in
		*"Resource temporarily unavailable"* | *"is in use"*)
			error=
			return
			;;
		esac
		;;
	esac
	say "$error"
	error=
	return 1
}

run_unload_handles() {
	reset_counters || return 0
	test_module unload_fixture=leaves_owners \
		expect "rust_tasklet cannot go before its users" "it should be refused" stays rust_tasklet
	cycle drops_late 3 0
	test_module unload_handles :
}

run_unload_under_load() {
	reset_counters || return 0
	cycle keeps_busy 200 200
	test_module unload_under_load :
}

LIST=/sys/kernel/debug/rust_tasklet/tasklets

# Sets `list` to the lines of the list, without the blanks that align it, and with N for each tasklet's number.
read_list() {
	local words
	list=()
	while read -ra words; do
		[[ ! ${words[0]} =~ ^[1-9][0-9]*$ ]] || words[0]=N
		list+=("${words[*]}")
	done <"$LIST"
}

# A tasklet that runs all the time is pending for a moment between two runs.
list_has() {
	local line
	for _ in {1..50}; do
		read_list
		for line in "${list[@]}"; do
			[ "$line" != "$1" ] || return 0
		done
	done
	return 1
}

# An unreadable list has nothing.
list_has_no() {
	read_list
	[[ "${list[0]-}" == "number kind state depth module handler" && "${list[*]}" != *"$1"* ]]
}

compare_list() {
	local line handler
	while read -r line; do
		expect "the list has $line" "$(printf '%s; ' "${list[@]}")" list_has "$line"
	done <<-END
		number kind state depth module handler
		N tasklet idle 0 listed listed::Idle
		N tasklet idle 2 listed listed::Disabled2
		N tasklet pending 1 listed listed::Pending
		N tasklet running 0 listed listed::witness::Nic.rx
		N tasklet idle 0 listed listed::witness::Uart.tx
		N tasklet pending 1 listed listed::Static
		N work idle 0 listed listed::BhIdle
		N work pending 1 listed listed::BhPending
		N work running 0 listed listed::witness::BhNic.rx
	END
	for handler in Unused Dropped DroppedInPlace Unscheduled Parked BhParked Uart.rx; do
		expect "the list does not have $handler" "it does" list_has_no "$handler"
	done
}

run_listed() {
	test_module listed compare_list
	expect "the list does not have the unloaded module" "it does" list_has_no " listed "
}

run_hotplug() {
	test_module hotplug :
	excuse "$OFFLINE"
}

run_bh_hotplug() {
	test_module bh_hotplug :
	excuse "$OFFLINE"
}

# One of its cases schedules an embedded tasklet that never had a handle, again and again. Others
# schedule after the handle was dropped, which is no mistake.
run_misuse() {
	local line reports=0
	test_module misuse :
	excuse "$OFFLINE"
	for line in "${slice[@]}"; do
		[ "$line" != "rust_tasklet: misuse::witness::Nic.rx was scheduled without a TaskletHandle: nothing runs" ] ||
			reports=$((reports + 1))
	done
	expect "a tasklet that never had a handle is reported once" "$reports reports, 1 is due" [ "$reports" = 1 ]
}

# older_than MAJOR MINOR: is this kernel?
older_than() {
	local major minor
	IFS=.- read -r major minor _ <<<"$release"
	[ $((major * 1000 + minor)) -lt $(($1 * 1000 + $2)) ]
}

. "$here/rows/nic.sh"

# The PCI driver among the samples; its test loads and unloads all modules itself.
run_edu() {
	local library status=0
	if older_than 7 3; then
		skipped="needs Linux 7.3"
		return
	fi
	find_module rust_tasklet && library=$file && find_module rust_tasklet_edu
	if ! unload rust_tasklet_selftest || ! unload rust_tasklet; then
		expect "the modules can be unloaded" "$error" false
		return
	fi
	bounded "$EDU_LIMIT" "$here/rows/edu.sh" "$library" "$file" 5 || status=$?
	[ "$status" != 124 ] || expect "edu.sh ends" "$error" false
	take_log
	mapfile -t slice <"$scratch/error"
	take_ktap edu.sh
	expect "edu.sh succeeds if its cases do" "its status is $status" [ $(((status == 0) == (row_failures == 0))) = 1 ]
}

TRACING=/sys/kernel/tracing

# trace_module MODULE GROUP BEGIN END: compares the events BEGIN and END of GROUP with the runs that MODULE reports.
trace_module() {
	local module=$1 events=$TRACING/events/$2 begin=$3 end=$4 line runs=0 entries=0 exits=0 lost='nothing traced'
	if [ ! -d "$events/$begin" ] || [ ! -d "$events/$end" ]; then
		say "$events has no $begin and $end"
		result "not ok" "trace events"
		return
	fi
	echo 0 >"$TRACING/tracing_on"
	echo >"$TRACING/trace"
	echo 1 >"$events/$begin/enable"
	echo 1 >"$events/$end/enable"
	echo 1 >"$TRACING/tracing_on"
	test_module "$module" save_trace
	echo 0 >"$events/$begin/enable"
	echo 0 >"$events/$end/enable"

	for line in "${slice[@]}"; do
		[[ ! $line =~ ^"# "[a-z_]+": ran "([0-9]+)" times"$ ]] || runs=$((runs + BASH_REMATCH[1]))
	done
	while IFS= read -r line; do
		case $line in
		*" $begin: "*" function"*"[$module]") entries=$((entries + 1)) ;;
		*" $end: "*" function"*"[$module]") exits=$((exits + 1)) ;;
		*entries-in-buffer/entries-written:*)
			[[ $line =~ :\ ([0-9]+)/([0-9]+)\  ]]
			lost=$((BASH_REMATCH[2] - BASH_REMATCH[1]))
			;;
		esac
	done <"$OUT/trace.txt"
	expect "runs were counted" "the module reported none" [ "$runs" -gt 0 ]
	expect "$begin for each run" "$runs runs, $entries events" [ "$entries" = "$runs" ]
	expect "$end for each run" "$runs runs, $exits events" [ "$exits" = "$runs" ]
	expect "no event was lost" "lost: $lost" [ "$lost" = 0 ]
}

run_traced() {
	trace_module traced irq tasklet_entry tasklet_exit
}

run_bh_traced() {
	trace_module bh_traced workqueue workqueue_execute_start workqueue_execute_end
}

# The functions in the trace can be named only as long as their module is loaded.
save_trace() {
	echo 0 >"$TRACING/tracing_on"
	cat "$TRACING/trace" >"$OUT/trace.txt"
}

# ---- The log as a test ----

# What the detector must see, and what it must not.
SAMPLES_BAD='WARNING: CPU: 1 PID: 23 at kernel/softirq.c:881 tasklet_clear_sched+0x4c/0x60
BUG: scheduling while atomic: swapper/1/0/0x00000100
BUG: unable to handle page fault for address: ffffffffc0a01000
Oops: Oops: 0010 [#1] SMP NOPTI
rust_kernel: panicked at /src/tasklet/life.rs:470:9:
WARNING: kernel/rcu/tree_plugin.h:332 at rcu_note_context_switch+0x636/0xd80, CPU#0: selftest/0/65
WARNING: possible circular locking dependency detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
BUG: KASAN: slab-use-after-free in tasklet_action_common+0x2c1/0x470
BUG: sleeping function called from invalid context at include/linux/sched/mm.h:322
INFO: task selftest/0:72 blocked for more than 5 seconds.
watchdog: BUG: soft lockup - CPU#0 stuck for 7s! [selftest/0:72]
ODEBUG: free active (active state 0) object: ffff888006033e80 object type: hrtimer hint: 0x0
kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
rcu: INFO: rcu_preempt self-detected stall on CPU
NOHZ tick-stop error: local softirq work is pending, handler #40!!!
tasklet SCHED state not set: callback _RNvMs_+0x0/0x40 [rust_tasklet_hello]
rust_tasklet: tasklet of somebody::Else was not killed before its module was unloaded: parked
rust_tasklet: work of somebody::Else was not killed before its module was unloaded: parked'
SAMPLES_GOOD='rust_tasklet: loading out-of-tree module taints kernel.
ok 7 pending_hi
smpboot: CPU 3 is now offline'

run_clean_log() {
	local line module tainted bad=0
	expect "the detector knows bad lines from good ones" "it does not" \
		[ "$(bad_lines <<<"$SAMPLES_BAD"$'\n'"$SAMPLES_GOOD")" = "$SAMPLES_BAD" ]
	for module in rust_tasklet_selftest rust_tasklet; do
		unload "$module" || {
			say "$error"
			result "not ok" "unloading $module"
		}
	done
	take_log
	while IFS= read -r line; do
		[ -z "${excused[$line]-}" ] || continue
		bad=$((bad + 1))
		[ "$bad" -gt 30 ] || say "$line"
	done < <(bad_lines <"$OUT/kernel.log")
	expect "no bad line in the kernel log" "$bad bad lines" [ "$bad" = 0 ]
	read -r tainted </proc/sys/kernel/tainted
	expect "no new taint" "tainted: $taint before, $tainted now" [ $((tainted & ~taint & BAD_TAINT)) = 0 ]
	expect "no line of the kernel log was lost" "it has wrapped: boot with log_buf_len=16M" \
		[ "$log_intact" = yes ]
}

KMEMLEAK=/sys/kernel/debug/kmemleak

# After all modules were unloaded, nothing is left that they allocated. An object is taken for a leak only when it is
# some seconds old and two scans have not seen its address; so the last thing to happen is a leak on
# purpose: when that is found, so is every other.
run_no_leaks() {
	local end=$((SECONDS + 60 * slowness / 100)) scans=0 report='' objects
	error=
	load leak && unload leak
	while [[ $report != *"leaked on demand"* ]] && { [ "$scans" -lt 30 ] || [ "$SECONDS" -lt "$end" ]; }; do
		scans=$((scans + 1))
		# The kernel keeps the stacks of processes that have ended, which may hold the address, for new ones.
		for _ in {1..16}; do /bin/true; done
		echo scan >"$KMEMLEAK"
		report=$(<"$KMEMLEAK")
	done
	printf '%s\n' "$report" >"$OUT/kmemleak.txt"
	objects=$(grep -c '^unreferenced object' "$OUT/kmemleak.txt")
	expect "a leak on purpose is found" \
		"${error:-it is not: boot with slab_debug=F, or the allocator remembers addresses for too long}" \
		[ "${report/leaked on demand/}" != "$report" ]
	expect "no other leak" "$objects leaks, see kmemleak.txt" [ "$objects" -le 1 ]
	take_log
}

# ---- All of it ----

passed=0 failed=0 rows_skipped=0

run_row() {
	local row=$1 start=${EPOCHREALTIME/./} tenths number verdict="ok" skipped=""
	row_lines=() row_cases=0 row_failures=0
	case $row in
	no_leaks) run_no_leaks ;;
	clean_log)
		prepare || expect "the modules can be unloaded" "$error" false
		run_clean_log
		;;
	*)
		if ! prepare; then
			expect "the modules that it needs are there" "$error" false
		elif declare -F "run_$row" >/dev/null; then
			"run_$row"
		else
			test_module "$row" :
		fi
		;;
	esac
	# A row without a case has shown nothing.
	[ -n "$skipped" ] || [ "$row_cases" -gt 0 ] || result "not ok" "there is a case"
	tenths=$(((${EPOCHREALTIME/./} - start) / 100000))

	if [ -n "$skipped" ]; then
		rows_skipped=$((rows_skipped + 1))
		row_lines=("# $skipped")
		printf 'skip  %-26s %s\n' "$row" "$skipped"
	elif [ "$row_failures" = 0 ]; then
		passed=$((passed + 1))
		printf 'ok    %-26s %2d cases %6s\n' "$row" "$row_cases" "$((tenths / 10)).$((tenths % 10)) s"
	else
		failed=$((failed + 1))
		verdict="not ok"
		printf 'FAIL  %-26s %2d cases, %d of them failed:\n' "$row" "$row_cases" "$row_failures"
		printf '%s\n' "${row_lines[@]}" | grep -E '^(# |not ok)' | sed 's/^/      | /; 40q'
	fi
	number=$((passed + failed + rows_skipped))
	{
		echo "  KTAP version 1"
		echo "  1..$row_cases"
		printf '  %s\n' "${row_lines[@]}"
		echo "$verdict $number $row${skipped:+ # SKIP $skipped}"
	} >>"$OUT/results.ktap"
}

if [ $# -lt 2 ]; then
	usage >&2
	exit 2
fi
MODULES=$1 OUT=$2
shift 2
for row; do
	if [[ " ${ROWS[*]} " != *" $row "* ]]; then
		echo "$0: there is no row $row" >&2
		usage >&2
		exit 2
	fi
done
[ $# = 0 ] || ROWS=("$@")

[ "$EUID" = 0 ] || die "only root can load modules"
[ -d "$OUT" ] || mkdir -p "$OUT" || die "cannot make $OUT"
for module in rust_tasklet rust_tasklet_selftest; do
	[ ! -d "/sys/module/$module" ] || die "$module is loaded already"
done
read -r cpus </sys/devices/system/cpu/online
[[ $cpus =~ ^0-([0-9]+)$ && ${BASH_REMATCH[1]} -ge 3 ]] || die "the tests need 4 CPUs, here are CPUs $cpus"
read -r release </proc/sys/kernel/osrelease
read -r taint </proc/sys/kernel/tainted

scratch=$(mktemp -d) || exit 2
trap 'rm -r "$scratch"' EXIT
# From memory. In a VM, a file on the host's disk must wait while bottom halves keep the CPU that has the disk's interrupts.
mkdir "$scratch/modules"
find "$MODULES" -name '*.ko' -exec cp -t "$scratch/modules" {} + || die "cannot copy the modules in $MODULES"
for module in rust_tasklet rust_tasklet_selftest; do
	find_module "$module" || die "$error"
done
exec {never}<> <(:)
# A static program in memory is started quickly, also where bottom halves keep all CPUs busy: there, rmmod itself takes
# 23 s to come to its first system call. The threads that run bottom halves must not keep us waiting either.
kmod=(env)
if busybox=$(command -v busybox); then
	cp "$busybox" "$scratch/"
	kmod=("$scratch/busybox")
fi
renice -n -20 $$ >/dev/null
# Much of the time of an unload is a wait for RCU, which can be made shorter.
[ ! -w /sys/kernel/rcu_expedited ] || echo 1 >/sys/kernel/rcu_expedited
# Otherwise a burst of marks would be dropped.
echo on >/proc/sys/kernel/printk_devkmsg
slowness=100
follow_log
trap 'kill "$log_reader"; rm -r "$scratch"' EXIT
rm -f "$OUT/trace.txt" "$OUT/kmemleak.txt"
: >"$OUT/kernel.log"
ROWS+=(clean_log)
[ ! -e "$KMEMLEAK" ] || ROWS+=(no_leaks)
{
	echo "KTAP version 1"
	echo "1..${#ROWS[@]}"
} >"$OUT/results.ktap"
echo "$release, CPUs $cpus"
for row in "${ROWS[@]}"; do
	run_row "$row"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
