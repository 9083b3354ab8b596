# SPDX-License-Identifier: GPL-2.0
#
# What to build is in Kbuild; this file is for people. `make help` lists what it can do.

KDIR ?= /lib/modules/$(shell uname -r)/build

# Variables go to commands through the environment, where make puts those of its command line: whatever is in
# them, no shell reads it. And without a shell of its own make ends what it runs at once.
export KDIR

kbuild = $(MAKE) -C "$$KDIR" M=$(CURDIR)

# A tool as kbuild takes it: from make's command line, not from the environment.
tool = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)),$(2))

.PHONY: modules modules_install clean help demo demo-edu test test-debug test-all torture mutants model model-mutants bench trace \
	contract doc shell lint check-sleep clean-cache check-kdir check-tree

modules: check-kdir
	+$(kbuild) modules

# Without the selftests. The tools are not checked: under sudo rustc may not be there, nor needed any more.
modules_install: check-tree
	+$(kbuild) SELFTESTS=n modules
	+$(kbuild) SELFTESTS=n modules_install

check-kdir: export RUSTC = $(call tool,RUSTC,rustc)
check-kdir: export BINDGEN = $(call tool,BINDGEN,bindgen)
check-kdir:
	@scripts/check-kdir

check-tree:
	@scripts/check-kdir --tree

# Everything kbuild leaves behind, and the results in out/. Works without a usable KDIR.
clean:
	@scripts/clean

demo demo-edu test mutants model model-mutants bench trace contract doc shell lint check-sleep:
	@scripts/$@

# On the kernel with the detectors; on every kernel there is.
test-debug test-all: test-%:
	@scripts/test $*

# bash has another meaning for SECONDS.
torture: export TORTURE_SECONDS = $(SECONDS)
torture:
	@scripts/torture

clean-cache:
	@scripts/clean --cache

help:
	@scripts/help
