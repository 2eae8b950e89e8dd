# SPDX-License-Identifier: MIT
# How sources become objects, in the kernel, in its modules and in those of others.
#
# Set before: srctree, whose include/ and scripts/ are used; objtree, whose include/ has what the configuration gave.
CROSS_COMPILE ?= aarch64-linux-gnu-
CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
NM := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
SIZE := $(CROSS_COMPILE)size
PYTHON ?= python3

Q := $(if $(V),,@)
say = @printf '  %-7s %s\n' $(1) $(patsubst $(O)/%,%,$@)

include $(objtree)/include/config/auto.conf
kernel-release := $(shell sed -n 's/^.define KERNEL_RELEASE[[:space:]]*"\(.*\)"/\1/p' $(srctree)/include/version.h)

# A file of a module of several has the module's name, any other its own.
modname = $(subst -,_,$(basename $(notdir $@)))
CPPFLAGS = -nostdinc -I$(srctree)/include -I$(objtree)/include -include $(srctree)/include/kconfig.h -D__KERNEL__ \
	-DKBUILD_MODNAME='"$(modname)"'
# -Wno-dangling-pointer: a waiter's entry in a wait queue lies on its stack. GCC 14
# sees it added to the queue, and does not see that it is removed again.
CFLAGS := -std=gnu11 -ffreestanding -O2 $(if $(CONFIG_DEBUG_INFO),-g) -mcpu=cortex-a72 \
	-mgeneral-regs-only -mno-outline-atomics -mcmodel=small -fno-pic \
	-fno-pie -fno-common -fno-stack-protector -fno-strict-aliasing \
	-fno-omit-frame-pointer \
	-mno-omit-leaf-frame-pointer -fno-optimize-sibling-calls \
	-fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
	-fno-unwind-tables -fwrapv -ffile-prefix-map=$(srctree)/= \
	-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wundef \
	-Wvla -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-dangling-pointer -Werror
AFLAGS := -D__ASSEMBLY__ $(if $(CONFIG_DEBUG_INFO),-g)

# All is built again when the configuration changes, or how it is built.
build-deps := $(objtree)/include/generated/autoconf.h $(srctree)/scripts/build.mk

# compile-rules FOLDER-OF-OBJECTS,FOLDER-OF-SOURCES
define compile-rules
$(1)/%.o: $(2)/%.c $(build-deps)
	$$(call say,CC)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) -MMD -MP -MF $$@.d -c -o $$@ $$<

$(1)/%.o: $(2)/%.S $(build-deps)
	$$(call say,AS)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(AFLAGS) -MMD -MP -MF $$@.d -c -o $$@ $$<
endef

# read-folder SOURCES,OBJECTS,FOLDER/: reads SOURCES/FOLDER/Kbuild or Makefile and what lies below. kernel-objs and
# modules grow, and module-<name>-objs is what a module is made of.
kernel-objs :=
modules :=
folder-lists :=
parts = $(addprefix $(1)/$(2),$(or $($(3)-y),$(3).o))
folder-list = $(firstword $(wildcard $(1)/$(3)Kbuild) $(1)/$(3)Makefile)
define read-folder
obj-y :=
obj-m :=
folder-lists += $(folder-list)
include $(folder-list)
folders-of-$(3) := $$(filter %/,$$(obj-y) $$(obj-m))
$$(foreach o,$$(filter %.o,$$(obj-y)),$$(eval $$(call add-builtin,$(2),$(3),$$(o:.o=))))
$$(foreach o,$$(filter %.o,$$(obj-m)),$$(eval $$(call add-module,$(2),$(3),$$(o:.o=))))
$$(foreach f,$$(folders-of-$(3)),$$(eval $$(call read-folder,$(1),$(2),$(3)$$(f))))
endef

# Two may have a part in common.
define add-builtin
kernel-objs += $(filter-out $(kernel-objs),$(parts))
$(if $($(3)-y),$(parts): modname := $(subst -,_,$(3)))
endef

define add-module
modules += $(3)
module-$(3)-objs := $(parts)
$(parts): modname := $(subst -,_,$(3))
$(parts): CPPFLAGS += -DMODULE
endef
