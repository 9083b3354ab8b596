# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# Lines that must not be in the kernel log while tests run. To be sourced; POSIX, because busybox reads it too.

BAD='WARNING:|BUG:|BUG at|Oops|Kernel panic|panicked at|general protection|stack segment|double fault'
BAD="$BAD"'|unable to handle|Call Trace|RIP:|invalid opcode|Bad page|corrupt|KASAN|KCSAN|KFENCE|UBSAN|kmemleak'
BAD="$BAD"'|possible (recursive|circular)|inconsistent lock|bad unlock|lock held when|suspicious RCU'
BAD="$BAD"'|DEBUG_LOCKS_WARN|locking correctness validator'
BAD="$BAD"'|blocked (in I/O wait )?for more than|soft lockup|hard LOCKUP|detected stalls|self-detected stall|rcu:.*stall'
BAD="$BAD"'|scheduling while atomic|sleeping function called|preempt_count|entered softirq'
BAD="$BAD"'|tasklet SCHED state not set|Attempt to kill tasklet|tick-stop error|ODEBUG|refcount_t'
BAD="$BAD"'|rust_tasklet: .*(was not killed|dropped in)'

# Bits of /proc/sys/kernel/tainted: machine check, bad page, died, warned, soft lockup.
BAD_TAINT=$((16 | 32 | 128 | 512 | 16384))

bad_lines() { grep -E "$BAD"; }

# A CPU that goes offline says so when it still has softirqs pending, which is what this row is about.
OFFLINE='^NOHZ tick-stop error: local softirq work is pending, handler #[0-9a-f]*!!!$'
