#!/usr/bin/env python3
"""End-to-end tests of the guest's SMMUv3 driver on SMMUs that offer more, or less, than the shipped one.

usage: smmu_features.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import os
import re

from e2e import EXIT, check, in_order, main

INIT = """
modprobe -a arm-smmu-v3 testdev-dma
insmod /lib/modules/arm-smmu-v3-test.ko
smmutest selftest
smmutest commands
smmutest entries
smmutest ranges
smmutest events
smmutest msi
dmatest --size 5
rmmod arm-smmu-v3-test
rmmod testdev-dma
rmmod arm-smmu-v3
rmmod io-pgtable-arm
poweroff
"""
# What dmatest and smmutest say where something is not offered.
NO_STAGES = r"# SKIP the IOMMU has not both stages"
NO_PASIDS = r"# SKIP the IOMMU has no substreams"
NO_STALLS = r"# SKIP the IOMMU cannot hold an access"
NO_MSI = r"# SKIP IDR0\.MSI is 0"


def features(b, params, init=INIT, change=None):
    """A run of the shipped configuration, of whose SMMU these are all parameters; None: those that are shipped."""
    def edit(text):
        if params is not None:
            text, n = re.subn(r"(?m)(^params\.\w+ = .*\n)+", "params = { %s }\n" % params, text)
            assert n == 1, "the configuration has another shape than expected"
        return change(text) if change else text

    path = os.path.join(b.build, "sw", "test-modules", "arm-smmu-v3-test.ko")
    r = b.run((b.alone() if params or change else b).variant(init=init, modules=[path], change=edit if params or change else None))
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    return r


def ran(r, name, skipped=None):
    """A test of dmatest or smmutest ran; with `skipped` it said why not."""
    lines = re.findall(r"(?m)^ok \d+ - .*$", r.stdout)
    found = [line for line in lines if " - " + name in line]
    check(found, "no test of the name " + name, r)
    for line in found:
        if skipped is None:
            check("# SKIP" not in line, "%s was skipped: %s" % (name, line), r)
        else:
            check(re.search(skipped, line), "%s was not skipped as expected: %s" % (name, line), r)


def case_the_shipped_smmu_has_all_that_the_driver_uses(b):
    r = features(b, None)
    in_order(r, [r"16-bit StreamIDs.*two-level table", r"stage 1, stage 2, 20-bit SubstreamIDs in two levels, ranges, stalls, MSIs"])
    for name in ("stage2:", "nested:", "pasid:", "page-fault:", "a CMD_SYNC tells by MSI", "an error tells by MSI"):
        ran(r, name)


def case_personalities_of_parts_are_accepted_by_check_and_lack_nothing(b):
    def longer(text):
        return text.replace('registers = [0x09050000, "128KiB"]', 'registers = [0x09050000, "640KiB"]')
    for name in ("arm-mmu-600", "intel-npu"):
        r = b.run(b.variant(change=longer), "--set", "smmu0.personality=" + name, command="check")
        check(r.returncode == 0 and name not in r.stderr, "check finds fault with " + name, r)
    r = b.run(b.variant(), "--set", "smmu0.personality=arm-mmu-600", command="check")
    check(r.returncode == 64 and "programming interface, 588 KiB" in r.stderr, "the counter groups of an MMU-600 fit 128 KiB", r)


def case_the_default_features_are_both_stages_in_two_level_stream_tables(b):
    r = features(b, "SIDSIZE = 16")
    in_order(r, [r"16-bit StreamIDs.*two-level table", r"stage 1, stage 2, 0-bit SubstreamIDs$"])
    for name in ("stage2:", "nested:", "switch:"):
        ran(r, name)


def case_small_stream_ids_make_a_linear_table(b):
    def near(text):
        return text.replace("stream = 0x100,", "stream = 0x10,")
    r = features(b, "SIDSIZE = 6, ST_LEVEL = 0", change=near)
    in_order(r, [r"6-bit StreamIDs.*linear table", r"client a000000\.dma sid 0x10 "])
    ran(r, "switch:")


def case_a_stream_far_up_in_32_bits_gets_its_table_of_level_2(b):
    def far(text):
        return text.replace("stream = 0x100,", "stream = 0x1fffffe,")
    r = features(b, "SIDSIZE = 32", change=far)
    in_order(r, [r"32-bit StreamIDs.*two-level table", r"client a000000\.dma sid 0x1fffffe "])


def case_a_stream_beyond_what_a_table_covers_is_refused_by_name(b):
    def beyond(text):
        return text.replace("stream = 0x100,", "stream = 0xfffffff0,")
    r = features(b, "SIDSIZE = 32", "modprobe arm-smmu-v3\ninsmod /lib/modules/testdev-dma.ko\niommu groups\npoweroff\n", beyond)
    in_order(r, [r"stream 0xfffffff0 is beyond the stream table of 25 bits", r"not connected to its IOMMU: -ERANGE", r"^no iommu groups"])


def case_without_stage_2_nothing_is_nested(b):
    r = features(b, "S2P = false, VMID16 = false")
    for name in ("stage2:", "nested:"):
        ran(r, name, NO_STAGES)


def case_without_stage_1_the_dma_api_maps_at_stage_2(b):
    r = features(b, "S1P = false")
    in_order(r, [r"arm-smmu-v3 .*: stage 2, ", r"class IN stage 2 ipa"])
    ran(r, "copy:")
    ran(r, "nested:", NO_STAGES)
    ran(r, "fault-privileged:", r"# SKIP stage 2 knows no privileges")


def case_output_sizes_give_each_a_stage_2_of_its_own_shape(b):
    for bits in (32, 36, 40, 42, 48):
        r = features(b, "OAS = %d" % bits)
        in_order(r, [r"%d-bit output" % bits])
        ran(r, "stage2:")
        ran(r, "nested:")


def case_tags_of_8_bits_are_enough(b):
    r = features(b, "ASID16 = false, VMID16 = false")
    in_order(r, [r"8-bit ASIDs"])
    ran(r, "nested:")


def case_an_smmu_that_does_not_snoop_sees_every_entry(b):
    r = features(b, "COHACC = false")
    for name in ("stage2:", "nested:", "switch:"):
        ran(r, name)


def case_substreams_have_address_spaces_of_their_own(b):
    r = features(b, "SSIDSIZE = 8")
    in_order(r, [r"8-bit SubstreamIDs"])
    for name in ("pasid:", "pasid-identity:", "stage2:"):
        ran(r, name)


def case_a_device_that_has_no_pasids_and_cannot_wait_is_not_asked_to(b):
    def plain(text):
        return text.replace('type = "testdev"\n', 'type = "testdev"\nparams = { pasid_bits = 0, can_stall = false }\n')
    r = features(b, None, change=plain)
    ran(r, "pasid:", r"# SKIP the device has too few PASIDs \(pasid-num-bits\)")
    ran(r, "page-fault:", r"# SKIP the device cannot wait \(dma-can-stall\)")
    ran(r, "switch:")


def case_tables_of_context_descriptors_have_two_levels(b):
    r = features(b, "SSIDSIZE = 20, CD2L = true")
    in_order(r, [r"20-bit SubstreamIDs in two levels"])
    ran(r, "pasid:")


def case_ranges_are_invalidated_by_one_command(b):
    r = features(b, "RIL = true")
    in_order(r, [r"SubstreamIDs, ranges"])
    for name in ("remap:", "split:", "stage2:", "nested:"):
        ran(r, name)


def case_a_page_is_mapped_while_its_access_waits(b):
    r = features(b, "STALL_MODEL = 0, STALL_MAX = 16")
    in_order(r, [r", stalls"])
    for name in ("page-fault:", "page-fault-stage2:", "overflow:"):
        ran(r, name)


def case_where_every_fault_stalls_those_that_nobody_repairs_end(b):
    r = features(b, "STALL_MODEL = 2, STALL_MAX = 16")
    in_order(r, [r"F_TRANSLATION .* stalled stag"])
    for name in ("fault-read:", "page-fault:", "page-fault-stage2:", "stage2:", "nested:"):
        ran(r, name)
    ran(r, "overflow:", r"# SKIP every fault waits")


def case_interrupts_and_syncs_come_as_messages(b):
    r = features(b, "MSI = true")
    in_order(r, [r", MSIs"])
    for name in ("a CMD_SYNC tells by MSI", "an error tells by MSI"):
        ran(r, name)


def case_without_msis_the_wires_are_used(b):
    r = features(b, "MSI = false")
    for name in ("a CMD_SYNC tells by MSI", "an error tells by MSI"):
        ran(r, name, NO_MSI)
    ran(r, "an illegal command raises the gerror interrupt")


def case_everything_at_once_is_used_at_once(b):
    r = features(b, "SSIDSIZE = 20, CD2L = true, RIL = true, MSI = true, STALL_MODEL = 0, STALL_MAX = 16, Hyp = true, SIDSIZE = 32")
    in_order(r, [r"stage 1, stage 2, 20-bit SubstreamIDs in two levels, ranges, stalls, MSIs"])
    for name in ("nested:", "pasid:", "pasid-identity:", "page-fault:", "page-fault-stage2:", "page-fault-pasid:",
                 "an error tells by MSI"):
        ran(r, name)


def case_pages_of_16_and_of_64_kib_are_enough(b):
    for granule, other in (("GRAN16K", "GRAN64K"), ("GRAN64K", "GRAN16K")):
        r = features(b, "GRAN4K = false, %s = true, %s = false, SSIDSIZE = 8, STALL_MODEL = 0, STALL_MAX = 16" % (granule, other))
        for name in ("read:", "unmap:", "fault-readonly:", "copy:", "fault-midway:", "remap:", "split:", "stage2:", "switch:",
                     "pasid:", "pasid-identity:", "page-fault:", "page-fault-stage2:", "page-fault-pasid:"):
            ran(r, name)
        ran(r, "nested:", r"# SKIP the owner's tables are of 4 KiB \(IDR5\.GRAN4K\)")


def case_what_an_smmu_does_not_offer_is_skipped_by_its_id_register(b):
    r = features(b, "SIDSIZE = 16")
    for name, why in (("pasid:", NO_PASIDS), ("page-fault:", NO_STALLS), ("a CMD_SYNC tells by MSI", NO_MSI)):
        ran(r, name, why)


if __name__ == "__main__":
    main(globals())
