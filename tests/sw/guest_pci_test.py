#!/usr/bin/env python3
"""PCI on QEMU's machine and behind its SMMUv3: hardware that nobody of this project wrote, in hierarchies of ports, switches
and bridges."""
import itertools
import re

from guest_support import GuestTest, main
from guest_tree_test import TreeTest

MACHINE = "virt,gic-version=2,iommu=smmuv3"
ALL = ("pci-host-generic", "qemu-edu-dma", "arm-smmu-v3", "io-pgtable-arm")
# Instructions are the clock, and waiting takes no time: edu's tenths of a second pass at once.
CLOCK = ("-icount", "shift=1,sleep=off")


def devices(text):
    return CLOCK + tuple(itertools.chain.from_iterable(("-device", word) for word in text.split()))


# An edu in every kind of place, and which group it must be in.
HIERARCHY = devices("""
    edu,bus=pcie.0,addr=1.0
    pcie-root-port,id=acs,bus=pcie.0,addr=2.0,chassis=1  edu,bus=acs
    pcie-root-port,id=legacy,bus=pcie.0,addr=3.0,chassis=2  pcie-pci-bridge,id=pci,bus=legacy
        edu,bus=pci,addr=1  edu,bus=pci,addr=2  pci-bridge,id=inner,bus=pci,addr=3,chassis_nr=9  edu,bus=inner,addr=2
    pcie-root-port,id=f0,bus=pcie.0,addr=4.0,chassis=3,multifunction=on  edu,bus=f0
    pcie-root-port,id=f1,bus=pcie.0,addr=4.1,chassis=4,disable-acs=on  edu,bus=f1
    pcie-root-port,id=f2,bus=pcie.0,addr=4.2,chassis=6,disable-acs=on  edu,bus=f2
    pcie-root-port,id=up,bus=pcie.0,addr=5.0,chassis=5  x3130-upstream,id=switch,bus=up
        xio3130-downstream,id=d0,bus=switch,addr=0,chassis=11  edu,bus=d0
        xio3130-downstream,id=d1,bus=switch,addr=1,chassis=12  edu,bus=d1
    edu,bus=pcie.0,addr=6.0,multifunction=on  edu,bus=pcie.0,addr=6.1
""")
GROUPS = [
    ["00:01.0"],
    ["01:00.0"],                         # below a port with ACS
    ["03:01.0", "03:02.0", "04:02.0"],   # they are all 03:00.0 to the host
    ["05:00.0"],                         # a function that has ACS
    ["06:00.0", "07:00.0"],              # functions of one device that have not
    ["0a:00.0", "0b:00.0"],              # ports of a switch without ACS
    ["00:06.0", "00:06.1"],              # functions of one device
]
STREAMS = {"00:01.0": "0x8", "01:00.0": "0x100", "03:01.0": "0x308 0x300", "03:02.0": "0x310 0x300",
           "04:02.0": "0x410 0x318 0x300", "0b:00.0": "0xb00", "00:06.1": "0x31"}


def groups(run, after=""):
    """The groups as `iommu groups` shows them, behind the text `after`."""
    found = {}
    for number, name in re.findall(r"(?m)^group (\d+): 0000:(\S+), ", run.console[run.console.index(after):]):
        found.setdefault(number, []).append(name)
    return sorted(sorted(members) for members in found.values())


