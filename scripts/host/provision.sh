# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Makes everything that builds and VMs need, once, in the cache: a private Debian 13 root with the tools, or one of
# Debian 14 for its kernels; the kernel source, a build tree for each kernel, and the modules built for it. Each is made under another name and
# renamed when complete, so an interrupted run leaves nothing that looks finished.
#
# Sourced after lib.sh, by scripts that called enter_namespace.
#
# Paths inside the root, the same on every machine:
#   /src            the clone, read-only
#   /k/source       the kernel source     /k/<kernel>       a kernel's build tree (KDIR) and its vmlinuz
#   /build/<kernel> the modules built from the clone        /out   results

. "$TOP/scripts/host/arm64.sh"

# The release of Debian that the root is of: that of the selected kernel. A release that is not out yet has neither updates
# nor backports apart. LISTS is where its package lists live on.
select_suite() {
	SUITE=${K_SUITE-trixie}
	case $SUITE in
		trixie)
			DEBIAN="Debian 13" SUITES=(trixie trixie-updates trixie-backports)
			COMPILERS=(gcc-14 clang-19) LISTS=$CACHE/apt/lists
			;;
		*)
			DEBIAN="Debian $SUITE" SUITES=("$SUITE")
			COMPILERS=(gcc-16) LISTS=$CACHE/apt/lists-$SUITE
			;;
	esac
}

# Raise these when the way of making the thing changes.
ROOT_RECIPE=2
SOURCE_RECIPE=2
KERNEL_RECIPE=1

in_root() {
	chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
		TERM="${TERM:-dumb}" http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
		no_proxy="${no_proxy-}" "$@"
}

# --- the root -----------------------------------------------------------------------------------------

root_packages() {
	sed 's/#.*//' "$TOP/scripts/root.packages" |
		awk -v suite="$SUITE" 'NF == 1 || $2 == "[" suite "]" { print $1 }' | xargs
}

# The mirror this machine already uses, or nothing: then debootstrap knows one.
host_mirror() {
	command -v apt-get >/dev/null || return 0
	# shellcheck disable=SC2016  # apt expands these.
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)' 'Identifier: Packages' |
		sed -n 's/^Debian|Debian|main|\(https\?:.*\)/\1/p' | head -n 1
}

# The mirror that the root was made from.
mirror() { awk '$1 == "deb" { print $2; exit }' "$ROOT/etc/apt/sources.list"; }

apt_install() { in_root DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }

# use_proxy URL: what is fetched from there goes through the proxy of this machine's apt. Without one, the environment's
# stays. debootstrap, wget and the apt of the root read it from there: a program that apt asks for its proxy is not in
# the root.
use_proxy() {
	local host scheme=${1%%:*} key proxy="" found
	command -v apt-config >/dev/null || return 0
	host=${1#*://} host=${host%%[:/]*}
	found=$(/usr/lib/apt/apt-helper auto-detect-proxy "$1" 2>/dev/null | sed -n "s/^Using proxy '\(.*\)' for URL .*/\1/p") || true
	for key in "http::Proxy::$host" "$scheme::Proxy::$host" http::Proxy "$scheme::Proxy"; do
		eval "$(apt-config shell proxy "Acquire::$key")"
		[ -z "$proxy" ] || found=${found:-$proxy}
	done
	[ -n "$found" ] || return 0
	[ "$found" != DIRECT ] || found=""
	export http_proxy=$found https_proxy=$found
}

need_debootstrap() {
	command -v debootstrap >/dev/null && return
	command -v apt-get >/dev/null || die \
		"debootstrap is missing, and this is not a Debian system that could install it." \
		"Use Debian 12 or 13, or install debootstrap and the keys of the Debian archive yourself."
	step "install debootstrap on this machine (about 10 s)" install_debootstrap
}

install_debootstrap() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get install -y --no-install-recommends debootstrap debian-archive-keyring ||
		{ apt-get update && apt-get install -y --no-install-recommends debootstrap debian-archive-keyring; }
}

