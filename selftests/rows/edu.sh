#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# `edu`: a PCI driver whose bottom half is a tasklet answers every request, and its device or its module may go at
# any time, also under a flood of interrupts.
#
# Tests samples/rust_tasklet_edu.rs in a VM that has the device (QEMU: -device edu):
#
#   selftests/rows/edu.sh rust_tasklet.ko rust_tasklet_edu.ko [ROUNDS]
#
# Prints KTAP; ends with 0 if no test failed. The modules must not be loaded yet, and are not afterwards.
# Needs root, /proc, /sys and /dev. Keeps to what busybox's shell can do as well, and starts few processes,
# which are slow in an emulated machine under a flood of interrupts.

export LC_ALL=C
library=$1
module=$2
rounds=${3:-20}

dev=/dev/rust_tasklet_edu
driver=/sys/bus/pci/drivers/rust_tasklet_edu
errors=/tmp/edu-errors.$$
newline='
'
# More than the device can do before the driver gives up, and what keeps it busy for a while.
too_large=4294967295
large=1500000000
tests="binds factorial path follows_the_interrupt bad_input takes_turns timeout flood unbind_wakes
	unbind_with_open_file rebind_under_flood rmmod_with_open_file rmmod_under_flood log_is_clean"

# Lines that must not be in the kernel log.
bad='WARNING:|BUG:|Oops|Call Trace|nobody cared|unexpected IRQ|No irq handler|spurious|stall|lockup|hung task'
bad="$bad|blocked for more|general protection|INFO: |UBSAN|KASAN|rust_tasklet: .*(live|parked)"

number=0 failed=0 why=""

# Under a flood of interrupts a static program is started in a fraction of the time.
if busybox=$(command -v busybox); then
	insmod() { "$busybox" insmod "$@"; }
	rmmod() { "$busybox" rmmod "$@"; }
fi

# fail WORD...: says why; the test that runs returns its status.
fail() {
	why=$*
	return 1
}

# run TEST: one line of KTAP.
run() {
	number=$((number + 1))
	why=""
	if "$1"; then
		echo "ok $number edu_$1${why:+ # SKIP $why}"
	else
		[ -z "$why" ] || echo "# $why"
		echo "not ok $number edu_$1"
		failed=$((failed + 1))
	fi
}

# Asks on file 3.
ask_file() {
	echo "$1" >&3 || return
	while IFS= read -r line <&3; do
		answer=$answer$line$newline
	done
}

# ask REQUEST: sets `answer` to the report, or to why there is none. The file is opened twice, because <>
# alone would make a plain file of that name if there is no device.
ask() {
	answer=""
	{ { ask_file "$1"; } 4<"$dev" 3<>/proc/self/fd/4; } 2>"$errors" && return
	IFS= read -r answer <"$errors"
	return 1
}

# count WHAT: sets `count` to one of the totals.
count() {
	count=""
	read -r count 2>/dev/null <"$dev"
	count=${count#*"$1 "}
	count=${count%%,*}
}

# cpu_of interrupt|tasklet: sets `cpu_of` to where that was, according to `answer`.
cpu_of() {
	cpu_of=${answer#*"$1 on CPU "}
	cpu_of=${cpu_of%% *}
}

# expect_error REQUEST ERROR
expect_error() {
	if ask "$1"; then
		fail "'$1' was taken: $answer"
		return
	fi
	case $answer in
		*"$2"*) ;;
		*) fail "'$1' gave '$answer' instead of '$2'" ;;
	esac
}

# expect_value N VALUE
expect_value() {
	if ! ask "$1"; then
		fail "$1! failed: $answer"
		return
	fi
	case $answer in
		"$1! = $2$newline"*) ;;
		*) fail "$1! gave '$answer' instead of $2" ;;
	esac
}

# Waits until the device is done with requests that were given up.
settle() {
	for _ in $(seq 600); do
		! ask 3 || return 0
		sleep 0.2
	done
	fail "the device is still not idle: $answer"
}

# start_flood: until interrupts are seen to come. Sets `before`.
start_flood() {
	if ! ask "flood 50"; then
		fail "no flood: $answer"
		return
	fi
	count interrupts
	before=$count
	for _ in $(seq 600); do
		count interrupts
		[ $((count - before)) -lt 50 ] || return 0
		sleep 0.1
	done
	fail "no flood of interrupts: only $count"
}

# wait_for_answers N: until requests of others were answered so often.
wait_for_answers() {
	count answers
	before=$count
	for _ in $(seq 600); do
		count answers
		[ $((count - before)) -lt "$1" ] || return 0
		sleep 0.1
	done
	fail "requests under a flood have no answers: $count"
}

unbind() { echo "$slot" >"$driver/unbind"; }
bind() { echo "$slot" >"$driver/bind"; }

