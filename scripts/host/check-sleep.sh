# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Builds the host tool in tools/check-sleep. Sourced after lib.sh.

. "$TOP/scripts/host/cargo.sh"

# The executable, as the host sees it; for those who source this.
# shellcheck disable=SC2034
TOOL=$BUILDS/tools/$CARGO_TARGET/release/check-sleep

# tool_cargo COMMAND [ARGUMENT...]: cargo in the tool's directory.
tool_cargo() {
	local command=$1
	shift
	cargo_command "$TOP/tools/check-sleep" tools "$command" --release "$@"
}

# Brings TOOL up to date.
ensure_tool() {
	lock check-sleep
	# shellcheck disable=SC2034  # Read by step.
	local STEP_HINT="The tool does not compile. Could its crates be fetched?" STEP_TAIL=60
	step "build the tool that checks them (about 40 s, once)" tool_cargo build
	unlock check-sleep
	# Tables of kernels and tools that are gone.
	mkdir -p "$CACHE/check-sleep"
	find "$CACHE/check-sleep" -name 'table-*' -mtime +30 -delete
}