bootstrap() { # bootstrap DIR MIRROR
	local include=()
	case $2 in https:*) include=(--include=ca-certificates) ;; esac
	mkdir -p "$1/etc/dpkg/dpkg.cfg.d"
	# Nobody reads manuals there, and a half-made root is thrown away: no need to sync each file.
	cat >"$1/etc/dpkg/dpkg.cfg.d/small" <<-'END'
		force-unsafe-io
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/info/*
		path-exclude=/usr/share/locale/*
	END
	# It keeps to itself what wget said. Its script for sid is that of all releases, also of those that it does not know.
	debootstrap --variant=minbase "${include[@]}" "$SUITE" "$1" "$2" sid ||
		{ cat "$1/debootstrap/debootstrap.log"; return 1; }
	# debootstrap wrote down the mirror that it used; the same one has the updates and the kernels.
	local url suite
	url=$(ROOT=$1 mirror)
	for suite in "${SUITES[@]}"; do
		echo "deb $url $suite main"
	done >"$1/etc/apt/sources.list"
	copy_apt_checks >"$1/etc/apt/apt.conf.d/checks"
}

# Whether a list may be older than it says, as this machine's apt has it: a mirror that stands still has no other.
copy_apt_checks() {
	local valid=""
	! command -v apt-config >/dev/null || eval "$(apt-config shell valid Acquire::Check-Valid-Until)"
	[ -z "$valid" ] || echo "Acquire::Check-Valid-Until \"$valid\";"
}

# The package lists that live on in the cache, of an architecture.
apt_lists() { if [ "$1" = amd64 ]; then echo "$LISTS"; else echo "$LISTS-$1"; fi; }

install_tools() { # install_tools DIR
	local ROOT=$1
	cp /etc/resolv.conf "$ROOT/etc/resolv.conf" 2>/dev/null || true
	mount -t proc proc "$ROOT/proc"
	update_lists
	# shellcheck disable=SC2046  # A list.
	apt_install $(root_packages)
	umount "$ROOT/proc"
	# virtme-ng runs <its guest directory>/bin/virtme-ng-init when there is one: ours, from the clone.
	local vng=$ROOT/opt/virtme-ng
	mkdir -p "$vng" "$ROOT/src" "$ROOT/k" "$ROOT/build" "$ROOT/out"
	cp -r "$ROOT"/usr/lib/python3/dist-packages/virtme "$ROOT"/usr/lib/python3/dist-packages/virtme_ng "$vng"
	mkdir -p "$vng/virtme/guest/bin"
	ln -s /src/scripts/guest/init "$vng/virtme/guest/bin/virtme-ng-init"
	# The package lists live on in the cache, the packages need not.
	mkdir -p "$CACHE/apt"
	rm -rf "$(apt_lists amd64)"
	mv "$ROOT/var/lib/apt/lists" "$(apt_lists amd64)"
	mkdir "$ROOT/var/lib/apt/lists"
	rm -rf "$ROOT"/var/cache/apt/archives/*.deb
	touch "$ROOT/etc/hosts" "$ROOT/etc/resolv.conf"
}

# Sets ROOT, makes it if need be, and mounts it read-only with what every command in it needs.
ensure_root() {
	refuse_mount noexec "Programs in it must run."
	select_suite
	ROOT=$CACHE/root-$({ echo "$ROOT_RECIPE $SUITE"; root_packages; } | digest)
	make_once root "$ROOT" make_root
	mount_root
}

make_root() {
	local partial=$CACHE/root.partial mirror
	refuse_mount nodev "Debian's base system has device files."
	need_space 3200 "The private root of Debian"
	need_debootstrap
	rm -rf "$partial"
	remove_unused
	mkdir -p "$partial"
	mirror=$(host_mirror)
	use_proxy "${mirror:-http://}"
	local STEP_HINT="$DEBIAN could not be fetched${mirror:+ from $mirror}."
	step "$DEBIAN base system (about 25 s)" bootstrap "$partial" "$mirror"
	step "compilers, rustc, QEMU, virtme-ng in it (about 60 s)" install_tools "$partial"
	mv "$partial" "$ROOT"
}

# refuse_mount OPTION WHY: the cache must not be on a file system that is mounted like this.
refuse_mount() {
	local on
	mkdir -p "$CACHE"
	on=$(findmnt -no TARGET,OPTIONS --target "$CACHE")
	! grep -qw "$1" <<<"${on#* }" || die "$CACHE is on a file system that is mounted with $1. $2" \
		"Point XDG_CACHE_HOME to another one, or: mount -o remount,${1#no} ${on%% *}"
}

# A root or a tree that no run has used for a month is left over from an older list; a lock, from a clone that is gone.
remove_unused() {
	find "$CACHE" -mindepth 1 -maxdepth 1 -mtime +30 \
		\( -name 'root-*' -o -name 'kernel-*' -o -name 'source-*' -o -name 'disk-*' -o -name 'arm64-*' -o -name '*.lock' \) \
		-exec rm -rf {} +
}

# Nothing that runs in the root can change it: builds on one machine are builds on all.
mount_root() {
	BUILDS=$CACHE/build/$CLONE
	# Several scripts may run in one namespace, one after the other.
	! mountpoint -q "$ROOT/proc" || return 0
	local d
	touch "$ROOT"
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,bind,ro "$ROOT"
	mount -t proc proc "$ROOT/proc"
	mount --rbind /dev "$ROOT/dev"
	for d in tmp run var/tmp dev/shm; do
		mount -t tmpfs -o mode=1777 tmpfs "$ROOT/$d"
	done
	mount -t tmpfs tmpfs "$ROOT/k"
	mount --bind "$TOP" "$ROOT/src"
	mount -o remount,bind,ro "$ROOT/src"
	for d in resolv.conf hosts; do
		[ ! -e "/etc/$d" ] || mount --bind "/etc/$d" "$ROOT/etc/$d"
	done
	mkdir -p "$BUILDS"
	mount --bind "$BUILDS" "$ROOT/build"
}

# --- packages -----------------------------------------------------------------------------------------

# with_apt ARCHITECTURE DIR COMMAND...: runs it while the root's apt works, for packages of that architecture. DIR is
# /mnt/debs there, and $APT is what apt must be told.
APT=()
with_apt() {
	local arch=$1 dir=$2 lists
	lists=$(apt_lists "$1")
	shift 2
	APT=(-o APT::Sandbox::User=root -o Acquire::Retries=1 -o Debug::NoLocking=1)
	if [ "$arch" != amd64 ]; then
		# The packages of the root are of another architecture.
		APT+=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o Dir::State::status=/dev/null)
	fi
	use_proxy "$(mirror)"
	lock apt
	mkdir -p "$dir" "$lists/partial"
	mount -t tmpfs tmpfs "$ROOT/mnt"
	mkdir "$ROOT/mnt/debs"
	mount --bind "$dir" "$ROOT/mnt/debs"
	mount --bind "$lists" "$ROOT/var/lib/apt/lists"
	mount -t tmpfs tmpfs "$ROOT/var/cache/apt"
	"$@"
	umount "$ROOT/var/cache/apt" "$ROOT/var/lib/apt/lists" "$ROOT/mnt/debs" "$ROOT/mnt"
	unlock apt
}

# fetch DIR PACKAGE...: downloads the kernel's version of each package, checked against the signed index; or, if the
# index no longer has it, against scripts/pool.lock.
fetch() { with_apt "$K_ARCH" "$1" download "${@:2}"; }

download() {
	local p pinned known
	for p; do
		pinned=$(grep -F "/${p}_${K_PACKAGE}_" "$TOP/scripts/pool.lock") || true
		if [ -n "$pinned" ]; then
			# shellcheck disable=SC2086  # Two words.
			download_from_pool $pinned
			continue
		fi
		known=$(versions "$p")
		if ! grep -qxF "$K_PACKAGE" <<<"$known"; then
			update_lists
			known=$(versions "$p")
		fi
		grep -qxF "$K_PACKAGE" <<<"$known" || die \
			"The archive has no $p $K_PACKAGE (see scripts/kernels.lock)." \
			"Versions it has: $(xargs <<<"${known:-none}")." \
			"Newer kernels replace older ones there: set the line's version, release and package to one of these."
		download_indexed "$p" || { update_lists && download_indexed "$p"; }
	done
}

download_indexed() {
	# shellcheck disable=SC2016  # For the inner shell.
	in_root sh -c 'cd /mnt/debs && exec apt-get "$@"' - "${APT[@]}" download "$1=$K_PACKAGE"
}

# download_from_pool SHA256 PATH
download_from_pool() {
	local name=${2##*/} got
	in_root /usr/lib/apt/apt-helper "${APT[@]}" download-file "$(mirror)/$2" "/mnt/debs/$name" ||
		die "The archive's pool has no $name any more, or the network does not reach it (see scripts/pool.lock)."
	got=$(sha256sum <"$ROOT/mnt/debs/$name" | cut -d ' ' -f 1)
	[ "$got" = "$1" ] || die "$name of the mirror is not the file that scripts/pool.lock names." \
		"Its sha256 is $got, not $1."
}

