# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What all scripts here share: messages, timed steps, locks, the private namespace, the table of kernels.

set -euo pipefail
# What a shell and others take from the environment. Scripts on the host run as `bash -p`, which ignores some of it
# from its first line; this is for what they start.
unset BASH_ENV CDPATH ENV GLOBIGNORE POSIXLY_CORRECT

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }
# die MESSAGE [MORE...]
die() {
	printf 'error: %s\n' "$1" >&2
	shift
	[ $# = 0 ] || printf '       %s\n' "$@" >&2
	exit 1
}

# The cache outlives the clone; `make clean-cache` removes it.
CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/rust_tasklet
case $CACHE in
	/*) ;;
	*) die "XDG_CACHE_HOME must be an absolute path, not '$XDG_CACHE_HOME'." ;;
esac

# What this clone is called in the cache, which all clones share. It becomes part of file names.
CLONE=$(basename "$TOP")
CLONE=${CLONE:0:40}-$(printf %s "$TOP" | sha256sum | cut -c 1-12)

# Continues in a mount and a pid namespace of its own: nothing stays mounted and no process stays behind,
# not even after kill -9. Call it first: it runs the script again from its start.
#
# The process that was started stays outside, on guard. When it ends, for whatever reason, the namespace ends; and it
# ends when its parent does. So whoever starts a script has to wait for it.
enter_namespace() {
	if [ -z "${RT_NAMESPACE-}" ]; then
		[ "$(id -u)" = 0 ] || die \
			"This needs root: it makes a private Debian root, mounts things in it, and boots VMs." \
			"Try: sudo make ...   (plain 'make' and 'make clean' do not need root)"
		[ "$(uname -m)" = x86_64 ] || die "This is for machines with x86_64; this one is $(uname -m)."
		local unshare=(unshare --mount --pid --fork --kill-child --mount-proc --propagation private) error
		if ! error=$("${unshare[@]}" true 2>&1); then
			case $error in
				*propagation*) die "Cannot make a mount namespace in this chroot: its / is no mount point." \
					"Outside, before you chroot, make it one: mount --bind DIRECTORY DIRECTORY" ;;
				*) die "Cannot make mount and pid namespaces here: ${error#unshare: }" \
					"In a container this needs --privileged." ;;
			esac
		fi
		need_writable "$TOP" "Results go to out/ of this clone. Copy it to where you can write."
		need_writable "$CACHE" "Kernels and tools go there. Point XDG_CACHE_HOME to where you can write."
		[ -n "${RT_GUARD-}" ] || RT_GUARD=1 exec setpriv --pdeathsig TERM "$0" "$@"
		guard setpriv --pdeathsig KILL "${unshare[@]}" "$0" "$@"
	fi
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# need_writable DIRECTORY WHAT-TO-DO: it is made if it is not there.
need_writable() {
	mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || die "$1 cannot be written." "$2"
}

# guard COMMAND...: runs it to its end, and ends as it does. A signal ends both at once.
guard() {
	local status=0
	SCRATCH=$(mktemp -d -t rust_tasklet.XXXXXX)
	trap 'rm -rf "$SCRATCH"; give_out_to_owner' EXIT
	trap 'end_guarded 130' INT
	trap 'end_guarded 143' TERM HUP
	# A shell heeds a signal at once only while it waits for a background job; and such a job has no input unless
	# it is given one.
	RT_NAMESPACE=1 TMPDIR=$SCRATCH "$@" <&0 &
	GUARDED=$!
	wait "$GUARDED" || status=$?
	exit "$status"
}

# unshare ignores a request to end, but its children end when it is killed.
end_guarded() {
	kill -KILL "$GUARDED"
	wait "$GUARDED" 2>/dev/null || true
	exit "$1"
}

# progress WHAT SECONDS: on a terminal, one line that says how long it has taken so far.
progress() { [ ! -t 2 ] || printf '\r  %-60s %4d s' "$1" "$2" >&2; }

# show_life WHAT LOG: shows that a step is alive: on a terminal by the seconds that it has taken, elsewhere once a
# minute by the last line of its log.
show_life() {
	local begin=$SECONDS minute=1 never
	# Nothing ever comes from there: a pause that takes no process.
	exec {never}<> <(:)
	while :; do
		read -rt 1 <&"$never" || true
		progress "$1" $((SECONDS - begin))
		if [ ! -t 2 ] && [ $((SECONDS - begin)) -ge $((minute * 60)) ]; then
			printf '\n    after %d min: %.100s' "$minute" "$(tail -n 1 "$2" | tr -dc '[:print:]')" >&2
			minute=$((minute + 1))
		fi
	done
}

# show_alive WHAT LOG COMMAND...: runs it with its output in a log, and shows meanwhile that it is alive. Sets `status`.
#
# For `set -e` to hold in the command, this must not be called in a condition.
show_alive() {
	local what=$1 log=$2 life
	shift 2
	: >"$log"
	status=0
	show_life "$what" "$log" &
	life=$!
	# In the background, so that a signal is not kept waiting.
	"$@" >"$log" 2>&1 </dev/null &
	wait $! || status=$?
	kill "$life"
	wait "$life" 2>/dev/null || true
}

# cause LOG: what the programs said is wrong, where that is outside of the project. It says nothing if none did.
cause() {
	local said
	if said=$(grep -m 1 -E 'No space left on device|Disk quota exceeded' "$1"); then
		printf '       The disk is full: %s\n' "$said"
	elif said=$(grep -m 1 -iE 'public key|signature|sqv|gpgv|not valid (yet|before)|is expired' "$1"); then
		printf '       What was fetched cannot be verified: %s\n' "$said" \
			"Is the clock right, and debian-archive-keyring up to date?"
	elif said=$(grep -m 1 -iE '(could not|unable to|failure) resolv|connect(ion)? |timed out|unreachable|certificate' "$1"); then
		printf '       The network does not reach the archive: %s\n' "$said"
		[ -z "${http_proxy-}" ] || printf '       The proxy is %s.\n' "$http_proxy"
	fi
}

# step "what it does (about 40 s)" COMMAND...: one line on the screen, the output in a log.
step() {
	local what=$1 log start=$SECONDS status
	shift
	log=$(mktemp)
	printf '  %-60s' "$what" >&2
	show_alive "$what" "$log" "$@"
	[ ! -t 2 ] || printf '\r  %-60s' "$what" >&2
	if [ "$status" = 0 ]; then
		printf ' %4d s\n' $((SECONDS - start)) >&2
		rm -f "$log"
		return 0
	fi
	printf ' failed after %d s\n' $((SECONDS - start)) >&2
	mkdir -p "$CACHE/log"
	mv "$log" "$CACHE/log/failed-step.log"
	log=$CACHE/log/failed-step.log
	# An error of the step itself or of rustc comes first. Without one, the hint says what is most likely wrong.
	if grep -qE '^error(: |\[)' "$log"; then
		sed -nE '/^error(: |\[)/,$p' "$log" | head -n 60 >&2
	else
		tail -n "${STEP_TAIL:-15}" "$log" | sed 's/^/    | /' >&2
		printf 'error: %s\n' "${STEP_HINT:-That step failed.}" >&2
		cause "$log" >&2
	fi
	printf '       Its whole output: %s\n' "$log" >&2
	exit 1
}

# lock NAME, share NAME, unlock NAME: keep two runs from preparing the same thing at once, and one from changing what
# another one uses. The kernel drops the locks of a run that was killed.
declare -A LOCK_FD
lock() {
	local fd
	mkdir -p "$CACHE"
	exec {fd}>"$CACHE/$1.lock"
	LOCK_FD[$1]=$fd
	if ! flock --nonblock "$fd"; then
		say "  waiting for another run that is busy with this: $1"
		flock "$fd"
	fi
}

# From here on others may share what was locked.
share() { flock --shared "${LOCK_FD[$1]}"; }

unlock() {
	local fd=${LOCK_FD[$1]}
	flock --unlock "$fd"
	exec {fd}>&-
}

# make_once LOCK DIRECTORY COMMAND...: where the directory is missing, runs the command that makes it, in one run at a time.
# The command works aside, and renames what is complete.
make_once() {
	[ ! -d "$2" ] || return 0
	lock "$1"
	# Another run may have made it meanwhile.
	[ -d "$2" ] || "${@:3}"
	unlock "$1"
}

# need_space MEGABYTES WHAT-FOR
need_space() {
	local free
	mkdir -p "$CACHE"
	free=$(df --output=avail -BM "$CACHE" | tail -n 1 | tr -dc 0-9)
	[ "$free" -ge "$1" ] || die \
		"$2 needs $1 MB in $CACHE; only $free MB are free there." \
		"Free some, or point XDG_CACHE_HOME to a larger disk."
}

# A short and stable name for the contents of stdin.
digest() { sha256sum | cut -c 1-12; }

kernel_rows() { grep -v '^#' "$TOP/scripts/kernels.lock"; }

# select_kernel NAME-OR-ALIAS: sets K_NAME and the like; an empty name is the default.
select_kernel() {
	local row
	row=$(kernel_rows | awk -F '|' -v k="$1" 'k == "" || $1 == k || $2 == k { print; exit }')
	[ -n "$row" ] || die "Unknown kernel '$1'. KERNEL= may be one of:" \
		"$(kernel_rows | awk -F '|' '{ printf "%s%s or %s", sep, $2, $1; sep = ", " }')"
	IFS='|' read -r K_NAME K_ALIAS K_TEST K_VERSION K_RELEASE K_PACKAGE K_CONFIG K_RUSTC <<<"$row"
	K_ROW=$row K_ARCH=amd64 K_SUITE=trixie
	[[ $K_RELEASE != *-arm64 ]] || K_ARCH=arm64
	[[ $K_RELEASE != *+deb14-* ]] || K_SUITE=forky
	# Used by the scripts that source this file.
	: "$K_NAME $K_ALIAS $K_TEST $K_VERSION $K_RELEASE $K_PACKAGE $K_CONFIG $K_RUSTC $K_ROW $K_ARCH $K_SUITE"
}

# hold_out NAME: reserves out/NAME of the clone for this run and the scripts it calls, until it ends.
hold_out() {
	[[ " ${RT_HELD-} " != *" $1 "* ]] || return 0
	lock "out-$1-$CLONE"
	export RT_HELD="${RT_HELD-} $1"
}

# out_dir PATH: a fresh directory below out/ of the clone, which git ignores.
out_dir() {
	case $1 in
		'' | /* | *..*) die "'$1' does not name a directory below out/." ;;
	esac
	hold_out "${1%%/*}"
	OUT=$TOP/out/$1
	rm -rf "$OUT"
	mkdir -p "$OUT"
}

# Results belong to the owner of the clone, also when root made them.
give_out_to_owner() {
	[ ! -e "$TOP/out" ] || chown -R --reference="$TOP" "$TOP/out" 2>/dev/null ||
		say "Some results in out/ could not be given to the owner of the clone."
}
