#!/usr/bin/env python3
"""What a user sees when the guest ends before it has a console: on Debian's QEMU, and on our own platform where
SMMU_VP and SMMU_VP_CONFIG name it."""
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import unittest

from guest_support import BUILD, QEMU, GuestTest, Run, boot, cpio, main

PLATFORM, CONFIG = os.environ.get("SMMU_VP"), os.environ.get("SMMU_VP_CONFIG")
KERNEL, STUB, TREE = 0x40200000, 0x44000000, 0x48000000
KIMAGE_VADDR = 0xffff800004000000
UDF, WAIT_FOR_EVER = 0x00000000, 0x14000000
MOVZ_X0, MOVK_X0, MOVZ_X16, BR_X16 = 0xd2800000, 0xf2800000, 0xd2800010, 0xd61f0200


def symbol(name):
    """Where it is in the Image."""
    listing = subprocess.run(["aarch64-linux-gnu-nm", str(BUILD / "kernel.elf")], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"(?m)^(\w+) \w {name}$", listing)[1], 16) - KIMAGE_VADDR


def patched(place, word):
    image = bytearray((BUILD / "Image").read_bytes())
    struct.pack_into("<I", image, symbol(place), word)
    return bytes(image)


def move(base, more, value):
    """Instructions that move a 64-bit constant to a register."""
    parts = [value >> shift & 0xffff for shift in (0, 16, 32, 48)]
    return [base | parts[0] << 5] + [more | i << 21 | part << 5 for i, part in enumerate(parts) if i]


def program(tree=b"", x0=TREE, image=None, kernel=KERNEL):
    """An ELF file that enters the kernel with what a boot loader should not give it."""
    words = move(MOVZ_X0, MOVK_X0, x0) + move(MOVZ_X16, MOVK_X0 | 16, kernel) + [BR_X16]
    segments = [(STUB, struct.pack(f"<{len(words)}I", *words)), (kernel, image or (BUILD / "Image").read_bytes())]
    if tree:
        segments.append((TREE, tree))
    table, data, at = b"", b"", 64 + 56 * len(segments)
    for address, content in segments:
        content += bytes(-len(content) % 8)
        table += struct.pack("<IIQQQQQQ", 1, 7, at + len(data), address, address, len(content), len(content), 8)
        data += content
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, STUB, 64, 0, 0, 64, 56, len(segments), 0, 0,
                       0) + table + data


def dtc(data, source, result):
    return subprocess.run(["dtc", "-q", "-f", "-I", source, "-O", result], input=data, capture_output=True, check=True).stdout


