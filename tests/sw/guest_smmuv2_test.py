#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The SMMUv2 driver where there is no SMMUv2: its parts, and how its module comes and goes."""
from guest_support import GuestTest, main

MODULES = ("arm-smmu", "arm-smmu-test", "io-pgtable-arm", "io-pgtable-arm-v7s")


class Parts(GuestTest):
    """smmuv2test, on registers in memory."""

    def results(self, name, count):
        run = self.run_script(f"modprobe arm-smmu-test\nsmmuv2test {name}\nrmmod arm-smmu-test\nrmmod arm-smmu\npoweroff\n", *MODULES)
        self.assertNotIn("not ok", run.console)
        self.assertIn(f"1..{count}\n", run.console)
        self.assertIn(f"\nok {count} ", run.console)

    def test_streams_that_lie_within_one_another_share_a_group_and_those_that_cross_are_refused(self):
        self.results("streams", 11)

    def test_stage_2_takes_the_context_banks_that_know_nothing_else(self):
        self.results("banks", 6)

    def test_each_format_and_stage_is_in_the_registers_as_the_clauses_say(self):
        self.results("formats", 8)

    def test_invalidations_name_what_is_gone_and_waits_for_them_end(self):
        self.results("tlb", 5)

    def test_fault_registers_are_told_by_the_names_of_their_bits(self):
        self.results("text", 11)


class Module(GuestTest):
    def test_modprobe_loads_the_formats_first(self):
        run = self.run_script("modprobe arm-smmu\nlsmod\nsmmuv2 status\nsmmuv2test live\npoweroff\n", *MODULES[:1], *MODULES[2:], status=1)
        for name in ("arm_smmu", "io_pgtable_arm", "io_pgtable_arm_v7s"):
            self.assertRegex(run.console, rf"(?m)^{name} ")
        self.assertIn("no SMMUv2", run.console)

    def test_both_smmu_drivers_are_loaded_at_a_time(self):
        run = self.run_script("modprobe arm-smmu\nmodprobe arm-smmu-v3\nlsmod\nrmmod arm-smmu\nsmmu status\npoweroff\n", *MODULES,
                              "arm-smmu-v3", machine="virt,gic-version=2,iommu=smmuv3")
        self.assertRegex(run.console, r"(?m)^arm_smmu ")
        self.assertRegex(run.console, r"(?m)^arm_smmu_v3 ")
        self.assertIn("9050000.smmuv3: CR0 ", run.console)

    def test_a_node_of_each_compatible_finds_the_module(self):
        run = self.run_script("modinfo arm-smmu\npoweroff\n", *MODULES)
        for name in ("arm,mmu-500", "arm,smmu-v2", "arm,smmu-v1", "arm,mmu-400", "arm,mmu-401", "qcom,adreno-smmu"):
            self.assertIn(f"C{name}", run.console)


if __name__ == "__main__":
    main()
