#!/usr/bin/env python3
"""What the device tree says of an SMMUv2, against bindings/iommu/arm,smmu.yaml.

usage: device_tree.py PROGRAM CASE
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checked import kernel  # noqa: E402

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
[smmu0]
type = "smmuv2"
map = { registers = [0x09060000, "64KiB"] }
interrupts = { %s }
params = { NUMCB = 2, NUMPAGENDXB = 2, %s }
[dma0]
type = "testdev"
map = [0x0a000000, "4KiB"]
interrupts = { irq = "SPI 4" }
behind = { smmu = "smmu0", tbu = 0, stream = %s }
"""
LEVEL_HIGH = 4


class Tree:
    def __init__(self, program, folder, interrupts, stream="0x100", params="SES = false"):
        self.blob = os.path.join(folder, "tree.dtb")
        config = os.path.join(folder, "platform.toml")
        with open(os.path.join(folder, "kernel.elf"), "wb") as f:
            f.write(kernel())
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG % (interrupts, params, stream))
        self.made = subprocess.run([program, "dtb", config, "-o", self.blob], capture_output=True, text=True)

    def get(self, property_name, *options):
        nodes = subprocess.run(["fdtget", "-l", self.blob, "/"], capture_output=True, text=True, check=True).stdout
        soc = [n for n in nodes.split() if n.startswith("iommu@")]
        path = "/" + soc[0] if soc else None
        if path is None:
            for bus in nodes.split():
                inner = subprocess.run(["fdtget", "-l", self.blob, "/" + bus], capture_output=True, text=True).stdout
                path = next((f"/{bus}/{n}" for n in inner.split() if n.startswith("iommu@")), path)
        r = subprocess.run(["fdtget", *options, self.blob, path, property_name], capture_output=True, text=True)
        return r.stdout.split() if r.returncode == 0 else None

    def cells(self, property_name):
        found = self.get(property_name, "-tx")
        return None if found is None else [int(c, 16) for c in found]


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found}, expected {expected}")


def case_interrupts_stand_with_global_ones_first_and_are_counted(program, folder):
    t = Tree(program, folder, 'context_irq1 = "SPI 76", context_irq0 = "SPI 75", cfg_irq = "SPI 73", gfsr_irq = "SPI 74"')
    expect("made", t.made.returncode, 0)
    expect("#global-interrupts", t.cells("#global-interrupts"), [2])
    expect("interrupts", t.cells("interrupts"),
           [0, 74, LEVEL_HIGH, 0, 73, LEVEL_HIGH, 0, 75, LEVEL_HIGH, 0, 76, LEVEL_HIGH])
    expect("interrupt-names", t.cells("interrupt-names"), None)
    expect("#iommu-cells", t.cells("#iommu-cells"), [1])
    expect("stream-match-mask", t.cells("stream-match-mask"), None)
    expect("compatible", t.get("compatible"), ["arm,smmu-v2"])


def case_global_interrupts_that_are_not_wired_do_not_count(program, folder):
    t = Tree(program, folder, 'gfsr_irq = "SPI 74"')
    expect("#global-interrupts", t.cells("#global-interrupts"), [1])
    expect("interrupts", t.cells("interrupts"), [0, 74, LEVEL_HIGH])


def case_secure_interrupts_that_are_not_wired_do_not_count(program, folder):
    lines = 'gfsr_irq = "SPI 74", cfg_irq = "SPI 73", context_irq0 = "SPI 75", context_irq1 = "SPI 76"'
    t = Tree(program, folder, lines, params="SES = true")
    expect("#global-interrupts", t.cells("#global-interrupts"), [2])
    expect("interrupts", t.cells("interrupts"),
           [0, 74, LEVEL_HIGH, 0, 73, LEVEL_HIGH, 0, 75, LEVEL_HIGH, 0, 76, LEVEL_HIGH])


def case_a_stream_id_of_more_than_16_bits_is_refused(program, folder):
    expect("made", Tree(program, folder, 'gfsr_irq = "SPI 74"', "0xffff").made.returncode, 0)
    made = Tree(program, folder, 'gfsr_irq = "SPI 74"', "0xffff, count = 2").made
    expect("exit code", made.returncode, 64)
    if "StreamID 0x10000 is out of range" not in made.stderr:
        sys.exit(made.stderr)


def case_a_quirk_is_told_by_the_property_or_string_that_drivers_know(program, folder):
    quirks = 'quirks = ["marvell_582743", "calxeda_secure_access"]'
    t = Tree(program, folder, 'gfsr_irq = "SPI 74"', params="SES = true, " + quirks)
    expect("made", t.made.returncode, 0)
    expect("compatible", t.get("compatible"), ["marvell,ap806-smmu-500", "arm,smmu-v2"])
    expect("calxeda,smmu-secure-config-access", t.get("calxeda,smmu-secure-config-access"), [])
    plain = Tree(program, folder, 'gfsr_irq = "SPI 74"', params="SES = true")
    expect("calxeda,smmu-secure-config-access", plain.get("calxeda,smmu-secure-config-access"), None)


def case_an_unknown_quirk_is_refused_at_its_place(program, folder):
    made = Tree(program, folder, 'gfsr_irq = "SPI 74"', params='SES = true, quirks = ["marvell_1"]').made
    expect("exit code", made.returncode, 64)
    if "platform.toml:" not in made.stderr or "'marvell_1'" not in made.stderr or "qcom_last_bank" not in made.stderr:
        sys.exit(made.stderr)


def main():
    program, case = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + case](program, folder)


if __name__ == "__main__":
    sys.exit(main())
