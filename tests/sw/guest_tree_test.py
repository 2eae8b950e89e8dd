#!/usr/bin/env python3
"""Device trees that a careless or hostile hand wrote: what is malformed is refused by name, and the kernel lives on."""
import pathlib
import re
import struct
import subprocess
import tempfile

from guest_support import QEMU, GuestTest, boot, cpio, main, modules

MIB64 = 65536  # KiB


def machine_tree(machine):
    """The tree that QEMU makes, as text."""
    with tempfile.TemporaryDirectory() as folder:
        blob = pathlib.Path(folder) / "dtb"
        subprocess.run([QEMU, "-M", f"{machine},dumpdtb={blob}", "-cpu", "cortex-a72", "-m", "512", "-nic", "none", "-display", "none"],
                       check=True, capture_output=True)
        return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(blob)], check=True, capture_output=True, text=True).stdout


BEGIN_NODE, END_NODE, PROP = (struct.pack(">I", token) for token in (1, 2, 3))


def spliced(blob, tokens):
    """The blob with `tokens` at the end of the root (5.4); dtc puts the strings behind the structure block."""
    tokens = tokens(blob) if callable(tokens) else tokens
    header = list(struct.unpack_from(">10I", blob))
    end = header[2] + header[9] - 8
    for field in (1, 3, 9):
        header[field] += len(tokens)
    return struct.pack(">10I", *header) + blob[40:end] + tokens + blob[end:]


class TreeTest(GuestTest):
    MACHINE = "virt,gic-version=2"
    tree = None

    @classmethod
    def setUpClass(cls):
        cls.tree = machine_tree(cls.MACHINE)

    def run_tree(self, nodes="", script="poweroff\n", status=0, change=lambda text: text, names=(), tokens=b"", extra=()):
        """Runs with `nodes` added at the end of the root, and the text changed; `tokens` is what no text can say."""
        text = change(self.tree).rstrip().removesuffix("};") + nodes + "\n};\n"
        with tempfile.TemporaryDirectory() as folder:
            blob = pathlib.Path(folder) / "dtb"
            subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", str(blob), "-"], input=text, text=True, check=True,
                           stderr=subprocess.DEVNULL)  # what it would warn of is the point
            blob.write_bytes(spliced(blob.read_bytes(), tokens))
            run = boot(archive=cpio({**modules(*names), "init": script.encode()}), dtb=blob, machine=self.MACHINE, extra=extra)
        self.assertEqual(run.status, status, run.console)
        return run

    def edited(self, pattern, replacement):
        def change(text):
            text, n = re.subn(pattern, lambda _: replacement, text, flags=re.M)
            self.assertEqual(n, 1, pattern)
            return text
        return change


def reserved(content, cells="#address-cells = <1>; #size-cells = <1>; ranges;"):
    return "reserved-memory { %s %s };" % (cells, content)