class Hierarchy(GuestTest):
    maxDiff = None

    def run_pci(self, script, *names, extra=HIERARCHY, machine=MACHINE, **options):
        return self.run_script(script + "poweroff\n", *(names or ALL), machine=machine, extra=extra, **options)

    def test_devices_share_a_group_if_and_only_if_they_cannot_be_kept_apart(self):
        run = self.run_pci("modprobe pci-host-generic\nmodprobe qemu-edu-dma\niommu groups\n")
        self.assertEqual(groups(run), sorted(sorted(g) for g in GROUPS))
        for name, streams in STREAMS.items():
            self.assertRegex(run.console, rf"(?m)^group \d+: 0000:{re.escape(name)}, domain DMA, behind 9050000\.smmuv3, streams {streams}$")

    def test_data_and_messages_go_through_every_kind_of_bridge(self):
        run = self.run_pci("modprobe pci-host-generic\nmodprobe qemu-edu-dma\n" +
                           "".join(f"edutest 0000:{group[-1]}\n" for group in GROUPS) + "interrupts\n")
        self.assertEqual(len(re.findall(r"(?m)^ok \d+ - ", run.console)), 8 * len(GROUPS))
        self.assertNotIn("not ok", run.console)
        # Messages, and through the SMMU, whose domains are told apart by the last of the tests.
        for group in GROUPS:
            self.assertRegex(run.console, rf"(?m)^ *\d+: +3 +GICv2 +\d+ edge +CPU0 +0000:{re.escape(group[-1])}$")

    def test_the_tree_shows_kinds_bus_numbers_isolation_drivers_groups_and_addresses(self):
        run = self.run_pci("modprobe pci-host-generic\nmodprobe qemu-edu-dma\nlspci\n")
        self.assert_console(
            run, "0000:00:00.0 1b36:0008 class 060000 PCI\n", "0000:00:01.0 1234:11e8 class 00ff00 PCI, edu, group",
            "0000:00:02.0 1b36:000c class 060400 root port to 01-01, ACS on\n",
            "  0000:01:00.0 1234:11e8 class 00ff00 PCI, edu, group ", "    BAR 0: 0x",
            "0000:00:03.0 1b36:000c class 060400 root port to 02-04, ACS on\n",
            "  0000:02:00.0 1b36:000e class 060400 bridge to PCI to 03-04\n", "    0000:03:01.0 1234:11e8",
            "    0000:03:03.0 1b36:0001 class 060400 PCI bridge to 04-04\n", "      0000:04:02.0 1234:11e8",
            "0000:00:04.1 1b36:000c class 060400 root port to 06-06\n",
            "  0000:08:00.0 104c:8232 class 060400 upstream port to 09-0b\n",
            "    0000:09:00.0 104c:8233 class 060400 downstream port to 0a-0a\n")

    def test_isolation_is_turned_on_when_the_smmus_driver_comes_and_not_before(self):
        run = self.run_pci("modprobe pci-host-generic\nlspci\nmodprobe arm-smmu-v3\necho --\nlspci\n")
        before, after = run.console.split("--\n")
        self.assertRegex(before, r"(?m)^0000:00:02\.0 .*, ACS off$")
        self.assertRegex(after, r"(?m)^0000:00:02\.0 .*, ACS on$")

    def test_the_bus_goes_with_its_hosts_module_and_comes_again_as_it_was(self):
        run = self.run_pci("modprobe qemu-edu-dma\nmodprobe pci-host-generic\niommu groups\nlspci\nrmmod pci-host-generic\necho gone\nlspci\n"
                           "iommu groups\nls /sys/bus/pci/devices\nlsmod\nmodprobe pci-host-generic\necho again\niommu groups\nlspci\n"
                           "edutest 0000:04:02.0\nrmmod pci-host-generic\nrmmod qemu-edu-dma\nrmmod arm-smmu-v3\nrmmod io-pgtable-arm\nlsmod\n")
        first, gone, again = re.split(r"(?m)^gone\n|^again\n", run.console)
        self.assertNotRegex(gone, r"(?m)^ *0000:\S+ \w{4}:")
        self.assert_console(run, "no iommu groups", "arm_smmu_v3 ", "again")
        self.assertNotRegex(gone, r"(?m)^arm_smmu_v3 +\d+ +[1-9]")

        def shown(text):
            return re.findall(r"(?m)^(?:group | *0000:| *BAR ).*$", text)
        self.assertEqual(shown(first), shown(again.split("KTAP")[0]))
        self.assertRegex(again, r"(?m)^Module .*\n\[.*Power down")

    def test_coldplug_finds_host_smmu_format_and_driver_by_what_the_hardware_says(self):
        run = self.run_pci("coldplug\niommu groups\nedutest\n", *ALL, "arm-smmu", "testdev-dma", extra=devices("edu,addr=1.0"))
        self.assertEqual(groups(run), [["00:01.0"]])
        self.assert_console(run, "ok 8 - ")

    def test_the_lowest_bus_is_the_hosts_on_every_number_of_cpus(self):
        run = self.run_pci("coldplug\niommu groups\n", extra=("-smp", "4") + HIERARCHY[2:])
        self.assertEqual(groups(run), sorted(sorted(g) for g in GROUPS))

    def test_without_an_smmu_devices_work_untranslated(self):
        run = self.run_pci("coldplug\nlspci\niommu groups\nedutest 0000:04:02.0\n", machine="virt,gic-version=2")
        self.assert_console(run, "0000:00:01.0 1234:11e8 class 00ff00 PCI, edu\n", "no iommu groups",
                            "ok 1 - its interrupt comes, and comes again\n", "# SKIP the device is behind no IOMMU")