class Early:
    """Each cause has its words, its status is 2, and nothing hangs."""

    def ends(self, tree=b"", *texts, **options):
        run = self.enter(program(tree, **options))
        self.assert_console(run, *texts)
        self.assertEqual(run.status, 2, run.console)
        return run

    def tree(self, *changes):
        """The machine's own tree with the text changed: each pattern has to be there."""
        text = dtc(self.own_tree(), "dtb", "dts").decode()
        for pattern, replacement in changes:
            text, n = re.subn(pattern, lambda _: replacement, text, flags=re.M | re.S)
            self.assertGreater(n, 0, pattern)
        return dtc(text.encode(), "dts", "dtb")

    def memory(self, *ranges):
        """The tree with this memory alone."""
        cells = " ".join("0x%x 0x%x 0x%x 0x%x" % (base >> 32, base & 0xffffffff, size >> 32, size & 0xffffffff)
                         for base, size in ranges)
        return self.tree((r'(device_type = "memory";.*?reg|reg(?= = <[^>]*>;\s*device_type = "memory")) = <[^>]*>;',
                          'device_type = "memory"; reg = <%s>;' % cells))

    def test_no_device_tree(self):
        self.ends(b"", "smmu-vp guest", "x0 is 0, it should be the address of the device tree",
                  "Kernel panic: no valid device tree at 0x", "start_kernel+", x0=0)

    def test_a_device_tree_that_is_not_aligned(self):
        self.ends(self.tree(), "that 8 divides", "Kernel panic: no valid device tree", x0=TREE + 4)

    def test_a_device_tree_beyond_any_physical_address(self):
        self.ends(b"", "x0 is 0xdead000048000000, it should be a physical address", "Kernel panic", x0=0xdead << 48 | TREE)

    def test_a_device_tree_where_nothing_is(self):
        self.ends(b"", "external abort", "Internal error: Oops", "early_fdt_scan+", x0=0xe0000000000)

    def test_a_device_tree_with_a_corrupt_magic_number(self):
        self.ends(b"\xd0\x0d\xfe\xee" + self.tree()[4:], "the magic number is 0xd00dfeee, it should be 0xd00dfeed",
                  "Kernel panic: no valid device tree at 0x")

    def test_a_device_tree_that_is_too_large(self):
        tree = bytearray(self.tree())
        struct.pack_into(">I", tree, 4, 0x200001)
        self.ends(bytes(tree), "it has 2097153 bytes, 2097152 are possible", "Kernel panic: no valid device tree", "-E2BIG")

    def test_a_device_tree_whose_structure_is_corrupt(self):
        tree = bytearray(self.tree())
        at = struct.unpack_from(">I", tree, 8)[0]
        struct.pack_into(">I", tree, at, 0x77)
        self.ends(bytes(tree), "Kernel panic: no valid device tree", "-EINVAL")

    def test_no_memory_node(self):
        self.ends(self.tree((r'device_type = "memory";', 'device_type = "memory"; status = "disabled";')),
                  "Kernel panic: the device tree has no memory node")

    def test_a_kernel_outside_of_the_ram_of_the_tree(self):
        self.ends(self.memory((0x48000000, 0x8000000)), "Kernel panic: the kernel is outside of the RAM of the device tree: it is at 0x", "0200000")

    def test_a_device_tree_outside_of_the_ram_that_it_tells_of(self):
        self.ends(self.memory((KERNEL, 0x4000000)), "Kernel panic: the device tree, at 0x", "48000000, is outside of the RAM")

    def test_ram_in_more_pieces_than_there_are_translation_tables_for(self):
        self.ends(self.memory((0x40000000, 0x10000000), *((0x1000000000 + i * 0x40000000, 0x1000) for i in range(40))),
                  "Kernel panic: RAM is in too many pieces", "paging_init+")

    def test_too_little_memory_says_what_for(self):
        # From not enough for the page map to enough for the first thread.
        size = struct.unpack_from("<Q", (BUILD / "Image").read_bytes(), 16)[0]
        causes = set()
        for pages in self.page_counts:
            # The pages of the tree are RAM too, and no more: its size does not depend on the numbers in it.
            room = (size + 0xfff & ~0xfff) + pages * 4096
            tree = self.memory((KERNEL, room), (TREE, 0x1000))
            run = self.enter(program(self.memory((KERNEL, room), (TREE, len(tree) + 0xfff & ~0xfff))))
            found = re.search(r"Kernel panic: (.*)|smp: CPUs on line", run.console)
            self.assertTrue(found, run.console)
            self.assertTrue(found[1] is None or run.status == 2, run.console)
            causes.add(found[1])
        for cause in self.causes:
            self.assertTrue(any(re.match(cause, c or "none") for c in causes), (cause, causes))

    def test_a_failure_without_a_uart(self):
        off = (r'compatible = "arm,pl011[^;]*;', 'compatible = "arm,pl011"; status = "disabled";')
        run = self.enter(program(self.tree(off, (r'arm,(gic-400|cortex-a15-gic|cortex-a9-gic)', 'none'))))
        self.assert_console(run, "smmu-vp guest", "Kernel panic: no GICv2 in the device tree", "---[ halted ]---")
        self.assertEqual(run.status, 2, run.console)

    def test_an_exception_before_the_kernels_vectors_are_set(self):
        for place in ("early_start", "enable_mmu"):
            run = self.ends(self.tree(), "Kernel panic: exception before the kernel's vectors are set, ESR 0x0000000002000000 "
                            "ELR 0x%016x" % (KERNEL + symbol(place)), "image at 0x0000000040200000",
                            image=patched(place, UDF))
            self.assertNotIn("smmu-vp guest", run.console)

    def test_an_exception_as_soon_as_they_are_set(self):
        self.ends(self.tree(), "undefined instruction", "pc : start_kernel+0/", image=patched("start_kernel", UDF))


