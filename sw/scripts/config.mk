# SPDX-License-Identifier: MIT
# The configuration: $(O)/.config where somebody made one, else a file of configs/, which is followed as it changes.
PYTHON ?= python3
DEFCONFIG ?= gki
kconfig = @$(PYTHON) $(srctree)/scripts/kconfig.py $(srctree) $(O)
config := $(or $(wildcard $(O)/.config),$(srctree)/configs/$(DEFCONFIG)_defconfig)

%_defconfig:
	$(kconfig) $(srctree)/configs/$(@F) set

menuconfig oldconfig olddefconfig savedefconfig allnoconfig:
	$(kconfig) $(config) $@

# The file whose name is the configuration's: that it is another one is a change, too.
config-from := $(O)/include/config/from
ifneq ($(file <$(config-from)),$(config))
$(shell mkdir -p $(dir $(config-from)) && echo '$(config)' >$(config-from))
endif

# make runs this before anything else where the file is included.
$(O)/include/config/auto.conf: $(config) $(config-from) $(srctree)/scripts/kconfig.py \
		$(wildcard $(addprefix $(srctree)/,Kconfig */Kconfig */*/Kconfig))
	$(kconfig) $(config) generate

.PHONY: menuconfig oldconfig olddefconfig savedefconfig allnoconfig