binds() {
	if ! insmod "$library" || ! insmod "$module"; then
		fail "cannot load the modules"
		return
	fi
	if [ ! -c "$dev" ]; then
		fail "no $dev"
		return
	fi
	read -r line <"$dev"
	echo "# $line"
	# Without MSI, the line is what is left.
	expected=Msi
	! grep -q 'pci=nomsi' /proc/cmdline || expected=Intx
	case $line in
		"irq "*" $expected:"*) ;;
		*) fail "the interrupt is not of type $expected" ;;
	esac
}

factorial() {
	expect_value 0 1 && expect_value 1 1 && expect_value 2 2 && expect_value 5 120 &&
		expect_value 10 3628800 && expect_value 12 479001600 &&
		expect_value 13 "1932053504 (modulo 2^32)" && expect_value 34 "0 (modulo 2^32)"
}

# One interrupt and one run of the tasklet for each request, the run on the interrupt's CPU.
path() {
	count interrupts
	interrupts=$count
	count "tasklet runs"
	runs=$count
	for n in $(seq 10); do
		if ! ask "$n"; then
			fail "$n! failed: $answer"
			return
		fi
		cpu_of interrupt
		cpu=$cpu_of
		cpu_of tasklet
		if [ "$cpu" != "$cpu_of" ]; then
			fail "not on the interrupt's CPU: $answer"
			return
		fi
	done
	echo "# ${answer%"$newline"}" | sed '2,$s/^/# /'
	count interrupts
	interrupts=$((count - interrupts))
	count "tasklet runs"
	runs=$((count - runs))
	[ "$interrupts $runs" = "10 10" ] || fail "10 requests made $interrupts interrupts, $runs runs"
}

# The tasklet runs on the CPU that the interrupt is sent to.
follows_the_interrupt() {
	read -r line <"$dev"
	irq=${line#irq }
	irq=${irq%% *}
	seen=0
	for cpu in 0 1 2 3; do
		[ -d /sys/devices/system/cpu/cpu$cpu ] || continue
		if ! echo $cpu >"/proc/irq/$irq/smp_affinity_list"; then
			fail "cannot direct irq $irq"
			return
		fi
		# The change waits for an interrupt or two.
		for _ in $(seq 20); do
			ask 5
			cpu_of interrupt
			[ "$cpu_of" != $cpu ] || break
		done
		case $answer in
			*"interrupt on CPU $cpu "*"tasklet on CPU $cpu "*) seen=$((seen + 1)) ;;
			*)
				fail "irq $irq was sent to CPU $cpu: $answer"
				return
				;;
		esac
	done
	echo "# on each of $seen CPUs"
}

bad_input() {
	lines=$(dmesg | wc -l)
	if [ "$lines" = 0 ]; then
		fail "dmesg shows nothing"
		return
	fi
	for request in x "" -1 "5 6" 4294967296 1111111111111111111111111111111111111111 flood "flood -1" "flood x"; do
		expect_error "$request" "Invalid argument" || return
	done
	expect_error "flood 3" "Numerical result out of range" || return
	[ "$(dmesg | wc -l)" = "$lines" ] || fail "bad input can fill the log: $(dmesg | tail -n 1)"
}

# Six tasks at once, each with a number of its own, each with its own answers.
takes_turns() {
	jobs=""
	for pair in 3:6 4:24 5:120 6:720 7:5040 8:40320; do
		(
			exec 3<>"$dev"
			for _ in $(seq 20); do
				echo "${pair%:*}" >&3 && read -r line <&3
				if [ "$line" != "${pair%:*}! = ${pair#*:}" ]; then
					echo "# instead of ${pair#*:}: $line"
					exit 1
				fi
			done
		) &
		jobs="$jobs $!"
	done
	status=0
	for job in $jobs; do
		wait "$job" || status=1
	done
	return $status
}

timeout() {
	if ask $too_large; then
		why="the device did $too_large! before the timeout"
		return
	fi
	case $answer in
		*"timed out"*) ;;
		*)
			fail "instead of a timeout: $answer"
			return
			;;
	esac
	count timeouts
	if [ "$count" != 1 ]; then
		fail "$count timeouts counted"
		return
	fi
	if ask 4; then
		fail "the device computes two at once: $answer"
		return
	fi
	# The late result is not taken for that of the next request.
	settle && expect_value 4 24
}

flood() {
	start_flood || return
	for _ in $(seq 10); do
		expect_value 5 120 && expect_value 6 720 || return
	done
	ask "flood 0"
	# The last interrupts may arrive a moment later; a flood that has not stopped continues to raise them.
	for _ in $(seq 20); do
		count interrupts
		before=$count
		sleep 0.3
		count interrupts
		[ "$count" != "$before" ] || break
	done
	read -r line <"$dev"
	echo "# $line"
	[ "$count" = "$before" ] || fail "the flood goes on"
}