class OnQemu(Early, GuestTest):
    page_counts = range(0, 60, 2)
    causes = (r"no \d+ bytes of RAM left", "no memory for the device tree", "no memory for the GIC",
              "no memory for the first thread", "none")

    def own_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            blob = pathlib.Path(folder) / "dtb"
            subprocess.run([QEMU, "-M", f"virt,gic-version=2,dumpdtb={blob}", "-cpu", "cortex-a72", "-m", "512", "-nic", "none"],
                           capture_output=True, check=True)
            return blob.read_bytes()

    def enter(self, elf, **options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "program.elf"
            path.write_bytes(elf)
            return boot(image=path, **options)

    def test_a_second_cpu_that_fails_before_it_has_vectors(self):
        # Without a word of a boot loader's: QEMU starts the Image itself, and the kernel its second CPU.
        with tempfile.TemporaryDirectory() as folder:
            image = pathlib.Path(folder) / "Image"
            image.write_bytes(patched("secondary_switched", UDF))
            run = boot("poweroff\n", image=image, extra=("-smp", "2"))
        self.assert_console(run, "exception before the kernel's vectors are set, ESR 0x0000000002000000 ELR 0x%016x" %
                            (KIMAGE_VADDR + symbol("secondary_switched")))
        self.assertEqual(run.status, 2, run.console)

    def test_where_nobody_serves_semihosting_it_halts(self):
        for name, image, place in (("panic", None, "machine_power_off"),
                                   ("exception", patched("early_start", UDF), "early_exception")):
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "program.elf"
                path.write_bytes(program(x0=0, image=image))
                guest = subprocess.Popen([QEMU, "-M", "virt,gic-version=2", "-cpu", "cortex-a72", "-m", "512", "-nic", "none",
                                          "-display", "none", "-serial", "none", "-monitor", "stdio", "-kernel", str(path)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                places = []
                start = KIMAGE_VADDR + symbol(place)

                def stands():
                    return len(places) >= 20 and len(set(places[-20:])) == 1 and start <= places[-1] < start + 0x200

                try:
                    # Asked until it stands still there: no time is assumed. It also stands where it gets no processor time.
                    while len(places) < 20000 and not stands():
                        guest.stdin.write(b"info registers\n")
                        guest.stdin.flush()
                        text = b""
                        while b" PC=" not in text and b"\nPC=" not in text:
                            text += guest.stdout.readline()
                        at = int(re.search(rb"PC=([0-9a-f]+)", text)[1], 16)
                        places.append(at if at > KIMAGE_VADDR - 1 else at - KERNEL + KIMAGE_VADDR)
                finally:
                    guest.kill()
                    guest.communicate()
                self.assertTrue(stands(), [hex(p) for p in places[-40:]])


@unittest.skipUnless(PLATFORM, "SMMU_VP names no program")
class OnThePlatform(Early, GuestTest):
    page_counts = (0, 8, 200)
    causes = (r"no \d+ bytes of RAM left", "no memory for ", "none")

    def own_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            blob = pathlib.Path(folder) / "dtb"
            subprocess.run([PLATFORM, "dtb", CONFIG, "--output", str(blob)], capture_output=True, check=True)
            return blob.read_bytes()

    def enter(self, elf):
        with tempfile.TemporaryDirectory() as folder:
            path, initrd = pathlib.Path(folder) / "program.elf", pathlib.Path(folder) / "initrd"
            path.write_bytes(elf)
            initrd.write_bytes(cpio({"init": b"poweroff\n"}))
            r = subprocess.run([PLATFORM, "run", CONFIG, "--no-default-fail-on", "--kernel", str(path), "--initrd", str(initrd), "--timeout-sim", "10s"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=120, check=False)
        status = re.search(r"status (\d+)", r.stderr)
        return Run(r.stdout + r.stderr, int(status[1]) if status else None)


if __name__ == "__main__":
    main()