class Orders(GuestTest):
    """Host, SMMU, format and client in every order, in one boot."""
    NAMES = {"host": "pci-host-generic", "client": "qemu-edu-dma", "smmu": "arm-smmu-v3", "format": "io-pgtable-arm"}

    def waits_for(self, there):
        """What `deferred` must say of the device, when it is bound to a driver that is there."""
        if not {"host", "client"} <= there:
            return None
        if "smmu" not in there:
            return "IOMMU 9050000.smmuv3 has no driver yet"
        return None if "format" in there else "page-table format"

    def test_every_order_of_loading_ends_bound_and_tells_meanwhile_who_waits_for_what(self):
        orders = list(itertools.permutations(self.NAMES))
        script = ""
        for order in orders:
            for name in order:
                script += f"insmod /lib/modules/{self.NAMES[name]}.ko\necho {'-'.join(order)} {name}\ndeferred\niommu groups\n"
            # A host and a client may go at any time, an SMMU and a format when nobody holds them.
            script += "".join(f"rmmod {self.NAMES[n]}\n" for n in
                              (("host", "client") if order[0] < order[1] else ("client", "host")) + ("smmu", "format"))
        run = self.run_script(script + "lsmod\npoweroff\n", *ALL, machine=MACHINE, extra=devices("edu,addr=1.0"))
        for order in orders:
            for n, name in enumerate(order, 1):
                text = re.search(rf"(?ms)^{'-'.join(order)} {name}\n(.*?)(?=^\w+-\w+-\w+-\w+ \w+\n|^Module )", run.console)[1]
                why = self.waits_for(set(order[:n]))
                if why:
                    self.assertRegex(text, rf"(?m)^0000:00:01\.0 .*{why}")
                else:
                    self.assertNotRegex(text, r"(?m)^0000:00:01\.0 ")
                self.assertEqual("group 0: 0000:00:01.0, " in text, n == 4, text)

    def test_what_a_bound_device_needs_is_not_unloaded_and_its_host_may_be(self):
        run = self.run_script("modprobe pci-host-generic\nmodprobe qemu-edu-dma\nexpect-fail rmmod arm-smmu-v3\nexpect-fail rmmod io-pgtable-arm\n"
                              "rmmod pci-host-generic\nrmmod arm-smmu-v3\nrmmod io-pgtable-arm\nrmmod qemu-edu-dma\nlsmod\npoweroff\n", *ALL,
                              machine=MACHINE, extra=devices("edu,addr=1.0"))
        self.assert_console(run, "arm_smmu_v3: in use by qemu_edu_dma (0000:00:01.0)", "io_pgtable_arm: in use by arm_smmu_v3 (tables)")