# Unbinding does not wait for the device, and the task that waited for it does not either.
unbind_wakes() {
	said=/tmp/edu-said.$$
	case $(uname -m) in
	x86_64) write=1 ;;
	*) write=64 ;;
	esac
	for _ in 1 2 3 4 5; do
		{ { echo $large >&3; } 2>$said 3<>"$dev"; } &
		# Until it is in the system call write().
		for _ in $(seq 600); do
			call=none
			read -r call _ 2>/dev/null <"/proc/$!/syscall"
			if [ "$call" = "$write" ] || ! kill -0 $! 2>/dev/null; then
				break
			fi
			sleep 0.1
		done
		unbind
		wait $!
		answer="no error"
		read -r answer <$said
		rm -f $said
		bind
		case $answer in
		*"No such device"*) settle; return ;;
		# On a machine this busy the request was over before the unbind.
		*"timed out"*) settle || return ;;
		*) break ;;
		esac
	done
	fail "the request under way ended with: $answer"
}

unbind_with_open_file() {
	{
		with_file_of_gone_device
		status=$?
	} 3<>"$dev"
	return $status
}

with_file_of_gone_device() {
	if ! echo 5 >&3 || ! echo "flood 50" >&3; then
		fail "the file does not work"
		return
	fi
	unbind
	if [ -e "$dev" ]; then
		bind
		fail "$dev is still there"
		return
	fi
	for request in 5 "flood 50"; do
		if { echo "$request" >&3; } 2>"$errors"; then
			bind
			fail "'$request' works without a device"
			return
		fi
		read -r answer <"$errors"
		case $answer in
			*"No such device"*) ;;
			*)
				bind
				fail "without a device, '$request' gave: $answer"
				return
				;;
		esac
	done
	bind
	# A new device for new files; the old file stays as it is.
	expect_value 6 720 || return
	if { echo 5 >&3; } 2>/dev/null; then
		fail "the old file works with the new device"
	fi
}

# Interrupts and requests keep coming when the driver begins to unbind.
rebind_under_flood() {
	round=0 total=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		start_flood || return
		for _ in 1 2 3; do
			(while echo 7 >&3; do :; done) 2>/dev/null 3<>"$dev" &
		done
		if ! wait_for_answers 3; then
			unbind
			wait
			bind
			return 1
		fi
		count interrupts
		total=$((total + count))
		unbind
		wait
		if [ -e "$dev" ]; then
			fail "round $round: $dev is still there"
			return
		fi
		bind
		# The device does not know that it was unbound, and may still be busy.
		settle && expect_value 5 120 || return
	done
	echo "# $rounds rounds, $total interrupts"
}

# The module stays as long as a file is open, also if the device was unbound.
rmmod_with_open_file() {
	{
		unbind
		rmmod rust_tasklet_edu 2>"$errors"
		status=$?
	} 3<>"$dev"
	if [ $status = 0 ]; then
		insmod "$module"
		fail "unloaded under an open file"
		return
	fi
	bind
	read -r answer <"$errors"
	case $answer in
		*"Resource temporarily unavailable"* | *"is in use"*) ;;
		*)
			fail "rmmod failed for another reason: $answer"
			return
			;;
	esac
	expect_value 5 120
}

rmmod_under_flood() {
	round=0
	while [ $round -lt "$rounds" ]; do
		round=$((round + 1))
		start_flood || return
		if ! rmmod rust_tasklet_edu || ! insmod "$module"; then
			fail "round $round: cannot unload and load"
			return
		fi
		expect_value 5 120 || return
	done
	start_flood || return
	if ! rmmod rust_tasklet_edu || ! rmmod rust_tasklet; then
		fail "cannot unload"
	fi
}

log_is_clean() {
	if ! dmesg | grep -q 'edu.sh: rmmod_under_flood is over'; then
		fail "the log is not that of these tests"
		return
	fi
	if dmesg | grep -E "$bad" | sed 's/^/# /' | grep .; then
		fail "the kernel warned"
	fi
}

echo "KTAP version 1"
slot=""
for pci in /sys/bus/pci/devices/*; do
	read -r vendor <"$pci/vendor"
	read -r device <"$pci/device"
	[ "$vendor:$device" != 0x1234:0x11e8 ] || slot=${pci##*/}
done
if [ -z "$slot" ]; then
	echo "1..0 # SKIP no edu device"
	exit 0
fi
dmesg -c >/dev/null
# shellcheck disable=SC2086  # One word a test.
set -- $tests
echo "1..$#"
for name in "$@"; do
	run "$name"
	# The machine is watched for signs of life.
	echo "edu.sh: $name is over" >/dev/kmsg
	if [ "$name" = binds ] && [ $failed != 0 ]; then
		echo "Bail out! There is no device to test."
		break
	fi
done
rm -f "$errors"
[ $failed = 0 ]
