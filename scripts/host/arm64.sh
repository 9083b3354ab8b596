# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What kernels for arm64 need besides: a compiler and a QEMU for the private root, and a small Debian for their VMs. The
# other kernels do not pay for it. Sourced by provision.sh.

# Raise this when the way of making it changes.
ARM64_RECIPE=1
ARM64_TOOLS="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm"
ARM64_ROOT="bash bsdutils busybox-static coreutils dash findutils grep kmod libc-bin mawk perl-base procps sed util-linux"

# Shows the tools in the root, and the Debian at /k/arm64; makes both if need be. Sets K_MAKE.
ensure_arm64() {
	local arm64
	# shellcheck disable=SC2034  # For those who build.
	K_MAKE=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	arm64=$CACHE/arm64-$(echo "$ARM64_RECIPE ${ROOT##*/} $ARM64_TOOLS $ARM64_ROOT" | digest)
	make_once arm64 "$arm64" make_arm64 "$arm64"
	touch "$arm64"
	bind "$arm64/root" /k/arm64
	mountpoint -q "$ROOT/usr" || mount -t overlay -o "ro,lowerdir=$arm64/tools/usr:$ROOT/usr" overlay "$ROOT/usr"
}

# make_arm64 DIRECTORY
make_arm64() {
	# shellcheck disable=SC2034  # Read by step.
	local partial=$CACHE/arm64.partial STEP_HINT="The packages for arm64 could not be fetched."
	need_space 600 "What arm64 needs"
	rm -rf "$partial"
	step "download a compiler, QEMU and a Debian for arm64, 80 MB (about 15 s)" fetch_arm64 "$partial"
	step "unpack them (about 10 s)" unpack_arm64 "$partial"
	mv "$partial" "$1"
}

fetch_arm64() {
	with_apt amd64 "$1/debs/tools" download_new "$ARM64_TOOLS"
	with_apt arm64 "$1/debs/root" download_new "$ARM64_ROOT"
}

# download_new PACKAGES: they, and what they need that is not installed.
download_new() {
	update_lists
	mkdir -p "$ROOT/var/cache/apt/archives/partial"
	# shellcheck disable=SC2086  # A list.
	in_root apt-get "${APT[@]}" install -y --no-install-recommends --download-only $1
	cp "$ROOT"/var/cache/apt/archives/*.deb "$ROOT/mnt/debs/"
}

unpack_arm64() {
	local part deb
	for part in tools root; do
		mkdir "$1/$part"
		for deb in "$1/debs/$part"/*.deb; do
			dpkg-deb -x "$deb" "$1/$part"
		done
	done
	rm -r "$1/debs"
	# What the packages' scripts would do.
	ln -s mawk "$1/root/usr/bin/awk"
	ln -sf dash "$1/root/usr/bin/sh"
	mkdir -p "$1"/root/{src,build,out}
}
