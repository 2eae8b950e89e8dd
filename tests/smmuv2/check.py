#!/usr/bin/env python3
"""What smmu-vp check says of an SMMUv2's parameters.

usage: check.py PROGRAM CASE
"""
import os
import re
import subprocess
import sys
import tempfile

from device_tree import kernel

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
[dma0]
type = "testdev"
map = [0x0a000000, "4KiB"]
interrupts = { irq = "SPI 4" }
behind = { smmu = "smmu0", tbu = 0, stream = 0x10 }
[smmu0]
type = "smmuv2"
map = { registers = [0x10000000, "%s"] }
"""


class Checked:
    def __init__(self, program, folder, *lines, size="256KiB"):
        self.text = CONFIG % size + "\n".join(lines) + "\n"
        config = os.path.join(folder, "platform.toml")
        with open(os.path.join(folder, "kernel.elf"), "wb") as f:
            f.write(kernel())
        with open(config, "w", encoding="utf-8") as f:
            f.write(self.text)
        r = subprocess.run([program, "check", config], capture_output=True, text=True, check=False)
        self.code, self.said = r.returncode, r.stderr

    def line_of(self, parameter):
        return 1 + next(i for i, line in enumerate(self.text.splitlines()) if line.startswith("params.%s " % parameter))

    def expect(self, code, *patterns):
        for pattern in patterns:
            if not re.search(pattern, self.said, re.M):
                sys.exit(f"'{pattern}' is not in\n{self.said}")
        if self.code != code:
            sys.exit(f"exit code {self.code}, expected {code}\n{self.said}")

    def expect_at(self, parameter, *texts):
        """Refused, with a line of output at the parameter's line for each text."""
        self.expect(64, *(r"platform\.toml:%d:\d+: \[smmu0\] %s" % (self.line_of(parameter), text) for text in texts))


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


def main():
    program, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + case](program, folder)


if __name__ == "__main__":
    sys.exit(main())