class Tree(TreeTest):
    """What the device tree says of a host."""
    MACHINE = MACHINE
    LINES = devices("edu,addr=1.0 pcie-root-port,id=p,addr=2.0,chassis=1 pcie-pci-bridge,id=b,bus=p edu,bus=b,addr=1 edu,bus=b,addr=2")

    def run_host(self, pattern, replacement, script="coldplug\nlspci\npoweroff\n", extra=LINES):
        return self.run_tree(script=script, change=self.edited(pattern, replacement), names=ALL, extra=extra)

    def test_without_a_frame_for_messages_lines_are_used_and_turned_by_each_bridge(self):
        run = self.run_host(r"^\t\tmsi-map = .*\n", "", script="coldplug\nedutest 0000:00:01.0\nedutest 0000:02:01.0\nedutest 0000:02:02.0\ninterrupts\npoweroff\n")
        self.assertEqual(len(re.findall(r"(?m)^ok \d+ - ", run.console)), 24)
        # Pin A of device n of bus 0 is SPI 3 + n mod 4; of the inner device m, line m mod 4 of its bridge, which is device 0 of device 2.
        for name, spi in (("0000:00:01.0", 3 + 1), ("0000:02:01.0", 3 + (1 + 0 + 2) % 4), ("0000:02:02.0", 3 + (2 + 0 + 2) % 4)):
            self.assertRegex(run.console, rf"(?m)^ *\d+: +[1-9]\d* +GICv2 +{32 + spi} level +CPU0 .*{re.escape(name)}")

    def test_messages_go_to_the_frame_that_msi_parent_names_where_there_is_no_map(self):
        frame = re.search(r"msi-map = <0x00 (0x\w+) ", self.tree)[1]
        run = self.run_host(r"^\t\tmsi-map = .*\n", f"\t\tmsi-parent = <{frame}>;\n", script="coldplug\nedutest\ninterrupts\npoweroff\n")
        self.assertRegex(run.console, r"(?m)^ *80: +3 +GICv2 +80 edge +CPU0 +0000:00:01\.0$")

    def test_bus_numbers_that_do_not_reach_leave_out_what_is_behind_by_name(self):
        run = self.run_host(r"bus-range = <0x00 0xff>;", "bus-range = <0 1>;")
        self.assert_console(run, "0000:01:00.0: no bus number is left for what is below it", "0000:00:01.0 1234:11e8 class 00ff00 PCI, edu, group 0\n",
                            "  0000:01:00.0 1b36:000e class 060400 bridge to PCI\n", "Power down, status 0")

    def test_a_first_bus_that_is_not_0_is_where_configuration_space_begins(self):
        run = self.run_host(r"bus-range = <0x00 0xff>;", "bus-range = <0x10 0x1f>;", script="modprobe pci-host-generic\nlspci\npoweroff\n")
        # QEMU's root bus answers to 0 alone: nobody is at 10.
        self.assert_console(run, "domain 0000: buses 10 to 1", "functions", "Power down, status 0")

    def test_a_window_that_is_small_has_the_rest_left_out_by_name(self):
        run = self.run_host(r"0x2000000 0x00 0x10000000 0x00 0x10000000 0x00 0x2eff0000 0x3000000 0x80 0x00 0x80 0x00 0x80 0x00>;",
                            "0x2000000 0 0x10000000 0 0x10000000 0 0x200000>;")
        self.assert_console(run, "no room for BAR 0 of 0x100000 bytes", "Power down, status 0")
        self.assertRegex(run.console, r"(?m)^ *BAR 0: no address, 0x100000 bytes, 32 bits$")
        self.assertRegex(run.console, r"(?m)^ *BAR 0: 0x10[01]00000, 0x100000 bytes, 32 bits$")

    def test_what_is_malformed_is_refused_by_name(self):
        for pattern, replacement, why in (
                (r"bus-range = <0x00 0xff>;", "bus-range = <5 3>;", "bus-range is no range of bus numbers"),
                (r"bus-range = <0x00 0xff>;", "bus-range = <0>;", "bus-range is no range of bus numbers"),
                (r"(?s)(?<=linux,pci-domain = <0x00>;)\s*#size-cells = <0x02>;\s*#address-cells = <0x03>;", "#size-cells = <2>; #address-cells = <2>;",
                 "addresses of PCI have 3 cells and sizes 2, not 2 and 2"),
                (r"ranges = <0x1000000 .*>;", "ranges = <1 2 3>;", "ranges is not there, or no list of windows"),
                (r"ranges = <0x1000000 .*>;", "", "ranges is not there, or no list of windows")):
            with self.subTest(why):
                run = self.run_host(pattern, replacement)
                self.assert_console(run, why, "Power down, status 0")
                self.assertNotIn("1234:11e8", run.console)

    def test_windows_that_cannot_be_are_left_out_by_name(self):
        good = "0x2000000 0 0x10000000 0 0x10000000 0 0x1000000"
        for bad in ("0x2000000 0 0x10800000 0 0x20000000 0 0x1000000",  # the same addresses once more
                    "0x3000000 0xffffffff 0xfff00000 0x80 0 0 0x200000",  # behind the last address
                    "0x3000000 1 0 0xffffffff 0xfff00000 0 0x200000",
                    "0x3000000 1 0 0x80 0 0 0"):
            with self.subTest(bad):
                run = self.run_host(r"ranges = <0x1000000 .*>;", f"ranges = <{good} {bad}>;")
                self.assert_console(run, "cannot be, and are not used", "0000:00:01.0 1234:11e8 class 00ff00 PCI, edu, group 0\n", "Power down, status 0")


if __name__ == "__main__":
    main()