# By itself apt takes lists that it could not fetch for a success.
update_lists() { in_root apt-get "${APT[@]}" -o APT::Update::Error-Mode=any update; }

versions() { in_root apt-cache "${APT[@]}" madison "$1" | awk -F '|' '{ gsub(/ /, "", $2); print $2 }' | sort -uV; }

# --- the kernel ---------------------------------------------------------------------------------------

# bind DIR PLACE: shows a directory of the cache at a place below /k in the root.
bind() {
	mkdir -p "$ROOT$2"
	mountpoint -q "$ROOT$2" || mount --bind "$1" "$ROOT$2"
}

# The name of the package with the kernel's source.
source_package() { echo "linux-source-$(cut -d . -f 1,2 <<<"$K_VERSION")"; }

# The source that all flavours of a version share, at /k/source-<version>.
ensure_source() {
	SOURCE=$CACHE/source-$K_PACKAGE-$SOURCE_RECIPE
	make_once source "$SOURCE" make_source
	touch "$SOURCE"
	bind "$SOURCE" "/k/source-$K_VERSION"
}

make_source() {
	local partial=$CACHE/source-$K_PACKAGE.partial STEP_HINT="The kernel source could not be fetched."
	need_space 1600 "The kernel source"
	rm -rf "$partial"
	step "download the source of Linux $K_VERSION, 167 MB (about 15 s)" fetch "$partial/debs" "$(source_package)"
	step "unpack it (about 30 s)" unpack_source "$partial"
	mv "$partial/source" "$SOURCE"
	rm -rf "$partial"
}