class Reserved(TreeTest):
    """Devicetree Specification 0.4, 3.5 and 5.3."""

    def memory(self, *arguments, **options):
        run = self.run_tree(*arguments, **options)
        found = re.search(r"Memory: (\d+)K/(\d+)K available", run.console)
        return int(found[1]), int(found[2]), run

    def test_a_reservation_is_read_with_the_cells_of_its_own_parent(self):
        free, total, _ = self.memory()
        for cells, reg in (("#address-cells = <1>; #size-cells = <1>; ranges;", "<0x50000000 0x4000000>"),
                           ("#address-cells = <2>; #size-cells = <1>; ranges;", "<0 0x50000000 0x4000000>"),
                           ("#address-cells = <1>; #size-cells = <2>; ranges;", "<0x50000000 0 0x4000000>"),
                           ("#address-cells = <2>; #size-cells = <2>; ranges;", "<0 0x50000000 0 0x2000000  0 0x52000000 0 0x2000000>"),
                           ("ranges;", "<0 0x50000000 0 0x4000000>")):
            with self.subTest(cells):
                got, of, _ = self.memory(reserved("r@48000000 { reg = %s; };" % reg, cells))
                self.assertEqual((free - got, of), (MIB64, total))

    def test_no_map_takes_memory_out_of_the_linear_map(self):
        free, total, _ = self.memory()
        for reg in ("<0x50000000 0x4000000>", "<0x5c000000 0x4000000>", "<0x50000010 0x3fffff0>", "<0x50000000 0x2000000 0x52000000 0x2000000>"):
            with self.subTest(reg):
                got, of, _ = self.memory(reserved("r { reg = %s; no-map; };" % reg))
                self.assertEqual(total - of, MIB64)
                self.assertLessEqual(free - got, MIB64)
        # It reaches behind RAM, or lies outside.
        _, of, _ = self.memory(reserved("r { reg = <0x5c000000 0xffffffff>; no-map; }; s { reg = <0 0x1000>; no-map; };"))
        self.assertEqual(total - of, MIB64)

    def test_no_map_where_the_kernel_or_its_device_tree_is_leaves_no_wreck(self):
        run = self.run_tree(reserved("r { reg = <0x40000000 0x1000000>; no-map; };"), status=2)
        self.assert_console(run, "Kernel panic: the kernel is outside of the RAM of the device tree")
        run = self.run_tree(reserved("r { reg = <0x44000000 0x8000000>; no-map; };"))
        self.assert_console(run, "fdt: no-map at 0x44000000: ignored, as the device tree is there")

    def test_a_reservation_up_to_the_end_of_all_addresses_is_one(self):
        free, _, _ = self.memory()
        got, _, _ = self.memory(reserved("r { reg = <0 0x50000000 0xffffffff 0xffffffff>; };", "ranges;"))
        self.assertGreater(free - got, 3 * MIB64)

    def test_reservations_that_are_ignored_are_named(self):
        free, _, _ = self.memory()
        for nodes, why in ((reserved("r { size = <0x4000000>; alignment = <0x10000>; };"), "fdt: r: ignored, as it has a size and no reg"),
                           (reserved("r@1 { reg = <0x50000000 0x4000000 0x54000000>; };"), "fdt: r@1: its reg of 12 bytes is no list of 1 address and 1 size cells"),
                           (reserved("r@1 { reg = [48]; };"), "fdt: r@1: its reg of 1 bytes is no list of 1"),
                           (reserved("r@1 { reg = <0x50000000>; };", "#address-cells = <1>; #size-cells = <0>; ranges;"), "fdt: r@1: its reg has 1 address and 0 size cells: 1 or 2"),
                           (reserved("r@1 { reg = <1 2 3 4 5 6>; };", "#address-cells = <5>; #size-cells = <1>; ranges;"), "fdt: r@1: its reg has 5 address and 1 size cells: 1 or 2"),
                           (reserved("r@1 { reg = <1 2>; };", "#address-cells = <0xffffffff>; #size-cells = <0xffffffff>; ranges;"), "4294967295 address"),
                           (reserved("r@1 { reg = <0x8000000 0x4000000>; };", "#address-cells = <1>; #size-cells = <1>; ranges = <0 0x40000000 0x20000000>;"),
                            "fdt: r@1: ignored, as ranges of /reserved-memory is not empty"),
                           (reserved("", "#address-cells = [01]; #size-cells = <1>; ranges;"), "fdt: reserved-memory: #address-cells of 1 bytes, it has 4")):
            got, _, run = self.memory(nodes)
            self.assert_console(run, why)
            self.assertEqual(got, free, why)

    def test_the_reservation_block_counts(self):
        free, total, _ = self.memory()
        got, of, _ = self.memory(change=lambda text: text.replace("/dts-v1/;", "/dts-v1/;\n/memreserve/ 0x50000000 0x4000000;", 1))
        self.assertEqual((free - got, of), (MIB64, total))


