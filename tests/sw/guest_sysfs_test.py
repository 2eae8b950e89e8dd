#!/usr/bin/env python3
"""/sys: what the kernel shows of itself."""
from guest_support import GuestTest, main

PL011 = "/sys/bus/platform/devices/9000000.pl011"


class Sysfs(GuestTest):
    def test_the_tree_keeps_its_promises(self):
        run = self.run_script("modprobe test-sysfs\npoweroff\n", "test-sysfs")
        self.assertNotIn("not ok", run.console)

    def test_ls_shows_folders_files_and_links(self):
        run = self.run_script(f"ls /\nls /sys/bus\nls {PL011}\npoweroff\n")
        for line in ("d        0 /sys", "d        0 /sys/bus/platform", f"-     4096 {PL011}/modalias",
                     f"l        0 {PL011}/driver -> /sys/bus/platform/drivers/pl011"):
            self.assertIn(line, run.lines)

    def test_cat_reads_a_file_through_links(self):
        run = self.run_script("cat /sys/bus/platform/drivers/pl011/9000000.pl011/modalias\npoweroff\n")
        self.assert_console(run, "\nof:Npl011T(null)Carm,pl011Carm,primecell\n")

    def test_nobody_waits_where_everything_is_there(self):
        run = self.run_script("ls /sys/kernel/devices_deferred\necho '['\ncat /sys/kernel/devices_deferred\necho ']'\npoweroff\n")
        self.assertIn("-     4096 /sys/kernel/devices_deferred", run.lines)
        self.assertEqual(run.lines.index("]") - run.lines.index("["), 1, run.console)

    def test_what_is_not_there_is_said(self):
        run = self.run_script(f"expect-fail cat /sys/nothing\nexpect-fail ls /sys/bus/usb\nexpect-fail cat {PL011}\npoweroff\n")
        self.assert_console(run, "cat: /sys/nothing: no such file or directory", "ls: /sys/bus/usb: no such file or directory", f"cat: {PL011}: is a directory")


class ModuleSysfs(GuestTest):
    def test_a_module_shows_its_state_its_holders_and_its_parameters(self):
        run = self.run_script("modprobe test-param count=7 'text=a b'\nls /sys/module\nls /sys/module/test_param/parameters\n"
                              "cat /sys/module/test_param/initstate\ncat /sys/module/test_param/refcnt\n"
                              "cat /sys/module/test_param/parameters/count\ncat /sys/module/test_param/parameters/text\n"
                              "cat /sys/module/test_param/parameters/flag\nrmmod test_param\nexpect-fail ls /sys/module/test_param\n"
                              "ls /sys/module\npoweroff\n", "test-param")
        self.assertEqual(run.lines.count("d        0 /sys/module/test_param"), 1)
        for line in ("live", "7", "a b", "-     4096 /sys/module/test_param/parameters/count"):
            self.assertIn(line, run.lines)

    def test_holders_are_those_of_lsmod(self):
        run = self.run_script("modprobe test-import\ncat /sys/module/test_export/holders\ncat /sys/module/test_import/holders\npoweroff\n",
                              "test-import", "test-export")
        self.assertIn("test_import", run.lines)

    def test_what_could_not_start_is_not_shown(self):
        run = self.run_script("expect-fail modprobe test-param count=x\nls /sys/module\npoweroff\n", "test-param")
        self.assertNotIn("/sys/module/", run.console)


