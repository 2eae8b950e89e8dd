# SPDX-License-Identifier: MIT
# The kernel, and the modules of this tree.
objtree := $(O)
include $(srctree)/scripts/build.mk
$(eval $(call read-folder,$(srctree),$(O),))
$(eval $(call compile-rules,$(O),$(srctree)))

# Modules for tests only stay apart from those that a platform ships.
module-dir = $(O)/$(if $(filter $(O)/testmods/%,$(module-$(1)-objs)),test-modules,modules)
module-work = $(module-dir)
source-tree := $(srctree)
known-symvers := $(O)/vmlinux.symvers
modules-subdir := kernel
include $(srctree)/scripts/module.mk

inits := $(O)/gki.init
all: $(O)/Image $(ko) $(inits) $(O)/disk.tar
	$(prune)

# What an earlier configuration left there would be found by those who look for *.ko.
stale = $(filter-out $(ko) $(ko:=.debug),$(wildcard $(O)/modules/*.ko* $(O)/test-modules/*.ko*))
prune = $(if $(stale),$(Q)rm -f $(stale))

$(inits): $(O)/%: $(srctree)/init/%
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(O)/disk.tar: $(srctree)/scripts/disk.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< $@

# The symbol table is made from a kernel with an empty one.
lds := $(srctree)/arch/arm64/kernel.lds
ldflags := -nostdlib -static -z max-page-size=4096 --no-warn-rwx-segments \
	--orphan-handling=place --build-id=none -T $(lds)

$(O)/kallsyms0.S: $(srctree)/scripts/kallsyms.py
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< </dev/null >$@

# What modules see of the exported symbols, and its checksums.
$(O)/kernel.types: $(kernel-objs) $(folder-lists) $(scripts) $(headers) $(build-deps)
	$(call say,TYPES)
	$(Q)$(call abi-types,$(sort $(dir $(patsubst $(O)/%,$(srctree)/%,$(kernel-objs)))),$(kernel-objs))

$(O)/crcs.S: $(O)/kernel.types $(abi)
	$(call say,CRCS)
	$(Q)$(PYTHON) $(abi) crcs $< >$@

$(O)/vmlinux.symvers: $(O)/kernel0.elf $(O)/kernel.types $(scripts)
	$(Q)$(PYTHON) $(modpost) kernel $@ $(O)/kernel0.elf $(O)/kernel.types

$(O)/kernel0.elf: $(kernel-objs) $(O)/kallsyms0.o $(O)/crcs.o $(lds)
	$(call say,LD)
	$(Q)$(LD) $(ldflags) -o $@ $(kernel-objs) $(O)/kallsyms0.o $(O)/crcs.o

$(O)/kallsyms.S: $(O)/kernel0.elf $(srctree)/scripts/kallsyms.py
	$(call say,KSYMS)
	$(Q)$(NM) -n $< | $(PYTHON) $(srctree)/scripts/kallsyms.py >$@

$(O)/kallsyms0.o $(O)/kallsyms.o $(O)/crcs.o: $(O)/%.o: $(O)/%.S
	$(Q)$(CC) $(AFLAGS) -c -o $@ $<

kallsyms := $(O)/$(if $(CONFIG_KALLSYMS),kallsyms.o,kallsyms0.o)
$(O)/kernel.elf: $(kernel-objs) $(kallsyms) $(O)/crcs.o $(lds)
	$(call say,LD)
	$(Q)$(LD) $(ldflags) -o $@ $(kernel-objs) $(kallsyms) $(O)/crcs.o

$(O)/Image: $(O)/kernel.elf
	$(call say,OBJCOPY)
	$(Q)$(OBJCOPY) -O binary $< $@

# What the modules save. Test modules are in no kernel.
$(O)-builtin/Image: FORCE
	$(Q)$(MAKE) --no-print-directory -C $(srctree) O=$(O)-builtin DEFCONFIG=builtin

shipped-ko := $(filter $(O)/modules/%,$(ko))
$(O)/size.txt: $(O)/Image $(shipped-ko) $(O)-builtin/Image $(srctree)/scripts/size.py
	$(Q)$(PYTHON) $(srctree)/scripts/size.py $(SIZE) $(O)/Image $(O)-builtin/Image $(shipped-ko) >$@
	$(if $(filter size,$(MAKECMDGOALS)),,@cat $@)

size: $(O)/size.txt
	@cat $<

# The interface that modules may count on, as recorded and as built.
kmi := $(PYTHON) $(srctree)/scripts/kmi.py
kmi-modules := $(filter $(O)/modules/%,$(mod-o))
kmi-check kmi-update: kmi-%: $(O)/kernel.types $(kmi-modules)
	$(Q)$(kmi) $* $(srctree)/kmi $^

# What modules elsewhere need. Of the kernel itself, the symbols.
kit-scripts := build.mk external.mk module.lds module.mk modpost.py abi.py elf.py vmguest-gdb.py
kit_install: all
	$(if $(KIT),,$(error kit_install needs KIT=<folder>))
	@rm -rf $(KIT)
	@mkdir -p $(KIT)/include $(KIT)/scripts
	@cp $(srctree)/scripts/kit.mk $(KIT)/Makefile
	@cp $(addprefix $(srctree)/scripts/,$(kit-scripts)) $(KIT)/scripts
	@cp -r $(srctree)/include/. $(O)/include/. $(KIT)/include
	@rm $(KIT)/include/config/from
	@cp $(or $(wildcard $(O)/Module.symvers),$(O)/vmlinux.symvers) $(KIT)/Module.symvers

.PHONY: size kit_install kmi-check kmi-update FORCE

-include $(addsuffix .d,$(kernel-objs))
