#!/usr/bin/env python3
"""Loading, linking, counting and unloading of modules."""
import re
import shutil
import subprocess
import tempfile
import pathlib

from guest_support import BUILD, GuestTest, main, module

SBIN = "/usr/sbin:/sbin:/usr/bin:/bin"


class Loading(GuestTest):
    def test_modprobe_loads_what_a_module_depends_on_first(self):
        run = self.run_script("modprobe test-import\nlsmod\npoweroff\n", "test-export", "test-import")
        self.assert_console(run, "test_export: here", "test_import: sum 42, gpl 42")
        self.assertRegex(run.console, r"(?m)^test_export +\d+  1 test_import$")
        self.assertRegex(run.console, r"(?m)^test_import +\d+  0$")

    def test_modprobe_finds_a_module_by_alias(self):
        run = self.run_script("modprobe test-alias-7\npoweroff\n", "test-export", "test-import")
        self.assert_console(run, "test_import: sum 42")

    def test_coldplug_loads_what_matches_a_device_without_driver(self):
        run = self.run_script("coldplug\nlsmod\ndevices\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm",
                              machine="virt,gic-version=2,iommu=smmuv3")
        self.assertRegex(run.console, r"(?m)^9050000\.smmuv3 +platform +arm-smmu-v3 ")

    def test_a_soft_dependency_is_loaded_first_and_may_be_absent(self):
        run = self.run_script("modprobe arm-smmu-v3\nlsmod\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm")
        names = re.findall(r"(?m)^(\w+) +\d+  \d", run.console)
        self.assertEqual(names, ["arm_smmu_v3", "io_pgtable_arm"])
        self.run_script("modprobe arm-smmu-v3\npoweroff\n", "arm-smmu-v3")

    def test_a_module_in_use_is_not_unloaded_and_its_user_is_named(self):
        run = self.run_script("modprobe test-import\nexpect-fail rmmod test-export\nlsmod\npoweroff\n", "test-export",
                              "test-import")
        self.assert_console(run, "module: test_export: in use by test_import", "test_export")
        self.assertEqual(run.console.count("in use"), 1)

    def test_modules_unload_in_reverse_order_and_can_come_again(self):
        turn = "modprobe test-import\nrmmod test-import test-export\n"
        run = self.run_script(turn * 3 + "lsmod\npoweroff\n", "test-export", "test-import")
        self.assertEqual(run.console.count("test_import: gone"), 3)
        self.assertFalse(re.search(r"(?m)^test_\w+ +\d", run.console))

    def test_modprobe_r_takes_unused_dependencies_along(self):
        run = self.run_script("modprobe test-import\nmodprobe -r test-import\nlsmod\npoweroff\n", "test-export",
                              "test-import")
        self.assert_console(run, "test_import: gone", "test_export: gone")

    def test_rmmod_a_lets_all_go_that_nobody_holds_the_users_first(self):
        run = self.run_script("modprobe test-import\nmodprobe test-param\nrmmod -a\nlsmod\npoweroff\n", "test-export", "test-import", "test-param")
        self.assert_console(run, "test_param: unloaded", "test_import: unloaded", "test_export: unloaded", "Used by")
        self.assertNotRegex(run.console, r"(?m)^test_\w+ +\d|stays")

    def test_rmmod_a_says_what_stays_and_why_and_fails(self):
        run = self.run_script("modprobe test-request hold='a queue'\nmodprobe test-param\nexpect-fail rmmod -a\ntest-release\nrmmod -a\npoweroff\n",
                              "test-hold", "test-request", "test-param")
        self.assert_console(run, "test_param: unloaded", "rmmod: test_request stays: in use by test_hold (a queue)",
                            "rmmod: test_hold stays: in use by test_request", "test_request: unloaded", "test_hold: unloaded")

    def test_rmmod_held_finds_each_held_module_refused_by_name_and_unloads_none(self):
        run = self.run_script("rmmod --held\nmodprobe test-import\nrmmod --held\nlsmod\npoweroff\n", "test-export", "test-import")
        self.assert_console(run, "rmmod: no module is held", "module: test_export: in use by test_import", "test_import ", "test_export ")
        self.assertNotIn("unloaded", run.console)

    def test_lsmod_a_tells_of_each_file_whether_it_is_loaded_and_how_much_memory_that_takes(self):
        run = self.run_script("modprobe test-export\nlsmod\nlsmod -a\nmodprobe test-import\nlsmod -a\npoweroff\n", "test-export", "test-import",
                              files={"lib/modules/broken.ko": b"no module"})
        size, = re.findall(r"(?m)^test_export +(\d+) ", run.console)
        other, = set(re.findall(r"modules: test-import, (\d+) bytes, ", run.console))
        self.assert_console(run, f"modules: test-export, {size} bytes, loaded\nmodules: test-import, {other} bytes, not loaded\n"
                            f"modules: 1 of 2 loaded with {size} bytes, 1 not loaded with {other} bytes\n",
                            f"modules: test-import, {other} bytes, loaded\nmodules: 2 of 2 loaded with {int(size) + int(other)} bytes, 0 not loaded with 0 bytes\n")
        loaded = re.search(r"test_import: loaded, (\d+) KiB", run.console)
        self.assertEqual(int(loaded[1]) * 1024, int(other))

    def test_a_cycle_of_soft_dependencies_is_refused(self):
        run = self.run_script("expect-fail modprobe test-cycle-a\nlsmod\npoweroff\n", "test-cycle-a", "test-cycle-b")
        self.assert_console(run, "test-cycle-a: cycle of dependencies")

    def test_a_module_whose_init_fails_leaves_nothing(self):
        run = self.run_script("modprobe test-export\nfree\nexpect-fail insmod /lib/modules/test-initfail.ko\nfree\n"
                              "lsmod\nrmmod test-export\npoweroff\n", "test-export", "test-initfail")
        self.assert_console(run, "test_initfail: init failed: -ENODEV")
        self.assertRegex(run.console, r"(?m)^test_export +\d+  0$")
        kmalloc = re.findall(r"kmalloc.*", run.console)
        self.assertEqual(kmalloc[0], kmalloc[1])

    LEFT = {"driver": "leaves the driver test-leave registered: unregistered",
            "timer": "leaves a timer of on_timer [test_leave]: taken away",
            "work": "leaves work do_work [test_leave] queued: cancelled",
            "running": "leaves a work that runs: waiting for it",
            "delayed": "leaves work do_work [test_leave] queued: cancelled",
            "thread": "leaves the thread left-over: its memory stays"}

    def test_what_would_call_into_a_module_that_goes_is_taken_away_by_name(self):
        for what, said in self.LEFT.items():
            with self.subTest(what):
                run = self.run_script(f"insmod /lib/modules/test-leave.ko what={what}\nrmmod test-leave\nsleep 60\ndevices\nlsmod\npoweroff\n",
                                      "test-leave")
                self.assert_console(run, f"test_leave {said}")
                self.assertNotIn("its timer was called", run.console)

    def test_what_would_call_into_a_module_whose_init_failed_is_taken_away_by_name(self):
        for what, said in self.LEFT.items():
            with self.subTest(what):
                run = self.run_script(f"expect-fail insmod /lib/modules/test-leave.ko what={what} fail=1\nsleep 60\ndevices\nlsmod\npoweroff\n",
                                      "test-leave")
                self.assert_console(run, f"test_leave {said}")
                self.assertNotIn("its timer was called", run.console)

    def test_a_module_that_is_not_gpl_gets_no_gpl_symbol(self):
        run = self.run_script("modprobe test-export\nexpect-fail insmod /lib/modules/test-proprietary.ko\npoweroff\n",
                              "test-export", "test-proprietary")
        self.assert_console(run, "test_proprietary: GPL-only symbol test_export_gpl")

    def test_loading_and_unloading_leaks_nothing(self):
        turn = "modprobe test-import\nmodprobe -r test-import\n"
        run = self.run_script(turn + "free\n" + turn * 10 + "free\npoweroff\n", "test-export", "test-import")
        memory = re.findall(r"(?:RAM|kmalloc).*", run.console)
        self.assertEqual(memory[:2], memory[2:])