class Properties(TreeTest):
    def test_nodes_may_nest_31_deep_below_the_root_and_no_deeper(self):
        self.run_tree("n { " * 30 + "};" * 30)
        self.assert_console(self.run_tree("n { " * 31 + "};" * 31, status=2), "Kernel panic: no valid device tree", "-E2BIG")

    def test_many_nodes_and_properties_make_no_start_slow(self):
        node = b"".join(BEGIN_NODE + b"n\0\0\0" + END_NODE for _ in range(25000))
        properties = (PROP + struct.pack(">II", 0, 0)) * 25000
        # With -icount the guest's clock counts instructions.
        run = self.run_tree(tokens=node + BEGIN_NODE + b"m\0\0\0" + properties + END_NODE, extra=("-icount", "shift=0"))
        seconds = re.search(r"\[ *([0-9.]+)\] initramfs: 1 files", run.console)
        self.assertLess(float(seconds[1]), 1, run.console)

    def test_a_property_behind_the_children_of_its_node_is_no_device_tree(self):
        run = self.run_tree(tokens=PROP + struct.pack(">II", 0, 0), status=2)
        self.assert_console(run, "Kernel panic: no valid device tree", "-EINVAL")

    def test_phandles_that_mean_nothing_or_something_else_already_are_ignored_by_name(self):
        run = self.run_tree("a { phandle = <0x7777>; }; b { phandle = <0x7777>; }; c { phandle = <0>; }; d { phandle = <0xffffffff>; };"
                            "e { phandle = [01]; }; f { phandle = <0x7778>; linux,phandle = <0x7779>; }; g { phandle = <0x777a>; linux,phandle = <0x777a>; };")
        self.assert_console(run, "/b: phandle 0x7777 is ignored: /a has it already", "/c: phandle 0 is ignored: it means none",
                            "/d: phandle 0xffffffff is ignored: it means none", "/e: phandle of 1 bytes, it has 4",
                            "/f: phandle 0x7779 is ignored: it has 0x7778 already")
        self.assertNotIn("/g:", run.console)

    def test_names_and_strings_are_shown_without_what_a_terminal_obeys(self):
        run = self.run_tree('x { compatible = "a\\x1b[31m,b\\n"; };', script="devices\npoweroff\n")
        self.assert_console(run, "a\\x1b[31m,b\\x0a\n")
        self.assertNotIn("\x1b", run.console)

        def node(blob):
            strings = blob[struct.unpack_from(">I", blob, 12)[0]:]
            return (BEGIN_NODE + b"n\x1b[2J\n@0\0" + b"\0\0\0" + PROP + struct.pack(">II", 4, strings.index(b"compatible\0")) + b"x,y\0" +
                    PROP + struct.pack(">II", 3, strings.index(b"phandle\0")) + b"\0\0\0\0" + END_NODE)
        run = self.run_tree(tokens=node, script="devices\npoweroff\n")
        self.assert_console(run, "/n\\x1b[2J\\x0a@0: phandle of 3 bytes", "n\\x1b[2J\\x0a ")
        self.assertNotIn("\x1b", run.console)

    def test_addresses_that_are_malformed_are_refused_by_name_and_the_rest_stays(self):
        device = 'd@0 { compatible = "arm,pl011"; reg = <%s>; };'
        bus = 'b { compatible = "simple-bus"; #address-cells = <%s>; #size-cells = <%s>; ranges%s; %s };'
        for nodes, why in ((bus % ("5", "1", "", device % "0 0 0 0 0 1"), "of: /b: #address-cells is no number up to 4"),
                           (bus % ("1", "7", "", device % "0 1"), "of: /b: #size-cells is no number up to 4"),
                           (bus % ("1", "1", "", device % "0 1 2"), "of: /b/d@0: reg of 12 bytes is no list of 1 address and 1 size cells"),
                           (bus % ("1", "1", " = <0 0 0x9000000>", device % "0 1"), "of: /b: ranges of 12 bytes is no list of 4 cells each"),
                           (bus % ("1", "1", " = <0 0xffffffff 0xfffff000 0x10000>", device % "0x2000 0x1000"), "of: /b/d@0: ranges of /b leads behind the last address"),
                           (bus % ("1", "1", " = <0 0xffffffff 0xfffff000 0x10000>", device % "0 0x2000"), "of: /b/d@0: ranges of /b leads behind the last address")):
            run = self.run_tree(nodes, script="devices\npoweroff\n")
            self.assert_console(run, why, "9000000.pl011")

    def test_a_command_line_that_is_cut_is_told(self):
        run = boot("poweroff\n", append="x=" + "y" * 2000)
        self.assert_console(run, "bootargs of 2003 bytes: the first 1023 count")


