# SPDX-License-Identifier: MIT
# How objects become modules: parts -> <m>.o -> modpost writes <m>.mod.c -> <m>.ko.debug -> <m>.ko
#
# Set before: what build.mk sets and wants; module-dir, a function from a module's name to the folder of its .ko, and
# module-work, to that of the steps between; known-symvers, the file
# with the versions of what other modules and the kernel export; modules-subdir, of
# lib/modules/<release> for modules_install.
abi := $(srctree)/scripts/abi.py
modpost := $(srctree)/scripts/modpost.py
scripts := $(abi) $(modpost) $(srctree)/scripts/elf.py
headers := $(wildcard $(srctree)/include/*.h) $(wildcard $(objtree)/include/generated/*.h)

mod-o := $(foreach m,$(modules),$(call module-work,$(m))/$(m).o)
ko := $(foreach m,$(modules),$(call module-dir,$(m))/$(m).ko)
module-objs := $(foreach m,$(modules),$(module-$(m)-objs))

define module-rules
$(call module-work,$(1))/$(1).o: $(module-$(1)-objs) $(folder-lists)
	$$(call say,LD)
	@mkdir -p $$(@D)
	$$(Q)$$(LD) -r -o $$@ $$(filter %.o,$$^)

$(call module-work,$(1))/$(1).mod.o: modname := $(subst -,_,$(1))

# What gdb reads. The .ko has the same sections at the same places in them.
$(call module-dir,$(1))/$(1).ko.debug: $(call module-work,$(1))/$(1).o $(call module-work,$(1))/$(1).mod.o \
		$(srctree)/scripts/module.lds
	$$(call say,LD)
	@mkdir -p $$(@D)
	$$(Q)$$(LD) -r --build-id=none -T $(srctree)/scripts/module.lds -o $$@ $$(filter %.o,$$^)
endef
$(foreach m,$(modules),$(eval $(call module-rules,$(m))))

# What modules see of the exported symbols: $(call abi-types,FOLDERS,OBJECTS). Headers in FOLDERS that speak of one of
# them are read beside those of the kernel.
abi-types = $(PYTHON) $(abi) types $@ $(srctree)/include $(1) -- $(2) -- $(CC) $(CPPFLAGS) -DMODULE $(CFLAGS)
source-folders = $(sort $(dir $(patsubst $(O)/%,$(source-tree)/%,$(module-$(1)-objs))))

$(mod-o:.o=.types): %.types: %.o $(scripts) $(headers) $(build-deps)
	$(Q)$(call abi-types,$(call source-folders,$(notdir $*)),$<)

# One run writes them all, so that none is older than what it is made from:
# `make -q` then says whether there is anything to do, which ../vp asks.
ifneq ($(modules),)
$(mod-o:.o=.mod.c) $(O)/Module.symvers &: $(mod-o) $(mod-o:.o=.types) $(known-symvers) $(scripts) $(headers)
	@printf '  %-7s %s\n' MODPOST Module.symvers
	$(Q)$(PYTHON) $(modpost) post $(O)/Module.symvers $(known-symvers) $(mod-o)
endif

$(mod-o:.o=.mod.o): %.mod.o: %.mod.c $(headers) $(build-deps)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) -DMODULE $(CFLAGS) -c -o $@ $<

$(ko): %.ko: %.ko.debug
	$(call say,STRIP)
	$(Q)$(OBJCOPY) --strip-debug $< $@

# depmod wants lists that this kernel has no use for, or says that they are not there.
modules-path = $(INSTALL_MOD_PATH)/lib/modules/$(kernel-release)
modules_install: $(ko)
	$(if $(INSTALL_MOD_PATH),,$(error modules_install needs INSTALL_MOD_PATH=<folder>))
	@mkdir -p $(modules-path)/$(modules-subdir)
	@cp $(filter-out $(O)/test-modules/%,$(ko)) $(modules-path)/$(modules-subdir)
	@cd $(modules-path) && touch modules.order modules.builtin modules.builtin.modinfo
	@PATH="$$PATH:/usr/sbin:/sbin"; if command -v depmod >/dev/null; then \
		depmod -b $(INSTALL_MOD_PATH) $(kernel-release); else \
		echo 'depmod (Debian: kmod) is not installed: modprobe will find no aliases in $(modules-path)' >&2; fi

.PHONY: modules_install

-include $(addsuffix .d,$(module-objs))