class Relocations(GuestTest):
    def check(self, veneers, **options):
        run = self.run_script("insmod /lib/modules/test-reloc.ko\npoweroff\n", "test-reloc", **options)
        self.assertEqual(len(re.findall(r"^ok \d+ - ", run.console, re.M)), 14)
        self.assertRegex(run.console, rf"test_reloc: {veneers} veneers")

    def test_every_relocation_type_reaches_its_target(self):
        self.check("0")

    def test_calls_out_of_reach_go_through_veneers(self):
        self.check("[1-9]", append="module_far")


class DebianKmod(GuestTest):
    def tool(self, name, *arguments):
        path = shutil.which(name, path=SBIN)
        if path is None:
            self.skipTest(f"{name} (Debian package kmod) is not installed")
        return subprocess.run([path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
                              text=True).stdout

    def test_modinfo_reads_our_modules(self):
        text = self.tool("modinfo", str((BUILD / "modules" / "arm-smmu-v3.ko").resolve()))
        for line in (r"license: +Dual MIT/GPL", r"softdep: +pre: io-pgtable-arm", r"name: +arm_smmu_v3",
                     r"alias: +of:N\*T\*Carm,smmu-v3C\*", r"vermagic: +[\d.]+ (SMP )?mod_unload aarch64 config-\w+"):
            self.assertRegex(text, line)

    def test_the_guests_modinfo_says_what_debians_says(self):
        run = self.run_script("modinfo arm-smmu-v3\npoweroff\n", "arm-smmu-v3")
        text = self.tool("modinfo", str((BUILD / "modules" / "arm-smmu-v3.ko").resolve()))

        def facts(lines):
            return sorted(" ".join(line.split()) for line in lines
                          if re.match(r"(license|description|softdep|alias|depends|vermagic|name):", line))
        self.assertEqual(facts(run.lines), facts(text.splitlines()))

    def test_depmod_finds_the_dependencies(self):
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "lib/modules/1.0"
            target.mkdir(parents=True)
            for name in ("test-export", "test-import", "arm-smmu-v3", "io-pgtable-arm"):
                (target / f"{name}.ko").write_bytes(module(name))
            self.tool("depmod", "-b", folder, "1.0")
            deps = (target / "modules.dep").read_text()
            self.assertIn("test-import.ko: test-export.ko", deps)
            self.assertIn("softdep arm_smmu_v3 pre: io-pgtable-arm", (target / "modules.softdep").read_text())
            self.assertIn("alias of:N*T*Carm,smmu-v3 arm_smmu_v3", (target / "modules.alias").read_text())
            self.assertIn("alias symbol:test_export_add test_export", (target / "modules.symbols").read_text())

    def test_debians_modprobe_finds_the_driver_of_a_pci_device_as_the_guest_does(self):
        aliases = {"pci:v00001234d000011E8sv00001AF4sd00001100bc00scFFi00": "qemu-edu-dma",
                   "pci:v00001AF4d000010F0sv00001AF4sd000010F0bc08sc80i00": "testdev-dma",
                   "pci:v00001234d000011E9sv00001AF4sd00001100bc00scFFi00": None}
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "lib/modules/1.0"
            target.mkdir(parents=True)
            for name in ("qemu-edu-dma", "testdev-dma", "pci-host-generic", "arm-smmu-v3"):
                (target / f"{name}.ko").write_bytes(module(name))
            self.tool("depmod", "-b", folder, "1.0")
            for alias, name in aliases.items():
                if name:
                    self.assertRegex(self.tool("modprobe", "-d", folder, "-S", "1.0", "--show-depends", alias), rf"(?m)^insmod .*/{name}\.ko")
                else:
                    self.assertRaises(subprocess.CalledProcessError, self.tool, "modprobe", "-d", folder, "-S", "1.0", "--show-depends", alias)
        script = "".join(f"{'' if name else 'expect-fail '}modprobe -b {alias}\n" for alias, name in aliases.items())
        run = self.run_script(script + "lsmod\npoweroff\n", "qemu-edu-dma", "testdev-dma", "pci-host-generic")
        self.assertRegex(run.console, r"(?m)^testdev_dma .*\nqemu_edu_dma ")


class Together(GuestTest):
    def test_lines_run_side_by_side_and_one_that_fails_fails_them(self):
        run = self.run_script("modprobe test-together\ntogether 'modprobe test-request sleep_ms=500 ask=nothing' 'echo meanwhile'\n"
                              "echo behind\nexpect-fail together 'sleep 1' 'rmmod nothing'\ntogether '-rmmod nothing' 'sleep 1'\n"
                              "expect-fail together\nexpect-fail together a b c d e\nrmmod test-together\npoweroff\n",
                              "test-together", "test-request", "test-hold", extra=("-smp", "2"))
        self.assert_console(run, "meanwhile", "test_request: nothing: ", "behind", "together: rmmod nothing: -ENOENT", "usage: together LINE...", "usage: together LINE...",
                            "test_together: unloaded")


if __name__ == "__main__":
    main()
