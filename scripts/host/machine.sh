# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A machine of the author's own, for tests of what is done on one: the private root, but writable, and gone after the test.
# Sourced after provision.sh.

# make_machine DIRECTORY KERNEL-RELEASE: below a directory that is empty.
make_machine() {
	local dir
	MACHINE=$1/machine
	mkdir "$1"/{changes,machine}
	mount -t tmpfs tmpfs "$1/changes"
	mkdir "$1"/changes/{upper,work}
	mount -t overlay -o "lowerdir=$ROOT,upperdir=$1/changes/upper,workdir=$1/changes/work" overlay "$MACHINE"
	for dir in proc dev tmp k build src; do
		mount --rbind "$ROOT/$dir" "$MACHINE/$dir"
	done
	# The kernel is installed; depmod wants to see that.
	mkdir -p "$MACHINE/lib/modules/$2"
	touch "$MACHINE/lib/modules/$2"/modules.{order,builtin,builtin.modinfo}
}

on_machine() { ROOT=$MACHINE in_root "$@"; }
