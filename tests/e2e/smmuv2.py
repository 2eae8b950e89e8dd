#!/usr/bin/env python3
"""End-to-end tests of the guest's SMMUv2 driver, on the kernel image of the SMMUv3's platforms.

usage: smmuv2.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import itertools
import json
import os
import re
import shutil
import subprocess
import sys

from e2e import EXIT, check, in_order, main

INIT = """
modprobe -a arm-smmu testdev-dma
insmod /lib/modules/arm-smmu-test.ko
smmuv2test live
dmatest --size 5
rmmod arm-smmu-test
rmmod testdev-dma
rmmod arm-smmu
poweroff
"""


def shipped(b):
    b.config = os.path.join(b.source, "vp-configs", "gki-smmuv2.toml")
    return b


def features(b, params="", *options, change=None, init=INIT):
    """A run of the shipped configuration with more, or other, parameters of its SMMU, a line each."""
    def edit(text):
        for line in params.splitlines():
            key = line.split(" = ")[0]
            text = re.sub(r"(?m)^%s = .*\n" % re.escape(key), "", text)
            text, n = re.subn(r'(?m)^type = "smmuv2"\n', 'type = "smmuv2"\n%s\n' % line, text)
            assert n == 1, "the configuration has no SMMUv2"
        return change(text) if change else text

    path = os.path.join(b.build, "sw", "test-modules", "arm-smmu-test.ko")
    b = shipped(b).alone() if params or change else shipped(b)
    r = b.run(b.variant(init=init, modules=[path], change=edit if params or change else None), "--strict", *options)
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    check(not re.search(r"# SKIP.*\b(IDR5|STE|SSIDSIZE|S1P|STALL_MODEL)\b", r.stdout), "a test is skipped for what an SMMUv3 lacks", r)
    return r


# Tests that map pages themselves, of the smallest size that there is.
OF_ANY_PAGE = ("copy:", "fault-midway:", "remap:", "split:", "switch:", "page-fault:")


def ran(r, *names):
    for name in names:
        check(re.search(r"(?m)^ok \d+ - %s(?!.*# SKIP)" % re.escape(name), r.stdout), "%s did not run" % name, r)


def case_the_kernel_of_the_smmuv3_loads_the_modules_of_an_smmuv2(b):
    r = b.run(shipped(b).config, "--strict")
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    in_order(r, [r"io-pgtable: format ARM_64_LPAE_S1 registered", r"format ARM_V7S registered", r"arm-smmu 9100000\.iommu: SMMUv2",
                 r"group 0: a000000\.dma, domain DMA, behind 9100000\.iommu", r"ok 1 - copy", r"context fault: TF client a000000\.dma",
                 r"module: arm_smmu: unloaded"])
    ran(r, "stage2:", "nested:", "switch:", "page-fault:", "page-fault-stage2:")
    with open(b.config) as two, open(os.path.join(b.source, "vp-configs", "gki-smmuv3.toml")) as three:
        kernels = [re.findall(r"(?m)^kernel = .*$", text.read()) for text in (two, three)]
    check(kernels[0] == kernels[1] and kernels[0], "another kernel than the SMMUv3's")


def case_a_run_is_told_in_terms_of_the_smmuv2(b):
    r = b.run(shipped(b).config, "--strict")
    check(re.search(r"(?m)^  faults +[1-9]\d* recorded in context banks, ", r.stderr), "the summary does not count faults", r)
    check(not re.search(r"(?m)^  events ", r.stderr), "the summary counts event records, which an SMMUv2 has not got", r)
    check(not re.search(r"\b[FC]_[A-Z]", r.stdout), "an event of the SMMUv3 is named", r)


def case_faults_of_registers_are_told_and_stalls_can_be_had(b):
    ran(features(b), "a bank holds what was written", "each kind of context fault is told", "a bank stalls when it is asked to")


def case_each_translation_scheme_moves_data_and_faults(b):
    for name in ("aarch64", "aarch32-l", "aarch32-s"):
        folder = "/sys/class/iommu/smmu.0x0000000009100000/arm-smmu/"
        cat = "".join("cat %s%s\n" % (folder, f) for f in ("format", "input_bits", "ipa_bits", "output_bits"))
        r = features(b, "", "--append", "arm-smmu.format=" + name, init=INIT.replace("dmatest", cat + "dmatest"))
        sizes = (48, 48, 48) if name == "aarch64" else (32, 40, 40)
        in_order(r, [r"arm-smmu 9100000\.iommu: %s, .*input %d, intermediate %d, output %d bits" % (name, *sizes),
                     r"^%s\r?$" % name, *(r"^%d\r?$" % bits for bits in sizes)])
        ran(r, "copy:", "fault-readonly:", "unmap:", "split:", "stage2:", "nested:", "page-fault:")


def case_a_scheme_that_the_smmu_has_not_is_refused_by_name(b):
    path = b.write("no.init", "expect-fail modprobe nothing\nmodprobe -a arm-smmu testdev-dma\ndeferred\npoweroff\n")
    r = b.run(shipped(b).config, "--append", "arm-smmu.format=v9", "--init", path, "--min-tests", "0")
    in_order(r, [r"format v9: the SMMU has aarch64 aarch32-l aarch32-s"])


def case_each_granule_is_enough(b):
    for granule in ("16", "64"):
        others = "".join("params.PTFSv8_%skB = %s\n" % (g, str(g == granule).lower()) for g in ("4", "16", "64"))
        r = features(b, others)
        ran(r, "read:", "unmap:", "fault-readonly:", *OF_ANY_PAGE, "stage2:", "page-fault-stage2:")
        check(re.search(r"- nested.*# SKIP .*PTFSv8_4kB", r.stdout), "nested is not skipped for its tables of 4 KiB", r)


def case_one_stage_is_enough(b):
    for absent in ("S1TS", "S2TS"):
        r = features(b, "params.%s = false\nparams.NTS = false\nparams.NUMS2CB = 0" % absent)
        ran(r, "unmap:", *OF_ANY_PAGE)


def case_banks_that_are_all_for_stage_2_leave_no_stage_1(b):
    r = features(b, "params.NUMS2CB = 8")
    in_order(r, [r"SMMUv2, stage 2, 8 context banks \(8 for stage 2 alone\)"])
    ran(r, "unmap:", *OF_ANY_PAGE)
    check(re.search(r"- nested.*# SKIP .*NUMS2CB", r.stdout), "nested is not skipped for want of banks", r)


def case_streams_of_16_bits_of_15_and_by_index_are_found(b):
    features(b, "params.EXIDS = true")
    features(b, "params.EXIDS = false\nparams.VMID16S = false")
    r = features(b, "params.EXIDS = false\nparams.SMS = false\nparams.NUMSIDB = 6\nparams.NUMSMRG = 64",
                 change=lambda text: text.replace("stream = 0x1", "stream = 0x"))
    in_order(r, [r"64 indexed streams"])
    ran(r, "streams:")


def case_pages_of_64_kib_and_an_smmu_that_does_not_snoop_are_used(b):
    features(b, "params.PAGESIZE = true", change=lambda text: text.replace('[0x09100000, "128KiB"]', '[0x0c000000, "2MiB"]'))
    features(b, "params.CTTW = false", change=lambda text: text.replace('type = "testdev"\n', 'type = "testdev"\nparams.coherent = false\n'))


def case_banks_share_interrupts_where_they_are_assigned(b):
    features(b, "params.NUMIRPT = 4", change=lambda text: re.sub(r"(?m)^interrupts\.context_irq[4-7] = .*\n", "", text))


def case_what_reset_leaves_unknown_is_not_relied_upon(b):
    for seed in (2, 3, 0xffffffff):
        features(b, "params.reset_fill = %d" % seed)


def case_modules_come_in_any_order(b):
    for order in itertools.permutations(("io-pgtable-arm", "arm-smmu", "testdev-dma")):
        init = "".join("insmod /lib/modules/%s.ko\n" % m for m in order) + "dmatest --test copy --size 2\npoweroff\n"
        r = features(b, init=init)
        in_order(r, [r"in iommu group 0", r"ok 1 - copy"])


# Name, window, context interrupts that are wired, what the driver says of it.
PERSONALITIES = [
    ("arm-mmu-500", "1MiB", 128, r"SMMUv2, stage 1, stage 2, nested, 128 context banks"),
    ("intel-agilex7", "256KiB", 32, r"SMMUv2, stage 1, stage 2, nested, 32 context banks"),
    ("xilinx-zynqmp", "128KiB", 16, r"SMMUv2, stage 1, stage 2, nested, 16 context banks"),
    ("arm-mmu-401", "64KiB", 1, r"SMMUv1, stage 2, 4 context banks .*\n.*: aarch64, "),
    ("arm-mmu-400", "64KiB", 1, r"SMMUv1, stage 2, 4 context banks .*\n.*: aarch32-l, "),
    ("qcom-adreno-smmu", "64KiB", 5, r"SMMUv2, stage 1, 5 context banks"),
]


def case_each_personality_moves_data_and_faults(b):
    for name, window, interrupts, words in PERSONALITIES:
        def change(text):
            text = re.sub(r"(?m)^(params\.(NUMCB|NUMS2CB|NUMPAGENDXB)|interrupts\.context_irq\d+) = .*\n", "", text)
            wired = "".join('interrupts.context_irq%d = "SPI %d"\n' % (i, 66 + i) for i in range(interrupts))
            text = text.replace('interrupts.cfg_irq = "SPI 65"\n', 'interrupts.cfg_irq = "SPI 65"\n' + wired)
            text = text.replace('[0x09100000, "128KiB"]', '[0x0c000000, "%s"]' % window)
            # No message takes what the context banks need.
            text = re.sub(r"(?m)^map\.v2m = .*\n", "", text)
            return re.sub(r'type = "gicv2"\nparams = .*\n', 'type = "gicv2"\nparams.num_spis = 256\n', text)

        init = "modprobe -a arm-smmu testdev-dma\ndmatest --size 5\nrmmod testdev-dma\nrmmod arm-smmu\npoweroff\n"
        r = features(b, 'params.personality = "%s"' % name, change=change, init=init)
        check(re.search(words, r.stdout), "the driver does not say: " + words, r)
        ran(r, "read:", "fault-read:", "fault-write:", "fault-readonly:", *OF_ANY_PAGE)


def case_a_stream_has_a_mask_where_the_node_has_two_cells(b):
    if not shutil.which("dtc"):
        sys.exit(77)
    blob, source = os.path.join(b.folder, "a.dtb"), os.path.join(b.folder, "a.dts")
    r = b.run(shipped(b).config, "-o", blob, command="dtb")
    check(r.returncode == 0, "no device tree", r)
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, blob], check=True)
    with open(source) as f:
        text = f.read()
    text, n = re.subn(r"#iommu-cells = <0x01>", "#iommu-cells = <0x02>", text)
    text, m = re.subn(r"iommus = <(\w+) 0x100 \w+ 0x101>", r"iommus = <\1 0x100 0x01>", text)
    check(n == 1 and m == 1, "the device tree has another shape than expected")
    with open(source, "w") as f:
        f.write(text)
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", blob, source], check=True)
    path = b.write("mask.init", "modprobe -a arm-smmu testdev-dma\nsmmuv2 status\ndmatest --size 2\npoweroff\n")
    r = b.run(b.config, "--dtb", blob, "--init", path, "--strict")
    check(r.returncode == EXIT["pass"] and "not ok" not in r.stdout, "expected exit code 0", r)
    in_order(r, [r"group 0: stream 0x100 mask 0x1,"])


def case_a_stream_is_walked_in_the_memory_image_of_a_run_as_the_model_translated_it(b):
    config = shipped(b).variant(init="modprobe -a arm-smmu testdev-dma\ndmatest\npoweroff\n")
    path = {name: os.path.join(b.folder, name) for name in ("memory.elf", "trace", "dump")}
    r = b.run(config, "--dump-memory", path["memory.elf"], "--dump-on-exit=" + path["dump"], "--trace", "smmu.translate", "--trace-file",
              path["trace"])
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    with open(path["trace"]) as f:
        sid, address, output = re.findall(r"sid=(\S+) address=(\S+) output=(\S+) ", f.read())[-1]
    r = b.run("--sid", sid, "--dump", path["memory.elf"], "--json", address, command="walk")
    check(r.returncode == 0, "the address is not translated", r)
    document = json.loads(r.stdout)
    check(document["smmu"] == "smmu0" and document["walks"][0]["output"] == output, "expected %s" % output, r)
    r = b.run("--sid", sid, "--dump", path["memory.elf"], "0x10000000", command="walk")
    check(r.returncode == 1, "an address that nobody has mapped", r)
    in_order(r, [r"SMMU_SMR0 = ", r"SMMU_S2CR0 = ", r"group 0: context bank 2\n", r"stage 1 level 0, VA 0x10000000: descriptor at",
                 r"now: the access is aborted", r"fault SMMU_CB2_FSR\.TF, recorded"])
    with open(path["dump"]) as f:
        dump = f.read()
    S2CR0 = re.search(r"(?m)^ +SMMU_S2CR0 +0xc00 +(\S+)$", dump).group(1)
    r = subprocess.run([b.program, "decode", "smmuv2", "--nonzero", "-"], input=dump, capture_output=True, text=True, timeout=60)
    check(r.returncode == 0 and "SMMU_S2CR0 = %s: Stream-to-Context Register, translation context" % S2CR0 in r.stdout, "the dump, decoded", r)


if __name__ == "__main__":
    main(globals())
