#!/usr/bin/env python3
"""Page-table formats as modules."""
import pathlib
import re
import unittest

from guest_support import GuestTest, main

FORMATS = ("ARM_32_LPAE_S1", "ARM_32_LPAE_S2", "ARM_64_LPAE_S1", "ARM_64_LPAE_S2", "ARM_V7S", "ARM_MALI_LPAE")
MODULES = ("io-pgtable-arm", "io-pgtable-arm-v7s")
PARAMETERS = pathlib.Path(__file__).resolve().parents[2] / "sw/include/moduleparam.h"


class Formats(GuestTest):
    def test_each_format_is_loaded_by_its_number(self):
        for number, name in enumerate(FORMATS):
            with self.subTest(name):
                run = self.run_script(f"modprobe io-pgtable-fmt-{number}\nlsmod\npoweroff 0\n", *MODULES)
                self.assert_console(run, f"format {name} registered", "Module ")
                self.assertEqual(len(re.findall(r"(?m)^io_pgtable_arm\w* +\d", run.console)), 1, run.console)

    def test_formats_come_and_go_without_loss(self):
        cycle = "modprobe io-pgtable-arm\nmodprobe io-pgtable-arm-v7s\nrmmod io-pgtable-arm-v7s\nrmmod io-pgtable-arm\nfree\n"
        run = self.run_script(cycle * 3 + "poweroff 0\n", *MODULES)
        free = re.findall(r"(?m)^RAM .*\nkmalloc .*$", run.console)
        self.assertEqual(len(free), 3)
        self.assertEqual(free[1], free[2])
        self.assertNotIn("selftest", run.console)

    @unittest.skipUnless(PARAMETERS.exists(), "modules have no parameters")
    def test_self_tests_run_on_request_and_lose_nothing(self):
        cycle = "".join(f"modprobe {m} selftest=1\nrmmod {m}\n" for m in MODULES) + "free\n"
        run = self.run_script(cycle * 3 + "poweroff 0\n", *MODULES)
        results = re.findall(r"io-pgtable: selftest: (\d+) passed, 0 failed", run.console)
        self.assertEqual(len(results), 6, run.console)
        self.assertTrue(all(int(r) >= 48 for r in results))
        free = re.findall(r"(?m)^RAM .*\nkmalloc .*$", run.console)
        self.assertEqual(free[1], free[2])


if __name__ == "__main__":
    main()
