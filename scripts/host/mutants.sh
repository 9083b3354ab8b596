# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What those share that put faults into a copy of the sources. Each fault is a patch in a directory, which says in its
# first lines what must notice it. Sourced after lib.sh.

passed=0 failed=0

# choose_mutants DIRECTORY PATTERN...: sets `patches` to the directory, `mutants` to the names of the patches there that
# are to be tried, and `wanted` to those that MUTANT= names, if it names some.
choose_mutants() {
	local mutant
	patches=$1
	shift
	# shellcheck disable=SC2086  # Patterns.
	mapfile -t mutants < <(cd "$patches" && printf '%s\n' $* | sed 's/\.patch$//')
	read -rd '' -a wanted <<<"${MUTANT-}" || true
	for mutant in "${wanted[@]}"; do
		[ -e "$patches/$mutant.patch" ] || die "Unknown mutant '$mutant'. MUTANT= may name patches of ${patches#"$TOP"/}/, without .patch."
	done
	[ ${#wanted[@]} = 0 ] || mutants=("${wanted[@]}")
	command -v git >/dev/null || die "git is missing, which applies the patches."
	for mutant in "${mutants[@]}"; do
		[ -n "$(key "$mutant" "Caught by")" ] || die "${patches#"$TOP"/}/$mutant.patch does not say 'Caught by: <test>'."
	done
}

# key MUTANT KEY: the text of `KEY: text` at the top of a patch.
key() { sed -n "/^--- /q; s/^$2: //p" "$patches/$1.patch"; }

# apply_mutant MUTANT COPY LOG: puts the fault into a copy of the sources.
apply_mutant() {
	# The cache may lie inside another git repository, which must not matter.
	GIT_CEILING_DIRECTORIES=$(dirname "$2") git -C "$2" apply "$patches/$1.patch" >"$3" 2>&1
}

# stale MUTANT: what to say if the fault cannot be applied.
stale() { echo "does not apply any more: update ${patches#"$TOP"/}/$1.patch"; }

# verdict ok|FAIL NAME TEXT [LOG]: also quotes the end of a log. `started` is when the mutant's turn began.
verdict() {
	if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
	printf '%-5s %-32s %s (%d s)\n' "$1" "$2" "$3" $((SECONDS - started))
	[ -z "${4-}" ] || tail -n 20 "$4" | sed 's/^/      | /'
}
