# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A Debian 13 machine with a disk of its own, booted from that disk. Sourced after provision.sh.

# Raise this when the way of making the disk changes.
DISK_RECIPE=1

# How long it may say nothing while a command runs, in seconds: the longest are compilers, which are slow where they are
# emulated. And how long until it takes commands.
SILENCE=5400
BOOT=1200

# ensure_disk OLD NEW: makes a disk with the kernel OLD, and with all that an upgrade to NEW needs; sets DISK_IMAGE. Both are
# names of the table. Nothing is fetched afterwards: the packages are in an archive on the disk.
ensure_disk() {
	local key
	select_kernel "$2"
	key="$DISK_RECIPE $SUITE $K_ROW"
	UPGRADE_RELEASE=$K_RELEASE UPGRADE_PACKAGE=$K_PACKAGE
	UPGRADE_SOURCE=$(source_package)=$K_PACKAGE
	select_kernel "$1"
	DISK_IMAGE=$CACHE/disk-$({ echo "$key $K_ROW"; grep 'apt install' "$TOP/scripts/metadata"; cat "$TOP/scripts/guest/commands"; } | digest)
	make_once disk "$DISK_IMAGE" make_system
	touch "$DISK_IMAGE"
}

make_system() {
	local partial=$CACHE/disk.partial mirror
	need_space 9000 "The machine's disk"
	need_debootstrap
	rm -rf "$partial"
	mkdir -p "$partial/tree"
	mirror=$(mirror)
	use_proxy "$mirror"
	local STEP_HINT="Debian 13 could not be fetched from $mirror."
	step "another Debian 13 base system (about 25 s)" bootstrap "$partial/tree" "$mirror"
	STEP_HINT="The packages could not be installed."
	step "a kernel, its headers, DKMS, compilers in it (about 2 min)" install_machine "$partial/tree"
	STEP_HINT="The packages of the next kernel could not be fetched."
	step "the packages of the next kernel, 350 MB (about 20 s)" make_archive "$partial/tree"
	STEP_HINT="The disk could not be made."
	step "a disk of it (about 30 s)" make_disk "$partial"
	mv "$partial" "$DISK_IMAGE"
}

# The tools are those that `make metadata` asks for, and no others.
install_machine() {
	local ROOT=$1 said
	cp /etc/resolv.conf "$ROOT/etc/resolv.conf" 2>/dev/null || true
	mount -t proc proc "$ROOT/proc"
	mount --bind "$TOP" "$ROOT/mnt"
	echo "/dev/vda / ext4 defaults 0 1" >"$ROOT/etc/fstab"
	echo author >"$ROOT/etc/hostname"
	update_lists
	apt_install dbus dkms e2fsprogs initramfs-tools kmod systemd-sysv udev zstd
	apt_install -t "$SUITE-backports" "linux-image-$K_RELEASE=$K_PACKAGE" "linux-headers-$K_RELEASE=$K_PACKAGE"
	said=$(in_root RELEASE="$K_RELEASE" /mnt/scripts/metadata 2>&1) || true
	printf '%s\n' "$said"
	# shellcheck disable=SC2046  # A list.
	apt_install $(sed -n 's/^ *Try: apt install //p' <<<"$said")
	in_root systemd-machine-id-setup
	# They would hold apt's locks at any time.
	in_root systemctl mask apt-daily.timer apt-daily-upgrade.timer
	install -m 755 "$TOP/scripts/guest/commands" "$ROOT/usr/local/sbin/"
	cat >"$ROOT/etc/systemd/system/commands.service" <<-'END'
		[Service]
		Environment=HOME=/root
		ExecStartPre=udevadm wait /dev/virtio-ports/commands
		ExecStart=/usr/local/sbin/commands
		[Install]
		WantedBy=multi-user.target
	END
	in_root systemctl enable commands.service
	umount "$ROOT/mnt"
}

