# SPDX-License-Identifier: MIT
# Modules for the guest kernel that this kit comes from:  make -C <this folder> M=<folder of a module> [TARGET]
#
#   all              <name>.ko, and <name>.ko.debug for gdb (the default)
#   modules_install  INSTALL_MOD_PATH=<folder>: lib/modules/<release>/extra/, with depmod's files
#   clean            remove what was built
#
#   MO=<folder>      for what is built, instead of M
#   V=1              show the commands
srctree := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
objtree := $(srctree)

all:

ifeq ($(M),)
$(error M is missing: make -C $(srctree) M=<folder of a module>; the head of $(srctree)/Makefile lists the targets)
endif
include $(srctree)/scripts/external.mk
