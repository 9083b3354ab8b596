# SPDX-License-Identifier: GPL-2.0
#
# What to build is in Kbuild; this file is for people. `make help` lists what it can do.

# The build tree of the kernel that runs, or of RELEASE=: with the Rust metadata of `make metadata`, if that made it.
RELEASE ?= $(shell uname -r)
KDIR ?= $(firstword $(wildcard /usr/src/linux-rust-$(RELEASE)) /lib/modules/$(RELEASE)/build)

# Variables go to commands through the environment, where make puts those of its command line: no shell reads what is
# in them. Make itself expands a $ there. And without a shell of its own make ends what it runs at once.
export KDIR

# A shell takes these from the environment, and then does something else than it was written for.
unexport BASH_ENV CDPATH ENV GLOBIGNORE POSIXLY_CORRECT

# Two goals are two kbuilds, in one directory.
.NOTPARALLEL:

kbuild = $(MAKE) -C "$$KDIR" M=$(CURDIR)

# A tool as kbuild takes it: from make's command line, not from the environment.
tool = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)),$(2))

.PHONY: modules metadata install install-for-drivers uninstall modules_install clean help demo demo-edu test test-debug \
	test-canary test-all torture mutants model model-mutants bench trace contract doc shell lint check-sleep driver run \
	rust-analyzer test-driver test-host test-disk clean-cache check-kdir check-tree

modules: check-kdir
	+$(kbuild) modules

# The library, for modprobe and for drivers in trees of their own. The tools are not checked: under sudo rustc may not be
# there, nor is it needed any more.
install: check-tree
	@scripts/install --library rust_tasklet.ko

# DKMS installs the module itself.
install-for-drivers: check-tree
	@scripts/install --library

uninstall: check-tree
	@scripts/install --remove --library rust_tasklet.ko

# What the distribution's headers lack, as root.
metadata: export RELEASE := $(RELEASE)
metadata:
	@scripts/metadata

# Library and samples, as other trees of modules do it.
modules_install: check-tree
	+$(kbuild) SELFTESTS=n modules
	@scripts/install $$(sed 's/o$$/ko/' modules.order)

check-kdir: export RUSTC = $(call tool,RUSTC,rustc)
check-kdir: export BINDGEN = $(call tool,BINDGEN,bindgen)
check-kdir: export CC = $(call tool,CC,)
check-kdir:
	@scripts/check-kdir

check-tree:
	@scripts/check-kdir --tree

# Everything kbuild leaves behind, and the results in out/. Works without a usable KDIR.
clean:
	@scripts/clean

demo demo-edu test mutants model model-mutants bench trace contract doc shell lint check-sleep test-driver test-host test-disk:
	@scripts/$@

# A driver in a tree of its own: M=. The dollars in CMD= are for the shell in the VM.
override export CMD := $(value CMD)
driver run rust-analyzer:
	@scripts/driver $@

# On the kernel with the detectors; on that of Debian's next release; on every kernel there is.
test-debug test-canary test-all: test-%:
	@scripts/test $*

# bash has another meaning for SECONDS.
torture: export TORTURE_SECONDS = $(SECONDS)
torture:
	@scripts/torture

clean-cache:
	@scripts/clean --cache

help:
	@scripts/help