class IommuSysfs(GuestTest):
    SMMU = "/sys/class/iommu/smmu3.0x0000000009050000"
    GROUP = "/sys/kernel/iommu_groups/0"
    EDU = "/sys/bus/pci/devices/0000:00:01.0"

    def with_edu(self, script, **options):
        return self.run_script("modprobe pci-host-generic\nmodprobe arm-smmu-v3\nmodprobe qemu-edu-dma\n" + script + "poweroff\n", "arm-smmu-v3",
                               "io-pgtable-arm", "qemu-edu-dma", "pci-host-generic", machine="virt,gic-version=2,iommu=smmuv3",
                               extra=("-device", "edu,addr=1.0"), **options)

    def test_an_iommu_shows_what_it_is_and_who_is_behind_it(self):
        run = self.with_edu(f"ls {self.SMMU}\nls {self.SMMU}/devices\ncat {self.SMMU}/arm-smmu-v3/version\n"
                            f"cat {self.SMMU}/arm-smmu-v3/idr0\ncat {self.SMMU}/arm-smmu-v3/output_bits\n")
        for line in (f"l        0 {self.SMMU}/device -> /sys/bus/platform/devices/9050000.smmuv3",
                     f"l        0 {self.SMMU}/devices/0000:00:01.0 -> {self.EDU}", "44"):
            self.assertIn(line, run.lines)
        self.assertRegex(run.console, r"(?m)^SMMUv3\.\d$")
        self.assertRegex(run.console, r"(?m)^0x[0-9a-f]{8}$")

    def test_a_group_shows_its_domain_and_its_devices(self):
        run = self.with_edu(f"cat {self.GROUP}/type\nls {self.GROUP}/devices\n")
        for line in ("DMA", f"l        0 {self.GROUP}/devices/0000:00:01.0 -> {self.EDU}"):
            self.assertIn(line, run.lines)

    def test_a_group_shows_its_address_space(self):
        run = self.with_edu(f"cat {self.GROUP}/domain\ncat {self.GROUP}/tables\niommu tables 0000:00:01.0\niommu tables 0000:00:01.0 0x1000\n"
                            "expect-fail iommu tables nobody\nexpect-fail iommu tables 0000:00:01.0 x\n")
        self.assertRegex(run.console, r"(?m)^DMA\naddresses 0 to 0xffffffffffff\npages 0x40201000$")
        self.assertIn("0000:00:01.0, domain DMA:", run.lines)
        self.assert_console(run, "iommu: nobody: no device behind an IOMMU", "iommu: x: no address")

    def test_a_device_shows_its_iommu_and_its_group(self):
        run = self.with_edu(f"ls {self.EDU}\n")
        for line in (f"l        0 {self.EDU}/iommu -> {self.SMMU}", f"l        0 {self.EDU}/iommu_group -> {self.GROUP}"):
            self.assertIn(line, run.lines)

    def test_a_pci_device_shows_what_its_header_says_and_where_it_lies(self):
        run = self.with_edu(f"cat {self.EDU}/vendor\ncat {self.EDU}/device\ncat {self.EDU}/class\ncat {self.EDU}/revision\n"
                            f"cat {self.EDU}/resource\ncat {self.EDU}/modalias\nls /sys/bus/pci/drivers/edu\n")
        for line in ("0x1234", "0x11e8", "0x00ff00", "0x10", "0x0000000010000000 0x00000000100fffff 0x00",
                     "pci:v00001234d000011E8sv00001AF4sd00001100bc00scFFi00",
                     f"l        0 /sys/bus/pci/drivers/edu/0000:00:01.0 -> {self.EDU}"):
            self.assertIn(line, run.lines)

    def test_what_has_gone_is_shown_no_longer(self):
        run = self.with_edu(f"rmmod qemu-edu-dma\nls {self.SMMU}/devices\nexpect-fail ls {self.GROUP}\nexpect-fail ls {self.EDU}/driver\n"
                            f"rmmod pci-host-generic\nexpect-fail ls {self.EDU}\nls /sys/bus/pci/devices\n"
                            f"rmmod arm-smmu-v3\nexpect-fail ls {self.SMMU}\nls /sys/class/iommu\n"
                            "expect-fail ls /sys/bus/platform/devices/9050000.smmuv3/driver\n"
                            "expect-fail ls /sys/bus/platform/drivers/arm-smmu-v3\n")
        self.assertEqual([line for line in run.lines if line[:2] in ("d ", "l ", "- ")], [])


if __name__ == "__main__":
    main()
