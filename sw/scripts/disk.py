#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the tar archive that the platforms' disks show: files that a guest can check, and a place for it to write to.

usage: disk.py OUT.tar

The same bytes each time. SHA256SUMS lists all files but itself and "scratch", which whoever likes may write.
"""
import hashlib
import io
import sys
import tarfile


def numbers(count, state=1):
    """Bytes that no two blocks share: the low byte of an LCG of 64 bits."""
    out = bytearray()
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out.append(state >> 56)
    return bytes(out)


FILES = {
    "hello.txt": b"These bytes came through an IOMMU.\n",
    "numbers.bin": numbers(256 << 10),
    "odd.bin": numbers(12345, 7),
    "deep/er/block.bin": numbers(512, 9),
    "empty": b"",
}


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__.strip())
    sums = "".join("%s  %s\n" % (hashlib.sha256(data).hexdigest(), name) for name, data in FILES.items())
    with tarfile.open(sys.argv[1], "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in {"SHA256SUMS": sums.encode(), **FILES, "scratch": bytes(64 << 10)}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


main()
