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


if __name__ == "__main__":
    main()
