#!/usr/bin/env python3
"""Devices, drivers and IOMMUs: how they come together and what holds them."""
from guest_support import GuestTest, main

WITH_SMMU = {"machine": "virt,gic-version=2,iommu=smmuv3"}


class IommuCore(GuestTest):
    MODULES = ("test-iommu", "test-iommu-client")

    def test_the_core_keeps_its_promises_on_an_iommu_in_software(self):
        run = self.run_script("modprobe test-iommu-client\nrmmod test-iommu-client\nrmmod test-iommu\npoweroff\n",
                              *self.MODULES)
        self.assertNotIn("not ok", run.console)

    def test_a_domain_holds_the_module_of_its_iommu_in_the_name_of_its_holder(self):
        run = self.run_script("modprobe test-iommu-client\nhold\nlsmod\nexpect-fail rmmod test-iommu\nhold\nlsmod\n"
                              "rmmod test-iommu-client\nrmmod test-iommu\npoweroff\n", *self.MODULES)
        self.assertRegex(run.console, r"(?s)\ntest_iommu +\d+  2 test_iommu_client,test_iommu_client \(domain\)\n.*\ntest_iommu +\d+  1 test_iommu_client\n")
        self.assert_console(run, "test_iommu: in use by test_iommu_client,test_iommu_client (domain)", "test_iommu: unloaded")


class Listing(GuestTest):
    def test_devices_names_each_bus(self):
        run = self.run_script("devices\npoweroff\n")
        self.assertRegex(run.console, r"(?m)^Device +Bus +Driver +Compatible$")
        self.assertRegex(run.console, r"(?m)^9000000\.pl011 +platform +pl011 +arm,pl011$")

    def test_coldplug_loads_what_matches_the_devices_of_every_bus(self):
        run = self.run_script("coldplug\nlsmod\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm", **WITH_SMMU)
        self.assertRegex(run.console, r"(?m)^arm_smmu_v3 ")


class Binding(GuestTest):
    SMMU = "9050000.smmuv3"

    def test_a_device_is_unbound_and_bound_by_command(self):
        run = self.run_script(f"modprobe arm-smmu-v3\nunbind {self.SMMU}\niommu devices\nbind arm-smmu-v3 {self.SMMU}\niommu devices\n"
                              f"bind arm-smmu-v3 {self.SMMU}\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm", **WITH_SMMU)
        self.assert_console(run, "stopped; ", "\nno iommus\n", f"\n{self.SMMU}\n")

    def test_what_cannot_be_bound_or_unbound_is_said(self):
        run = self.run_script("expect-fail bind\nexpect-fail bind pl011\nexpect-fail unbind a b\nexpect-fail bind pl011 nothing.0\n"
                              "expect-fail unbind nothing.0\nexpect-fail bind nothing 9000000.pl011\nmodprobe arm-smmu-v3\n"
                              f"expect-fail bind arm-smmu-v3 9000000.pl011\nbind pl011 9000000.pl011\nunbind {self.SMMU}\n"
                              f"expect-fail unbind {self.SMMU}\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm", **WITH_SMMU)
        self.assert_console(run, "usage: bind DRIVER DEVICE", "usage: bind DRIVER DEVICE", "usage: unbind DEVICE", "bind: nothing.0: no such device",
                            "unbind: nothing.0: no such device", "bind: 9000000.pl011 to nothing: its bus has no such driver",
                            "bind: 9000000.pl011 to arm-smmu-v3: that driver is not for it", f"unbind: {self.SMMU}: it has no driver")


if __name__ == "__main__":
    main()