# What an upgrade and `make metadata` fetch later.
make_archive() {
	local ROOT=$1
	in_root apt-get clean
	apt_install -t "$SUITE-backports" --download-only "linux-image-$UPGRADE_RELEASE=$UPGRADE_PACKAGE" "linux-headers-$UPGRADE_RELEASE=$UPGRADE_PACKAGE"
	mkdir "$ROOT/srv/archive"
	mv "$ROOT"/var/cache/apt/archives/*.deb "$ROOT/srv/archive/"
	# shellcheck disable=SC2016  # For the inner shell.
	in_root sh -ec 'cd /srv/archive; apt-get -o APT::Sandbox::User=root download "$@"; dpkg-scanpackages . >Packages' - \
		"$(source_package)=$K_PACKAGE" "$UPGRADE_SOURCE"
	echo "deb [trusted=yes] file:/srv/archive ./" >"$ROOT/etc/apt/sources.list"
	update_lists
}

make_disk() {
	umount "$1/tree/proc"
	mount --bind "$1" "$ROOT/mnt"
	# The space is taken when it is used.
	in_root mke2fs -q -t ext4 -d /mnt/tree /mnt/image 12G
	umount "$ROOT/mnt"
	rm -rf "$1/tree"
}

# --- the machine --------------------------------------------------------------------------------------

# new_machine: with a copy of the disk, and the clone as an archive on another one, /dev/vdb. It is off.
new_machine() {
	MACHINE=$BUILDS/disk
	lock "disk-$CLONE"
	rm -rf "$MACHINE"
	mkdir "$MACHINE"
	need_space 8000 "The machine's disk"
	step "copy the disk and the clone for this run (about 10 s)" copy_disk
	ACCEL=$(cat "$CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id)" 2>/dev/null) || ACCEL=tcg
	[ "$ACCEL" = kvm ] || [ -n "${IN_VM-}" ] || [ -b /dev/loop0 ] ||
		die "There are no loop devices here (/dev/loop0)." "In a container they have to be given to it. Or compile in the VM, which takes hours: IN_VM=yes"
}

copy_disk() {
	cp --sparse=always --reflink=auto "$DISK_IMAGE/image" "$MACHINE/"
	in_root rsync -rl --perms --exclude=/.git --filter=':- .gitignore' /src/ /tmp/rust_tasklet/
	in_root tar -C /tmp -cf /build/disk/clone.tar rust_tasklet
	mkfifo "$MACHINE"/commands.{in,out}
}

runs() { kill -0 "$(cat "$MACHINE/pid" 2>/dev/null)" 2>/dev/null; }

# QEMU must hold nothing of the shell that starts it open: that may be a command substitution, which waits for that.
#
# start: the kernel that a boot loader would take, the one of /vmlinuz on the disk. QEMU ends when it is rebooted.
start() {
	local name to qemu cpus
	for name in vmlinuz initrd.img; do
		to=$(in_root debugfs -R "stat /$name" /build/disk/image 2>&1 | sed -n 's/^Fast link dest: "\(.*\)"$/\1/p')
		in_root debugfs -R "dump /$to /build/disk/$name" /build/disk/image >&2
		say "/$name of the disk is $to"
	done
	cpus=$(nproc)
	qemu=(qemu-system-x86_64 -accel "$ACCEL" -smp $((cpus < 4 ? cpus : 4)) -m 3G -nodefaults -no-reboot -display none
		-kernel /build/disk/vmlinuz -initrd /build/disk/initrd.img
		-append "root=/dev/vda ro console=ttyS0 panic=-1 oops=panic tsc=reliable no_timer_check systemd.default_timeout_start_sec=900
			systemd.default_device_timeout_sec=900 rcupdate.rcu_cpu_stall_timeout=300 watchdog_thresh=60"
		-drive "file=/build/disk/image,format=raw,if=virtio,cache=unsafe"
		-drive "file=/build/disk/clone.tar,format=raw,if=virtio,readonly=on"
		-device virtio-rng-pci -serial file:/build/disk/console.log -device virtio-serial-pci
		-chardev "pipe,id=commands,path=/build/disk/commands" -device "virtserialport,chardev=commands,name=commands")
	: >"$MACHINE/console.log"
	in_root "${qemu[@]}" </dev/null >"$MACHINE/qemu.log" 2>&1 &
	echo $! >"$MACHINE/pid"
	answer $BOOT
}

# in_vm COMMAND...: runs it there, prints what it prints, and ends as it does. A machine that is off is started.
in_vm() {
	runs || start || return
	printf '%s\n' "$(printf '%q ' "$@" | base64 -w 0)" 1<>"$MACHINE/commands.in"
	answer $SILENCE
}

# answer SECONDS: prints what the machine sends, to the end of a command, and ends as that did. It may say nothing for that long.
answer() {
	local line="" more fd heard=$SECONDS
	exec {fd}<>"$MACHINE/commands.out"
	while :; do
		if IFS= read -rt 2 more <&"$fd"; then
			line+=$more
			case $line in
				*$'\004'*)
					exec {fd}>&-
					printf '%s' "${line%$'\004'*}"
					return "${line##*$'\004'}" ;;
			esac
			printf '%s\n' "$line"
			line="" heard=$SECONDS
			continue
		fi
		line+=$more
		if ! runs; then
			printf '%s\nThe VM has ended. Its last words:\n' "$line"
		elif [ $((SECONDS - heard)) -gt "$1" ]; then
			printf '%s\nThe VM said nothing for %d s. The last words on its console:\n' "$line" "$1"
		else
			continue
		fi
		tail -n 20 "$MACHINE/qemu.log" "$MACHINE/console.log"
		return 125
	done
}

# As its owner does it.
shut_down() {
	local end=$((SECONDS + BOOT))
	! runs || in_vm systemctl reboot || true
	while runs; do
		[ "$SECONDS" -lt "$end" ] || { echo "It did not end within $BOOT s."; tail -n 20 "$MACHINE/console.log"; return 1; }
		sleep 1
	done
}

# on_disk COMMAND...: what compiles: in a chroot of the disk while the machine is off, as it would take hours in one that is
# emulated. With KVM, or with IN_VM=yes, in the VM.
on_disk() {
	local status=0
	if [ "$ACCEL" = kvm ] || [ -n "${IN_VM-}" ]; then
		in_vm "$@"
		return
	fi
	shut_down
	mount -o loop "$MACHINE/image" "$ROOT/mnt"
	mount --rbind /dev "$ROOT/mnt/dev"
	# In a namespace of its own, so that nothing it leaves behind keeps the disk busy.
	unshare --pid --fork --kill-child --mount-proc="$ROOT/mnt/proc" chroot "$ROOT/mnt" \
		/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@" || status=$?
	umount -R "$ROOT/mnt"
	return "$status"
}