unpack_source() {
	mkdir "$1/source"
	mount --bind "$1" "$ROOT/mnt"
	unpack_source_package /mnt
	umount "$ROOT/mnt"
}

# From debs/ to source/ of a directory. Half of it are drivers that no kernel here builds: their code stays packed.
unpack_source_package() {
	# shellcheck disable=SC2016  # For the inner shell.
	in_root bash -c 'set -euo pipefail; cd "$1"
		dpkg-deb --fsys-tarfile debs/*.deb | tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" |
		xz -dc -T 0 | tar -x -C source --strip-components=1 --no-same-owner \
			--exclude="*/drivers/gpu/*.[ch]" --exclude="*/drivers/net/*/*.[ch]"' - "$1"
}

# The build tree of the selected kernel, at /k/<name>, with the kernel itself as vmlinuz in it. Modules are built
# against it by `make $K_MAKE -C /k/<name>`.
ensure_kernel() {
	K_MAKE=()
	# Rust code can be sanitized only where LLVM compiles the C as well.
	[ -z "$K_CONFIG" ] || K_MAKE=(LLVM=-19)
	[ "$K_ARCH" != arm64 ] || ensure_arm64
	K_TREE=kernel-$K_NAME-$({ echo "$KERNEL_RECIPE $K_ROW"; tools; configs; } | digest)
	ensure_source
	make_once "kernel-$K_NAME" "$CACHE/$K_TREE" make_kernel "$CACHE/$K_TREE"
	touch "$CACHE/$K_TREE"
	bind "$CACHE/$K_TREE" "/k/$K_NAME"
}

# make_kernel TREE
make_kernel() {
	check_rustc
	if [ -n "$K_CONFIG" ]; then
		build_kernel "$1"
	else
		unpack_kernel "$1"
	fi
}

# The tools that a tree is made with. An update of one makes a new tree; another tool in the root does not.
tools() { in_root dpkg-query -W libc6 "${COMPILERS[@]}" rustc bindgen pahole; }

# The configuration of a kernel of our own.
configs() {
	local config
	for config in $K_CONFIG; do cat "$TOP/scripts/$config"; done
}

# unpack_kernel TREE: a kernel of Debian's; the tree is what the headers package would be if it had the Rust
# metadata.
unpack_kernel() {
	local partial="$CACHE/kernel-$K_NAME.partial"
	need_space 500 "The build tree of $K_NAME"
	rm -rf "$partial"
	mkdir -p "$partial/tree"
	local STEP_HINT="The kernel's packages could not be fetched."
	step "download the kernel $K_NAME, 15 MB (about 5 s)" \
		fetch "$partial/debs" "linux-binary-$K_RELEASE" "linux-headers-$K_RELEASE"
	bind "$partial/tree" "/k/$K_NAME"
	STEP_HINT="The build tree of $K_NAME could not be prepared."
	step "prepare its build tree with Rust metadata (about 70 s)" prepare_kernel "$partial"
	umount "$ROOT/k/$K_NAME"
	mv "$partial/tree" "$1"
	rm -rf "$partial"
}

# build_kernel TREE: a kernel of our own configuration. An interrupted build is continued by the next run.
build_kernel() {
	local partial=$1.partial
	need_space 1000 "The kernel $K_NAME"
	mkdir -p "$partial"
	bind "$partial" "/k/$K_NAME"
	local STEP_HINT="The kernel $K_NAME could not be configured."
	step "configure the kernel $K_NAME (about 15 s)" configure_kernel "$partial"
	STEP_HINT="The kernel $K_NAME does not compile." STEP_TAIL=60
	step "build it, once (about 10 min on 2 cores)" compile_kernel "$partial"
	umount "$ROOT/k/$K_NAME"
	mv "$partial" "$1"
}

check_rustc() {
	local have
	have=$(in_root rustc --version)
	[ "$have" = "$K_RUSTC" ] || die \
		"The kernel $K_NAME was built by   $K_RUSTC" \
		"but $DEBIAN now installs     $have" \
		"Modules built by another rustc do not load. Take a newer kernel: see scripts/kernels.lock."
}

prepare_kernel() {
	local deb
	for deb in "$1"/debs/*.deb; do
		dpkg-deb -x "$deb" "$1/pkg"
	done
	cp "$1/pkg/usr/src/linux-headers-$K_RELEASE"/{.config,Module.symvers} "$1/tree/"
	prepare_tree "/k/source-$K_VERSION" "/k/$K_NAME" "$1/tree"
	# Before 7.2 it is in /boot.
	cp "$1/pkg/usr/lib/modules/$K_RELEASE/vmlinuz" "$1/tree/vmlinuz" || cp "$1/pkg/boot/vmlinuz-$K_RELEASE" "$1/tree/vmlinuz"
}

# prepare_tree SOURCE OUT TREE: makes the Rust metadata in a directory that has .config and Module.symvers of the
# distribution's headers. In the root it is called OUT, outside TREE.
prepare_tree() {
	local src=$1 out=$2 tree=$3 given changed got
	given=$(config_lines "$tree/.config")
	in_root "$src/scripts/config" --file "$out/.config" \
		--set-str LOCALVERSION "${K_RELEASE#"$K_VERSION"}" --disable LOCALVERSION_AUTO
	in_root make -s -C "$src" O="$out" "${K_MAKE[@]}" olddefconfig
	# olddefconfig silently drops options whose tool is missing, CONFIG_RUST first of all.
	changed=$(diff <(echo "$given") <(config_lines "$tree/.config") | sed -n 's/^[<>] //p') || true
	[ -z "$changed" ] ||
		die "The configuration changed when it was made anew: a tool is missing or another version." "What differs: $(head -n 3 <<<"$changed" | paste -sd ';')"
	grep -qx 'CONFIG_RUST=y' "$tree/.config" || die "This kernel has no CONFIG_RUST."
	grep -qxF "CONFIG_RUSTC_VERSION_TEXT=\"$K_RUSTC\"" "$tree/.config" ||
		die "This kernel was not built by $K_RUSTC."
	in_root make -C "$src" O="$out" "${K_MAKE[@]}" -j"$(nproc)" modules_prepare
	got=$(in_root make -s -C "$src" O="$out" "${K_MAKE[@]}" kernelrelease)
	[ "$got" = "$K_RELEASE" ] || die "The tree says it is for '$got', not for '$K_RELEASE'."
}

configure_kernel() {
	local out=/k/$K_NAME
	configs >"$1/all.config"
	in_root make -s -C "/k/source-$K_VERSION" O="$out" "${K_MAKE[@]}" KCONFIG_ALLCONFIG="$out/all.config" allnoconfig
	in_root "/k/source-$K_VERSION/scripts/config" --file "$out/.config" \
		--set-str LOCALVERSION "${K_RELEASE#"$K_VERSION"}" --disable LOCALVERSION_AUTO
	in_root make -s -C "$out" "${K_MAKE[@]}" olddefconfig
	# Here too, options that cannot be set are dropped silently.
	if grep CONFIG_ "$1/all.config" | grep -vxFf "$1/.config"; then
		die "These lines of $K_CONFIG were dropped: a tool is missing, or they need another option."
	fi
}

compile_kernel() {
	local got
	in_root make -C "/k/$K_NAME" "${K_MAKE[@]}" -j"$(nproc)" bzImage modules
	got=$(cat "$1/include/config/kernel.release")
	[ "$got" = "$K_RELEASE" ] || die "The tree says it is for '$got', not for '$K_RELEASE'."
	cp "$1/arch/x86/boot/bzImage" "$1/vmlinuz"
}

# The lines of a configuration that must stay as they were; comments on unset options included. On arm64 another compiler
# builds code for 32-bit programs, which modules do not see.
config_lines() { grep CONFIG_ "$1" | grep -vE '^CONFIG_(CC_VERSION_TEXT|LOCALVERSION|(THUMB2_)?COMPAT_VDSO)='; }

# --- the modules --------------------------------------------------------------------------------------

# copy_sources [VARIANT]: brings /build/<kernel>[-<variant>] up to date with the clone, and sets MODULES.
#
# Modules are built in a copy, because there are several kernels to one clone, and its owner may build in it
# for a KDIR of their own: kbuild's MO= refuses a tree that was built in. Files are compared by content, so
# that only what changed is compiled again. Files that .gitignore names are neither copied nor removed.
copy_sources() {
	local name=$K_NAME${1:+-$1}
	MODULES=/build/$name
	need_space 200 "Building the modules"
	# Objects made against another tree, or by another compiler, are worth nothing.
	if [ "$(cat "$BUILDS/$name.tree" 2>/dev/null)" != "$K_TREE" ]; then
		rm -rf "${BUILDS:?}/$name"
		echo "$K_TREE" >"$BUILDS/$name.tree"
	fi
	# rustc leaves these behind when it is killed.
	[ ! -d "$BUILDS/$name" ] || find "$BUILDS/$name" -type d -name 'rmeta??????' -prune -exec rm -rf {} +
	in_root rsync -rl --perms --checksum --delete --exclude=/.git --filter=':- .gitignore' /src/ "$MODULES/"
}

# Builds the modules for the selected kernel, with the words in K_MAKE; with BUILD_VARIANT, in a copy of its own.
# Until this run ends, no other changes them.
ensure_modules() {
	local build=build-$CLONE-$K_NAME${BUILD_VARIANT:+-$BUILD_VARIANT}
	lock "$build"
	copy_sources "${BUILD_VARIANT-}"
	local STEP_HINT="The modules do not compile." STEP_TAIL=60
	# W=e: a warning is an error.
	step "build the modules for $K_NAME (about 30 s)" \
		in_root make -C "/k/$K_NAME" "${K_MAKE[@]}" M="$MODULES" W=e -j"$(nproc)" modules
	remove_stale_modules
	share "$build"
}

# A module whose source was removed must not be tested.
remove_stale_modules() {
	local dir=$ROOT$MODULES ko
	find "$dir" -name '*.ko' -printf '%P\n' | while read -r ko; do
		grep -qxF "${ko%.ko}.o" "$dir/modules.order" || rm "$dir/$ko"
	done
}
