#!/usr/bin/env python3
"""Damaged device trees, archives, scripts and keys never make the guest's readers reach outside of them.

usage: guest_blob_test.py FUZZER
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

from guest_support import TRAILER, cpio, newc



SCRIPT = b"""# A comment.
echo 'a  b' "c\\"d" e\\ f \\#g # h\r
-sleep 3
\texpect-fail c
c 1 2; help sleep
ls /
cat /lib/text
-c '' ""
-expect-fail nothing
poweroff 0
"""
KEYS = (b"ech\t one\x1b[D\x1b[D\x1b[3~x\r\x1b[A\x1b[H\x0bhelp\x15c\t\t\x1b[1;5C\x1bOA\x1b[B\x01\x05\x02\x06\x7f\x08\x17\x0c\x10\x0e\r"
        b"a long line " + b"0123456789" * 6 + b"\x03cat /li\t\tte\tls /sys/b\tb\t\t\rrmmod a\t\t\x15-expect-fail e\tmodinfo /\t\rpoweroff\r")
# The first byte says how many are planned; what becomes of a text, its length: 0 skipped, 1 a diagnostic, 2 passed.
RESULTS = b"\0".join(text + b"." * ((kind - len(text)) % 4) for kind, text in (
    (2, b"\x04two # SKIP no"), (2, b"six \\ # \\#"), (1, b"a diagnostic\n"), (0, b"skipped # SKIP \x1b[0m"), (2, b"of many bytes" * 9)))


def cells(*values):
    return struct.pack(">%dI" % len(values), *values)


def device_tree():
    """A small blob with nodes, properties and a reservation; interrupts lead through two maps, and around them."""
    strings = bytearray()

    def prop(name, value):
        offset = len(strings)
        strings.extend(name.encode() + b"\0")
        return struct.pack(">III", 3, len(value), offset) + value + b"\0" * (-len(value) % 4)

    def node(name, *content):
        encoded = name.encode() + b"\0"
        return struct.pack(">I", 1) + encoded + b"\0" * (-len(encoded) % 4) + b"".join(content) + struct.pack(">I", 2)

    tree = node("", prop("#address-cells", struct.pack(">I", 2)), prop("#size-cells", struct.pack(">I", 2)),
                node("memory@40000000", prop("reg", struct.pack(">QQ", 0x40000000, 0x20000000))),
                node("smmu", prop("phandle", cells(4)), prop("compatible", b"arm,smmu-v2\0"), prop("mmu-masters", cells(5, 16, 17, 6, 18))),
                node("other", prop("compatible", b"arm,smmu-v2\0"), prop("mmu-masters", cells(7, 0)), prop("smmu-vp,last-smmu", b"")),
                *(node("m%d" % n, prop("phandle", cells(n)), prop("#stream-id-cells", cells(2 if n == 5 else 1))) for n in (5, 6, 7)),
                node("chosen", prop("bootargs", b"console=ttyAMA0\0")),
                node("gic", prop("phandle", cells(1)), prop("#interrupt-cells", cells(3)), prop("interrupt-controller", b"")),
                node("slots", prop("phandle", cells(2)), prop("#interrupt-cells", cells(2)), prop("#address-cells", cells(0)),
                     prop("interrupt-map-mask", cells(7, 7)),
                     prop("interrupt-map", cells(1, 2, 1, 0, 9, 4, 3, 2, 1, 0, 10, 4))),
                node("soc", prop("#address-cells", cells(1)), prop("#size-cells", cells(1)), prop("#interrupt-cells", cells(1)),
                     prop("ranges", cells(0, 0, 0x9000000, 0x10000)), prop("interrupt-map-mask", cells(0xf000, 3)),
                     prop("interrupt-map", cells(0, 1, 1, 0, 5, 4, 0x1000, 1, 2, 3, 2)),
                     node("serial@0", prop("compatible", b"arm,pl011\0arm,primecell\0"), prop("reg", cells(0, 0x1000)),
                          prop("interrupts", cells(1))),
                     node("rtc@1000", prop("reg", cells(0x1000, 0x1000)), prop("status", b"okay\0"),
                          prop("interrupts", cells(1, 1))),
                     node("dma@2000", prop("reg", cells(0x2000, 0x1000)), prop("interrupt-parent", cells(1)),
                          prop("interrupts-extended", cells(1, 0, 7, 4, 2, 1, 2)))))
    tree += struct.pack(">I", 9)
    reserve = struct.pack(">QQQQ", 0x48000000, 0x1000, 0, 0)
    at = 40 + len(reserve)
    total = at + len(tree) + len(strings)
    return struct.pack(">IIIIIIIIII", 0xD00DFEED, total, at, at + len(tree), 40, 17, 16, 0, len(strings),
                       len(tree)) + reserve + tree + bytes(strings)


def main():
    links = b"".join(newc(name, data, inode=7, links=3) for name, data in (("a", b""), ("b", b"text"), ("c", b""))) + TRAILER
    paths = cpio({"a": b"1", "d/./f": b"2", "d//g": b"3", "/d/f": b"4", "d": b"5"})
    blobs = (("fdt", 200000, device_tree()), ("tree", 20000, device_tree()),
             ("cpio", 100000, cpio({"init": b"echo\n", "lib/modules/a.ko": b"x" * 300, "b": b""})),
             ("cpio", 100000, links + links), ("cpio", 100000, paths + paths),
             ("script", 100000, SCRIPT), ("editor", 50000, KEYS), ("ktap", 50000, RESULTS))
    with tempfile.TemporaryDirectory() as folder:
        for kind, rounds, blob in blobs:
            path = pathlib.Path(folder) / kind
            path.write_bytes(blob)
            subprocess.run([sys.argv[1], kind, str(rounds), str(path)], check=True)


if __name__ == "__main__":
    main()
