#!/usr/bin/env python3
"""What smmu-vp check says of an SMMUv3's wiring.

usage: check.py PROGRAM CASE
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import checked  # noqa: E402

CONFIG = """
[boot]
kernel = "kernel.elf"
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
[pci0]
type = "pcie"
params = { topology = "dma(ats)", buses = 1, ats = %s }
map.ecam = [0x3f000000, "1MiB"]
map.mmio = [0x20000000, "32MiB"]
behind = { smmu = "smmu0", tbu = 0, stream = 0x1000, count = 0x100 }
%s
[smmu0]
type = "smmuv3"
map = { registers = [0x10000000, "%s"] }
"""
PCI1 = """[pci1]
type = "pcie"
params = { topology = "dma(ats)", buses = 1, ats = true }
map.ecam = [0x3e000000, "1MiB"]
map.mmio = [0x24000000, "32MiB"]
behind = { smmu = "smmu0", tbu = 1, stream = 0x2000, count = 0x100 }
"""


class Checked(checked.Checked):
    def __init__(self, program, folder, *lines, size="128KiB", ats="true", more=""):
        super().__init__(program, folder, CONFIG % (ats, more, size) + "\n".join(lines) + "\n")


def case_a_device_that_keeps_translations_is_told_what_is_invalid(program, folder):
    untold = r"\[smmu0\] wires: nothing tells \[pci0\], which has ats = true and keeps translations, that they are invalid: add "
    c = Checked(program, folder, "params.ATS = true")
    c.expect(0, r"platform\.toml:%d:\d+: " % c.line_with("[smmu0]") + untold + r'wires = { ats = "pci0\.ats" } to \[smmu0\]$', "no other mistakes found")
    c = Checked(program, folder, "params.ATS = true", 'wires.event_out = "cpu0.event"')
    c.expect(0, r"platform\.toml:%d:\d+: " % c.line_with("wires.event_out") + untold + r'ats = "pci0\.ats" to these$', "no other mistakes found")
    Checked(program, folder, "params.ATS = true", 'wires.ats = "pci0.ats"').expect(0, "no mistakes found")


def case_where_one_side_has_no_ats_nobody_has_to_be_told(program, folder):
    Checked(program, folder).expect(0, "no mistakes found")
    Checked(program, folder, "params.ATS = true", ats="false").expect(0, "no mistakes found")


def case_one_device_alone_is_told(program, folder):
    c = Checked(program, folder, "params.ATS = true", "params.tbus = 2", 'wires.ats = "pci0.ats"', more=PCI1)
    c.expect(0, r"platform\.toml:%d:\d+: \[smmu0\] wires: nothing tells \[pci1\], .*: smmu0\.ats leads to pci0\.ats; an SMMU of its own can tell \[pci1\]$" %
             c.line_with("wires.ats"), "no other mistakes found")


def case_a_port_that_other_parameters_would_make_is_explained(program, folder):
    c = Checked(program, folder, 'interrupts.pmcg0_irq = "SPI 90"')
    c.expect_at("pmcg0_irq", "has no port 'pmcg0_irq': pmcg is false, .*; params.pmcg = true makes one for the TCU and one for each TBU$")
    c = Checked(program, folder, "params.pmcg = true", 'interrupts.pmcg2_irq = "SPI 90"', size="1MiB")
    c.expect_at("pmcg2_irq", "has no port 'pmcg2_irq': tbus is 1, .*; the last one is pmcg1_irq$")
    for port, why in (("priq_irq", "PRI is false"), ("s_eventq_irq", "SECURE_IMPL is false")):
        Checked(program, folder, 'interrupts.%s = "SPI 90"' % port).expect_at(port, "has no port '%s': %s" % (port, why))
    Checked(program, folder, 'wires.ats = "pci0.ats"', ats="false").expect(64, r"\[smmu0\] has no port 'ats': ATS is false")
    c = Checked(program, folder, 'interrupts.pmcg_irq = "SPI 90"')
    c.expect(64, r"\[smmu0\] has no port 'pmcg_irq'")


def case_a_window_that_is_too_small_is_told_what_makes_it_longer(program, folder):
    small = r"\[smmu0\] map: 128KiB is too small for port 'registers' \(programming interface, %s\): it takes %s$"
    Checked(program, folder, "params.pmcg = true").expect(64, small % ("324 KiB by pmcg", "324KiB"))
    c = Checked(program, folder, "params.MSI = true", "params.ECMDQ = true", "params.ATOS = true", "params.VATOS = true")
    c.expect(64, small % (r"256 KiB by VATOS, ECMDQ", "256KiB"))
    Checked(program, folder, size="64KiB").expect(64, r"64KiB is too small for port 'registers' \(programming interface, 128 KiB\)")


def main():
    program, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + case](program, folder)


if __name__ == "__main__":
    sys.exit(main())
