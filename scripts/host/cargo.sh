# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds what runs on this machine, with its own cargo or with the one in the private root. Sourced after lib.sh.

# Debian 13 has this one.
OLDEST_CARGO=1.85
# It is named, so that static linking does not concern what cargo itself loads.
CARGO_TARGET=x86_64-unknown-linux-gnu
BUILDS=$CACHE/build/$CLONE

# Is there a cargo on this machine that will do?
has_cargo() {
	local version
	version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || return
	[ -n "$version" ] && printf '%s\n' "$OLDEST_CARGO" "$version" | sort -CV
}

# need_cargo "$@": the arguments of the script, which is run again in a namespace if this machine has no cargo.
need_cargo() {
	! has_cargo || return 0
	enter_namespace "$@"
	. "$TOP/scripts/host/provision.sh"
	ensure_root
}

# cargo_command PACKAGE TARGETS COMMAND [ARGUMENT...]: cargo in PACKAGE, a directory below the clone or below BUILDS.
# The results are in BUILDS/TARGETS/$CARGO_TARGET, the crates in the cache. This machine's configuration holds, as it
# may say where crates come from.
cargo_command() {
	local package=$1 targets=$2 command=$3 config=${CARGO_HOME:-${HOME:-/root}/.cargo}/config.toml
	shift 3
	mkdir -p "$CACHE/cargo" "$BUILDS"
	[ -e "$config" ] || config=""
	set -- "$command" --locked --target "$CARGO_TARGET" "$@"
	if has_cargo; then
		(cd "$package" && CARGO_HOME=$CACHE/cargo CARGO_TARGET_DIR=$BUILDS/$targets \
			cargo ${config:+--config "$config"} "$@")
		return
	fi
	bind "$CACHE/cargo" /k/cargo
	[ -z "$config" ] || show_file "$config" /k/cargo.toml
	# Whom this machine trusts.
	show_file /etc/ssl/certs/ca-certificates.crt /k/ca.crt
	package=${package/#"$BUILDS"//build}
	# Linked statically, because this machine's libraries may be older than the root's.
	# shellcheck disable=SC2016  # For the inner shell.
	in_root CARGO_HTTP_CAINFO=/k/ca.crt CARGO_HOME=/k/cargo CARGO_TARGET_DIR="/build/$targets" \
		RUSTFLAGS=-Ctarget-feature=+crt-static sh -c 'cd "$0" && exec cargo "$@"' \
		"${package/#"$TOP"//src}" ${config:+--config /k/cargo.toml} "$@"
}

# show_file FILE PLACE: shows a file of this machine in the root, once.
show_file() {
	[ ! -e "$ROOT$2" ] || return 0
	touch "$ROOT$2"
	mount --bind "$1" "$ROOT$2"
}
