# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The documentation of the crate. To be sourced after provision.sh.

# Where the kernel's own documentation is, and its sources.
KERNEL_DOCS=https://rust.docs.kernel.org
KERNEL_TREE=https://git.kernel.org/pub/scm/linux/kernel/git/stable/linux.git/tree

# rustdoc DIRECTORY: documents the crate in $MODULES, which was built, as HTML in a directory of the root. Warnings
# and links that lead nowhere are errors.
rustdoc() {
	local command crate urls=""
	# It wants the flags the crate was compiled with; kbuild wrote them down.
	command=$(sed -n 's/^savedcmd_[^ ]* := //p' "$ROOT$MODULES/.rust_tasklet_crate.o.cmd" |
		sed -E 's/ (rustc|clippy-driver) / rustdoc /; s/ --emit=[^ ]+//g; s/ --out-dir [^ ]+//; s/ -Dwarnings//')
	for crate in kernel pin_init macros ffi; do
		urls="$urls --extern-html-root-url $crate=$KERNEL_DOCS"
	done
	urls="$urls --extern-html-root-url core=https://doc.rust-lang.org/$(in_root rustc --version | cut -d ' ' -f 2)"
	in_root RUSTC_BOOTSTRAP=1 RUST_TASKLET_OBJ="$MODULES" bash -c "cd '$MODULES' && $command -Zunstable-options $urls \
		--extern-html-root-takes-precedence --crate-name rust_tasklet -Dwarnings --output '$1'" || return
	# The kernel's notation for its own files. A file that does not exist is an error.
	# shellcheck disable=SC2016  # For the inner shell.
	in_root bash -c 'set -eo pipefail
		cd "$1"
		for file in $(grep -Ehro "href=\"srctree/[^\"]+" . | sed "s|.*srctree/||" | sort -u); do
			[ -e "$2/$file" ] || { echo "error: the documentation has a link to $file, which is not there"; exit 1; }
		done
		find . -name "*.html" -exec sed -Ei "s|href=\"srctree/([^\"]+)\"|href=\"$3/\\1?h=v$4\"|g" {} +
		# A link that rustdoc could not resolve stays in brackets.
		if grep -Er --include="*.html" "\[<code>[^<]*</code>\]" .; then
			echo "error: a link of the documentation leads nowhere"
			exit 1
		fi' - "$1" "/k/source-$K_VERSION" "$KERNEL_TREE" "$K_VERSION"
}