class Iommus(TreeTest):
    """Of the console's UART: it is probed at start-up, and prints whatever becomes of that."""
    MACHINE = "virt,gic-version=2,iommu=smmuv3"
    UART = r"^\tpl011@9000000 \{"

    def uart(self, iommus, nodes="", script="modprobe arm-smmu-v3\ndeferred\ndevices\npoweroff\n", change=None):
        add = self.edited(self.UART, "\tpl011@9000000 {\n\t\tiommus = %s;" % iommus)
        return self.run_tree(nodes, script=script, change=lambda text: add(change(text) if change else text), names=("arm-smmu-v3", "io-pgtable-arm"))

    def assert_refused(self, run, *texts):
        self.assert_console(run, *texts)
        self.assertRegex(run.console, r"(?m)^9000000\.pl011 +platform +- ")
        self.assertNotRegex(run.console, r"(?m)^9000000\.pl011 +\(deferred\)|^9000000\.pl011 +IOMMU")

    def test_a_list_that_names_no_iommu_is_refused_and_not_waited_for(self):
        for iommus, nodes, why in (("<&x 1>", "x: x {};", "of: /pl011@9000000: iommus names /x, which has no #iommu-cells"),
                                   ("<0x7777 1>", "", "of: /pl011@9000000: iommus has phandle 0x7777, which no node has"),
                                   ("<&x 1>", "x: x { #iommu-cells = <2>; };", "iommus ends within entry 0, for which /x wants 2 cells"),
                                   ("<&x 1>", "x: x { #iommu-cells = <17>; };", "/x, whose #iommu-cells is 17: up to 16 are possible"),
                                   ("<&x>", "x: x { #iommu-cells = [01]; };", "/x, which has no #iommu-cells"),
                                   ("[00 01]", "", "iommus of 2 bytes is no list of cells")):
            self.assert_refused(self.uart(iommus, nodes), why, "malformed iommus property")

    def test_a_device_that_names_itself_is_refused(self):
        change = self.edited(self.UART, "\tself: pl011@9000000 {\n\t\t#iommu-cells = <1>;")
        run = self.run_tree(script="deferred\ndevices\npoweroff\n",
                            change=lambda text: change(text).replace("#iommu-cells = <1>;", "#iommu-cells = <1>; iommus = <&self 1>;", 1))
        self.assert_refused(run, "iommus names the device itself")

    def test_an_iommu_that_is_disabled_is_not_in_the_way(self):
        run = self.uart("<&x 1>", 'x: x { #iommu-cells = <1>; status = "disabled"; };')
        self.assertRegex(run.console, r"(?m)^9000000\.pl011 +platform +pl011 ")

    def test_an_iommu_takes_as_many_cells_as_it_understands(self):
        for cells, iommus in (("0", "<&smmu>"), ("2", "<&smmu 1 2>")):
            run = self.uart(iommus, change=lambda text, n=cells: text.replace("#iommu-cells = <0x01>;", "#iommu-cells = <%s>;" % n).replace(
                "\tsmmuv3@", "\tsmmu: smmuv3@"), script="modprobe arm-smmu-v3\ndevices\npoweroff\n")
            self.assert_refused(run, "9000000.pl011: ")
        run = self.uart("<&smmu 1>", change=lambda text: text.replace("\tsmmuv3@", "\tsmmu: smmuv3@"))
        self.assertRegex(run.console, r"(?m)^9000000\.pl011 +platform +pl011 ")


class IommuMap(TreeTest):
    """Of the PCI host, for QEMU's edu device."""
    MACHINE = "virt,gic-version=2,iommu=smmuv3,highmem=off"

    def run_map(self, found, entries):
        return self.run_tree(script="modprobe pci-host-generic\nmodprobe arm-smmu-v3\nmodprobe qemu-edu-dma\nlspci\niommu groups\npoweroff\n",
                             extra=("-device", "edu,addr=1.0"),
                             change=lambda text: text.replace(found[0], f"iommu-map = <{entries}>;"),
                             names=("arm-smmu-v3", "io-pgtable-arm", "qemu-edu-dma", "pci-host-generic"))

    def test_a_map_that_is_malformed_is_refused_by_name(self):
        found = re.search(r"iommu-map = <(0x\w+) (0x\w+) (0x\w+) (0x\w+)>;", self.tree)
        smmu = found[2]
        for entries, why in ((f"0 {smmu} 0", "iommu-map of 12 bytes is no list of 4 cells each"), ("0 0x7777 0 0x10000", "iommu-map has phandle 0x7777, which no node has"),
                             (f"0 {smmu} 0xfffffffc 0x10000", "iommu-map takes 0x8 behind the last ID"), ("0 0 0 0x10000", "iommu-map has phandle 0, which"),
                             ("0 0x8002 0 0x10000", "iommu-map of its host names intc@8000000, which is no IOMMU: no #iommu-cells")):
            run = self.run_map(found, entries)
            self.assert_console(run, why, "Power down, status 0")
            self.assertRegex(run.console, r"(?m)^0000:00:01\.0 1234:11e8 class 00ff00 PCI$")

    def test_an_id_that_the_map_does_not_cover_is_not_translated(self):
        found = re.search(r"iommu-map = <(0x\w+) (0x\w+) (0x\w+) (0x\w+)>;", self.tree)
        run = self.run_map(found, f"9 {found[2]} 0 0x10000  0 {found[2]} 0 8")
        self.assert_console(run, "0000:00:01.0 1234:11e8 class 00ff00 PCI, edu\n", "no iommu groups", "Power down, status 0")


if __name__ == "__main__":
    main()
