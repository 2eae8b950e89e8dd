#!/usr/bin/env python3
"""What smmu-vp check says of an SMMUv2's parameters.

usage: check.py PROGRAM CASE
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import checked  # noqa: E402

CONFIG = """
[boot]
kernel = "kernel.elf"
%s
[bus]
type = "router"
[ram]
type = "memory"
map = [0x40000000]
params = { size = "16MiB" }
[gic]
type = "gicv2"
map.distributor = [0x08000000, "4KiB"]
map.cpu_interface = [0x08010000, "8KiB"]
wires = { irq0 = "cpu0.irq" }
[cpu0]
type = "cpu"
[dma0]
type = "testdev"
map = [0x0a000000, "4KiB"]
interrupts = { irq = "SPI 4" }
behind = { smmu = "smmu0", tbu = 0, stream = 0x10 }
[smmu0]
type = "smmuv2"
map = { registers = [%s, "%s"] }
"""


def interrupts(*ports):
    return ['interrupts.%s = "SPI %d"' % (port, 64 + i) for i, port in enumerate(ports)]


GLOBAL = ("gfsr_irq", "cfg_irq")


class Checked(checked.Checked):
    def __init__(self, program, folder, *lines, size="256KiB", base="0x10000000", boot=""):
        super().__init__(program, folder, CONFIG % (boot, base, size) + "\n".join(lines) + "\n")


def case_what_version_1_rules_out_is_told_at_once_and_at_the_line_of_the_version(program, folder):
    c = Checked(program, folder, "params.version = 1")
    names = ("EXIDS", "HAFDBS", "DIPANS", "HADS", "VMID16S", "PTFSv8_4kB", "PTFSv8_16kB", "PTFSv8_64kB", "OAS", "IAS")
    c.expect_at("version", *(name + " is .* by default, (aarch64_in_v1 = false by default, )?version = 1" for name in names))
    if len(c.said.splitlines()) != len(names):
        sys.exit(c.said)


def case_each_mistake_is_at_the_line_of_its_parameter(program, folder):
    c = Checked(program, folder, "params.OAS = 40", "params.CGNC = 4", "params.NUMSIDB = 8", "params.S2TS = false")
    c.expect_at("CGNC", r"CGNC is 0 without performance monitors \(counter_groups 0\) \(CGNC = 4, counter_groups = 0 by default\)")
    c.expect_at("NUMSIDB", r"EXIDS needs NUMSIDB 15 \(EXIDS = true by default, NUMSIDB = 8\)")
    c.expect_at("S2TS", "NTS needs both stages")
    c.expect_at("OAS", "IAS is OAS without stage 2")


def case_counter_groups_need_counters(program, folder):
    Checked(program, folder, "params.counter_groups = 4").expect_at("counter_groups", "CGNC is at least 1 with performance monitors")
    Checked(program, folder, "params.counter_groups = 4", "params.CGNC = 2").expect(0)


def case_there_is_a_stream_mapping_register_group(program, folder):
    Checked(program, folder, "params.NUMSMRG = 0").expect_at("NUMSMRG", "parameter 'NUMSMRG': 0 is outside 1 to 128")


def case_names_and_values_that_cannot_be_are_told_at_once(program, folder):
    c = Checked(program, folder, "params.numcb = 2", "params.CGNC = 99", "params.UBS = 50")
    c.expect_at("numcb", "unknown parameter 'numcb'; did you mean 'NUMCB'")
    c.expect_at("CGNC", "parameter 'CGNC': 99 is outside 0 to 15")
    c.expect_at("UBS", "parameter 'UBS': 50 is none of 32, 36")


def case_what_a_personality_gives_is_told_as_its(program, folder):
    c = Checked(program, folder, 'params.personality = "arm-mmu-400"', "params.NUMCB = 0", size="64KiB")
    c.expect_at("NUMCB", r"NUMS2CB is at most NUMCB \(NUMS2CB = 4 by personality, NUMCB = 0\)")


def case_broadcast_tlb_maintenance_is_refused(program, folder):
    c = Checked(program, folder, "params.BTM = true")
    c.expect_at("BTM", "BTM is true, and broadcast TLB maintenance is not built: expected false")
    Checked(program, folder, "params.BTM = false").expect(0)


def case_extensions_that_are_not_built_are_refused(program, folder):
    c = Checked(program, folder, "params.EXSMRGS = true", "params.COMPINDEXS = true")
    c.expect_at("EXSMRGS", "EXSMRGS is true, and extended stream matching is not built: expected false")
    c.expect_at("COMPINDEXS", "COMPINDEXS is true, and StreamID compressed indexing is not built: expected false")
    Checked(program, folder, "params.EXSMRGS = false", "params.COMPINDEXS = false").expect(0)
    Checked(program, folder, "params.NUMCB = 8.0").expect(64, "parameter 'NUMCB' must be a whole number, .*, not a number with a fraction")


def case_a_parameter_stands_over_the_personality_and_the_difference_is_told(program, folder):
    lacks = r"this arm-mmu-500 has IDR0\.BTM 0 instead of 1"
    Checked(program, folder, 'params.personality = "arm-mmu-500"', size="1MiB").expect(0, lacks + r" \[")
    c = Checked(program, folder, 'params.personality = "arm-mmu-500"', "params.NUMCB = 16", "params.GSE = true",
                "params.reset_fill = 1", "params.stalls = true", size="1MiB")
    c.expect(0, lacks + r", NUMCB 16 instead of 128 \(set so\), GSE true instead of false \(set so\) \[")
    c = Checked(program, folder, 'params.personality = "generic-smmuv2"', "params.NUMCB = 16")
    c.expect(0, "no mistakes found")


def case_the_difference_is_told_before_a_mistake_that_it_explains(program, folder):
    c = Checked(program, folder, 'params.personality = "arm-mmu-400"', "params.S1TS = true",
                'interrupts.context_irq0 = "SPI 70"', 'interrupts.context_irq1 = "SPI 71"', size="64KiB")
    c.expect(64, r"this arm-mmu-400 has S1TS true instead of false \(set so\)", r"\[smmu0\] has no port 'context_irq1'")


def case_interrupts_have_no_gap(program, folder):
    c = Checked(program, folder, "params.NUMCB = 8", *interrupts(*GLOBAL, "context_irq0", "context_irq1", "context_irq3", "context_irq5"))
    c.expect_at("context_irq3", "interrupts: context_irq3 is wired, but context_irq2, context_irq4 are not: .* by their place, "
                "without names, .*; wire all before context_irq5, the last one that is wired, or none$")
    c = Checked(program, folder, "params.NUMCB = 1", "params.NUMS2CB = 0", "params.counter_groups = 2", "params.CGNC = 1",
                *interrupts(*GLOBAL, "pm_irq0"))
    c.expect_at("pm_irq0", "interrupts: pm_irq0 is wired, but context_irq0 is not: ")
    Checked(program, folder, "params.NUMCB = 2", *interrupts(*GLOBAL, "context_irq0", "context_irq1")).expect(0, "no mistakes found")


def case_a_device_tree_of_the_users_own_may_have_a_gap(program, folder):
    lines = ("params.NUMCB = 3", *interrupts(*GLOBAL, "context_irq0", "context_irq2"))
    Checked(program, folder, *lines).expect(64, "context_irq1 is not")
    with open(os.path.join(folder, "own.dts"), "w", encoding="utf-8") as f:
        f.write("/dts-v1/; / { };")
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", os.path.join(folder, "own.dtb"), os.path.join(folder, "own.dts")], check=True)
    Checked(program, folder, *lines, boot='dtb = "own.dtb"').expect(0, "no mistakes found")


def case_global_interrupts_are_wired_where_those_of_banks_are(program, folder):
    banks = ("context_irq0", "context_irq1")
    for missing, others in (("gfsr_irq is", ("cfg_irq",)), ("cfg_irq is", ("gfsr_irq",)), ("gfsr_irq, cfg_irq are", ())):
        c = Checked(program, folder, "params.NUMCB = 2", *interrupts(*others, *banks))
        c.expect_at("context_irq0", "interrupts: context_irq0 is wired, but %s not: .*; wire gfsr_irq and cfg_irq, or none but them$" % missing)
    Checked(program, folder, "params.NUMCB = 2", "params.SES = true", *interrupts(*GLOBAL, *banks)).expect(0, "no mistakes found")
    Checked(program, folder, "params.NUMCB = 2").expect(0, "no mistakes found")


def case_banks_without_an_interrupt_are_told(program, folder):
    c = Checked(program, folder, "params.NUMCB = 4", *interrupts(*GLOBAL, "context_irq0"))
    c.expect(0, r"platform\.toml:%d:\d+: \[smmu0\] interrupts: context_irq1 to context_irq3 are not wired: context banks 1 to 3 of NUMCB 4 "
             "raise no interrupt" % c.line_of("context_irq0"), "no other mistakes found")
    c = Checked(program, folder, "params.NUMCB = 4", "params.NUMIRPT = 2", *interrupts(*GLOBAL, "context_irq0"))
    c.expect(0, "context_irq1 is not wired: banks with CBAR.IRPTNDX 1, below NUMIRPT 2, raise no interrupt")
    c = Checked(program, folder, "params.NUMCB = 2", *interrupts(*GLOBAL))
    c.expect(0, "context_irq0 to context_irq1 are not wired: context banks 0 to 1 of NUMCB 2")


def case_a_port_that_other_parameters_would_make_is_explained(program, folder):
    c = Checked(program, folder, "params.NUMIRPT = 2", *interrupts(*GLOBAL, "context_irq0", "context_irq1", "context_irq2"))
    c.expect_at("context_irq2", "has no port 'context_irq2': NUMIRPT is 2, .*; the last one is context_irq1$")
    c = Checked(program, folder, "params.NUMCB = 1", "params.NUMS2CB = 0", *interrupts("context_irq1"))
    c.expect_at("context_irq1", "has no port 'context_irq1': NUMCB is 1, .*; the last one is context_irq0$")
    c = Checked(program, folder, *interrupts("pm_irq0"))
    c.expect_at("pm_irq0", "has no port 'pm_irq0': counter_groups is 0")
    c = Checked(program, folder, *interrupts("sgfsr_irq"))
    c.expect_at("sgfsr_irq", "has no port 'sgfsr_irq': SES is false")


def case_a_port_that_is_wired_already_is_not_suggested(program, folder):
    Checked(program, folder, *interrupts("gfsr_irqs")).expect_at("gfsr_irqs", "has no port 'gfsr_irqs'; did you mean 'gfsr_irq'")
    Checked(program, folder, *interrupts("gfsr_irq", "gfsr_irqs")).expect_at("gfsr_irqs", "has no port 'gfsr_irqs'$")


def case_the_window_is_at_a_multiple_of_its_size(program, folder):
    for base, why in (("0x10010000", "0x10010000 is no multiple of 256KiB, .*IHI 0062 8.1.*; 0x10000000 and 0x10040000 are"),
                      ("0x10000004", "0x10000004 is no multiple of 4KiB"), ("0x10000001", "0x10000001 is no multiple of 4KiB")):
        Checked(program, folder, base=base).expect(64, r"platform\.toml:\d+:\d+: \[smmu0\] map: " + why)
    Checked(program, folder, size="64KiB").expect(64, r"64KiB is too small for port 'registers' \(programming interface\): it takes 256KiB")


def main():
    program, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + case](program, folder)


if __name__ == "__main__":
    sys.exit(main())
