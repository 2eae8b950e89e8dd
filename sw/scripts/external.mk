# SPDX-License-Identifier: MIT
# Modules of another folder, M, whose Kbuild or Makefile says obj-m += <name>.o, and <name>-y := a.o b.o where it is
# made of several. What is built goes to MO, or M itself.
#
# Set before: srctree and objtree, as for build.mk; both are the same folder in a kit.
override M := $(abspath $(M))
override MO := $(abspath $(or $(MO),$(M)))
# O was on the command line, for the kernel.
override O := $(MO)

ifeq ($(wildcard $(M)/Kbuild $(M)/Makefile),)
$(error M=$(M): there is no Kbuild and no Makefile that says obj-m += <name>.o)
endif
ifeq ($(wildcard $(objtree)/include/config/auto.conf),)
$(error O=$(objtree): no kernel was built there: make -C $(srctree) O=$(objtree))
endif

include $(srctree)/scripts/build.mk
# The usual way for a Makefile to tell that it is read here.
KERNELRELEASE := $(kernel-release)
$(eval $(call read-folder,$(M),$(MO),))
$(eval $(call compile-rules,$(MO),$(M)))
ifneq ($(kernel-objs),)
$(error $(firstword $(folder-lists)): obj-y += $(notdir $(kernel-objs)): only modules can be added to a kernel that is there: obj-m)
endif
ifeq ($(modules),)
$(error $(firstword $(folder-lists)): no obj-m += <name>.o in it)
endif

module-dir = $(MO)
# A module and the only source of it may have the same name.
module-work = $(MO)/.modules
source-tree := $(M)
known-symvers := $(objtree)/Module.symvers
modules-subdir := extra
include $(srctree)/scripts/module.mk

all: $(ko)

clean:
	rm -rf $(MO)/.modules $(MO)/Module.symvers $(ko) $(ko:=.debug) $(module-objs) $(module-objs:=.d)

.PHONY: all clean
.DELETE_ON_ERROR:
.SECONDARY:
