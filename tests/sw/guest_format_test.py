#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Page-table formats as modules."""
import re

from guest_support import BUILD, GuestTest, main

FORMATS = ("ARM_32_LPAE_S1", "ARM_32_LPAE_S2", "ARM_64_LPAE_S1", "ARM_64_LPAE_S2", "ARM_V7S", "ARM_MALI_LPAE")
MODULES = ("io-pgtable-arm", "io-pgtable-arm-v7s")
RESULT = r"io-pgtable: selftest: (\d+) passed, 0 failed"


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

    def test_self_tests_on_request_of_modprobe_lose_nothing(self):
        cycle = "".join(f"modprobe {m} selftest=1\nrmmod {m}\n" for m in MODULES) + "free\n"
        run = self.run_script(cycle * 3 + "poweroff 0\n", *MODULES)
        results = re.findall(RESULT, run.console)
        self.assertEqual(len(results), 6, run.console)
        self.assertTrue(all(int(r) >= 48 for r in results))
        free = re.findall(r"(?m)^RAM .*\nkmalloc .*$", run.console)
        self.assertEqual(free[1], free[2])

    def test_self_tests_run_by_the_command_line_for_the_module_it_names(self):
        for given, other in (MODULES, MODULES[::-1]):
            with self.subTest(given):
                run = self.run_script(f"modprobe {other}\necho then\nmodprobe {given}\npoweroff 0\n", *MODULES,
                                      append=f"{given}.selftest=1")
                before, after = run.console.split("\nthen\n")
                self.assertNotIn("selftest: ", before)
                self.assertEqual(len(re.findall(RESULT, after)), 1, run.console)

    def test_self_tests_run_by_modprobe_conf_for_the_module_it_names(self):
        for given, other in (MODULES, MODULES[::-1]):
            with self.subTest(given):
                run = self.run_script(f"modprobe {other}\necho then\nmodprobe {given}\npoweroff 0\n", *MODULES,
                                      files={"etc/modprobe.conf": f"options {given} selftest=1\n".encode()})
                before, after = run.console.split("\nthen\n")
                self.assertNotIn("selftest: ", before)
                self.assertEqual(len(re.findall(RESULT, after)), 1, run.console)

    def test_a_self_test_of_a_built_in_format_runs_by_the_command_line(self):
        image = BUILD.parent / "sw-builtin" / "Image"
        if not image.exists():
            self.skipTest("the configuration with all built in is not built")
        for module, results in ((None, 0), *((m, 1) for m in MODULES)):
            with self.subTest(module):
                run = self.run_script("poweroff 0\n", image=image, append=f"{module}.selftest=1" if module else "")
                self.assertEqual(len(re.findall(RESULT, run.console)), results, run.console)


if __name__ == "__main__":
    main()
