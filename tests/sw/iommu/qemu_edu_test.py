#!/usr/bin/env python3
"""The guest's SMMU driver and page tables on QEMU's SMMUv3, with QEMU's edu device as the master.

usage: qemu_edu_test.py --qemu PROGRAM --guest DIR   (DIR holds Image, modules/*.ko and test-modules/*.ko)
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

INIT = """\
insmod /lib/modules/qemu-edu-dma.ko
modprobe pci-host-generic
deferred
modprobe arm-smmu-v3
lsmod
iommu groups
insmod /lib/modules/arm-smmu-v3-test.ko
smmutest selftest
smmutest entries
smmutest ranges
smmutest events
smmutest msi
rmmod arm-smmu-v3-test
edutest
smmu status
expect-fail rmmod io-pgtable-arm
expect-fail rmmod arm-smmu-v3
rmmod qemu-edu-dma
rmmod arm-smmu-v3
rmmod io-pgtable-arm
rmmod pci-host-generic
echo unloaded
lsmod
poweroff
"""

# In this order on the console.
EXPECTED = [
    r"^0000:00:01\.0 +IOMMU 9050000\.smmuv3 has no driver yet",
    r"io-pgtable: format ARM_64_LPAE_S1 registered",
    # Ranges are what is shown here: its TLB is not this project's. Newer ones translate by two stages.
    r"arm-smmu-v3 9050000\.smmuv3: SMMUv3\.", r"stage 1, (stage 2, )?0-bit SubstreamIDs, ranges",
    r"0000:00:01\.0: in iommu group 0",
    r"^arm_smmu_v3 +\d+ +1 qemu_edu_dma \(0000:00:01\.0\)", r"^io_pgtable_arm +\d+ +1 arm_smmu_v3 \(tables\)",
    r"^group 0: 0000:00:01\.0, domain DMA, behind 9050000\.smmuv3, streams 0x8",
    r"CERROR_ILL", r"^ok 3 .*gerror interrupt",
    r"^ok \d+ - an SMMU that does not answer ends a change", r"^ok \d+ - blocks, one by one", r"^ok \d+ - a record becomes a fault",
    r"# SKIP IDR0\.MSI is 0",
    r"event: F_TRANSLATION client 0000:00:01\.0 sid 0x8 ssid none iova 0x1005000 read",
    r"event: F_TRANSLATION client 0000:00:01\.0 sid 0x8 ssid none iova 0x1006000 write",
    r"event: F_PERMISSION client 0000:00:01\.0 sid 0x8 ssid none iova 0x\w+ write",
    r"^ok 8 ",
    r"io_pgtable_arm: in use by arm_smmu_v3 \(tables\)",
    r"arm_smmu_v3: in use by qemu_edu_dma \(0000:00:01\.0\)",
    r"stopped; \d+ events seen, 0 overflows, 2 commands refused",
    r"^unloaded\s+Module.*\s+\[.*Power down, status 0",
]


def newc(files):
    """A cpio archive of name -> bytes."""
    out = bytearray()
    for ino, (name, data) in enumerate([*files, ("TRAILER!!!", b"")], 1):
        mode = 0o100755 if data else 0
        fields = [ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4)
        out += data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--qemu", required=True)
    p.add_argument("--guest", required=True)
    args = p.parse_args()

    files = [("init", INIT.encode())]
    for folder, name in (("modules", "io-pgtable-arm"), ("modules", "arm-smmu-v3"), ("modules", "qemu-edu-dma"),
                         ("modules", "pci-host-generic"),
                         ("test-modules", "arm-smmu-v3-test")):
        with open(os.path.join(args.guest, folder, name + ".ko"), "rb") as f:
            files.append(("lib/modules/%s.ko" % name, f.read()))
    with tempfile.NamedTemporaryFile(suffix=".cpio") as initrd:
        initrd.write(newc(files))
        initrd.flush()
        # Instructions are the clock, and waiting takes no time: edu's tenths of a second pass at once.
        r = subprocess.run(
            [args.qemu, "-M", "virt,gic-version=2,iommu=smmuv3,highmem=off", "-cpu", "cortex-a72", "-m", "512",
             "-icount", "shift=1,sleep=off", "-nographic", "-nic", "none", "-device", "edu,addr=1.0",
             "-kernel", os.path.join(args.guest, "Image"), "-initrd", initrd.name],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
    console = r.stdout.decode(errors="replace").replace("\r", "")
    at, missing = 0, None
    for pattern in EXPECTED:
        m = re.compile(pattern, re.M).search(console, at)
        if not m:
            missing = pattern
            break
        at = m.end()
    if missing or "not ok" in console or r.returncode:
        print(console)
        print("FAILED: exit code %d, missing: %s" % (r.returncode, missing))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
