#!/usr/bin/env python3
"""What the configurations of the guest build, and that each boots."""
import os
import pathlib
import re
import subprocess
import tempfile

from guest_support import BUILD, GuestTest, main

SW = pathlib.Path(__file__).resolve().parents[2] / "sw"
MACHINE = {"machine": "virt,gic-version=2,iommu=smmuv3,highmem=off", "extra": ("-device", "edu,addr=1.0")}


def beside(name):
    return BUILD.with_name(f"{BUILD.name}-{name}")


def make(folder, *words, status=0, env=None):
    """make -C sw O=FOLDER; returns what it says."""
    result = subprocess.run(["make", "--no-print-directory", "-s", "-j2", "-C", str(SW), f"O={folder}", *words],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, **(env or {})}, check=False)
    assert (result.returncode == 0) == (status == 0), result.stdout
    return result.stdout


def settings(folder):
    text = (pathlib.Path(folder) / "include/config/auto.conf").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if line.startswith("CONFIG_"))


def version_magic(folder):
    return re.search(r'"(\w+)"', (pathlib.Path(folder) / "include/generated/confighash.h").read_text())[1]


class Boots(GuestTest):
    def test_gki_has_no_iommu_driver_until_modprobe_loads_it(self):
        run = self.run_script("devices\necho --\nmodprobe arm-smmu-v3\ndevices\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm", **MACHINE)
        before, after = run.console.split("--\n")
        self.assertRegex(before, r"(?m)^9050000\.smmuv3 +platform +- +arm,smmu-v3")
        self.assertRegex(after, r"(?m)^9050000\.smmuv3 +platform +arm-smmu-v3 +arm,smmu-v3")

    def test_builtin_has_all_of_them_and_moves_data_without_a_module(self):
        run = self.run_script("lsmod\niommu groups\nedutest\npoweroff\n", image=beside("builtin") / "Image", **MACHINE)
        self.assert_console(run, "io-pgtable: format ARM_64_LPAE_S1 registered", "Module ", "group 0: 0000:00:01.0, domain DMA, behind 9050000.smmuv3", "ok 8 ")

    def test_minimal_passes_its_tests_and_has_no_word_of_modules_or_iommus(self):
        run = self.run_script("help\ndevices\npoweroff\n", image=beside("minimal") / "Image", **MACHINE)
        plan = int(re.search(r"(?m)^1\.\.(\d+)$", run.console)[1])
        self.assertEqual(len(re.findall(r"(?m)^ok \d+ - ", run.console)), plan)
        self.assertNotRegex(run.console, r"insmod|modprobe|(?m:^iommu)")
        self.assertRegex(run.console, r"(?m)^9050000\.smmuv3 +platform +- +arm,smmu-v3")

    def test_the_images_differ_in_size_as_their_names_say(self):
        minimal, gki, builtin = (f.stat().st_size for f in
                                 (beside("minimal") / "Image", BUILD / "Image", beside("builtin") / "Image"))
        self.assertLess(minimal, gki)
        self.assertLess(gki, builtin)

    def test_a_module_of_another_configuration_is_refused_by_its_version_magic(self):
        run = self.run_script("expect-fail insmod /lib/modules/test-export.ko\npoweroff\n", "test-export", image=beside("builtin") / "Image")
        self.assert_console(run, "test_export: version magic '", f"config-{version_magic(BUILD)}' should be '",
                            f"config-{version_magic(beside('builtin'))}'")

    def test_the_smallest_of_all_configurations_boots(self):
        with tempfile.TemporaryDirectory() as folder:
            make(folder, "allnoconfig")
            make(folder)
            run = self.run_script("uptime\n", image=pathlib.Path(folder) / "Image")
            self.assertRegex(run.console, r"(?m)^up ")
            run = self.run_script("uptime\n", image=pathlib.Path(folder) / "Image", append="shell=1", status=1)
            self.assert_console(run, "this kernel has no interactive shell (CONFIG_SHELL_INTERACTIVE)")


class Configuration(GuestTest):
    def test_each_one_that_comes_with_the_sources_is_as_savedefconfig_writes_it(self):
        for file in sorted((SW / "configs").glob("*_defconfig")):
            with self.subTest(file.name), tempfile.TemporaryDirectory() as folder:
                self.assertNotIn("warning", make(folder, file.name).lower())
                make(folder, "savedefconfig")
                written = (pathlib.Path(folder) / "defconfig").read_text()
                self.assertEqual(file.read_text(), "# SPDX-License-Identifier: MIT\n" + written)

    def test_without_one_the_kernel_is_gki_and_follows_that_file(self):
        with tempfile.TemporaryDirectory() as folder:
            make(folder, "include-is-made-first", status=2)
            gki = settings(folder)
            self.assertEqual(gki["CONFIG_ARM_SMMU_V3"], "m")
            self.assertFalse((pathlib.Path(folder) / ".config").exists())
            make(folder, "minimal_defconfig")
            make(folder, "include-is-made-first", status=2)
            self.assertNotIn("CONFIG_ARM_SMMU_V3", settings(folder))
            (pathlib.Path(folder) / ".config").unlink()
            make(folder, "include-is-made-first", status=2)
            self.assertEqual(settings(folder), gki)

    def test_a_change_rebuilds_all_that_knows_it_and_takes_away_what_is_no_module_any_more(self):
        with tempfile.TemporaryDirectory() as folder:
            make(folder, "gki_defconfig", "all")
            smmu, config = pathlib.Path(folder) / "modules/arm-smmu-v3.ko", pathlib.Path(folder) / ".config"
            before, first = version_magic(folder), smmu.read_bytes()
            make(folder, "-q")
            config.write_text(config.read_text().replace("CONFIG_ARM_SMMU_V3=m", "CONFIG_ARM_SMMU_V3=y"))
            make(folder)
            self.assertFalse(smmu.exists())
            self.assertNotEqual(version_magic(folder), before)
            config.write_text(config.read_text().replace("CONFIG_ARM_SMMU_V3=y", "CONFIG_ARM_SMMU_V3=m"))
            make(folder)
            self.assertEqual(smmu.read_bytes(), first)

    def test_one_module_less_leaves_the_version_magic_of_the_others(self):
        with tempfile.TemporaryDirectory() as folder:
            make(folder, "gki_defconfig")
            make(folder, "include-is-made-first", status=2)
            before, config = version_magic(folder), pathlib.Path(folder) / ".config"
            config.write_text(config.read_text().replace("CONFIG_QEMU_EDU_DMA=m", "# CONFIG_QEMU_EDU_DMA is not set"))
            make(folder, "include-is-made-first", status=2)
            self.assertEqual(version_magic(folder), before)
            self.assertNotIn("CONFIG_QEMU_EDU_DMA", settings(folder))

    def test_what_is_no_option_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / ".config").write_text("CONFIG_SMMU=y\n")
            self.assertRegex(make(folder, "olddefconfig"), r"undefined symbol SMMU")
            self.assertRegex(make(folder, "DEFCONFIG=gkj", "O=" + folder + "/x", status=2), r"no .*gkj_defconfig\n.*builtin, gki, minimal")

    def test_a_python_without_kconfiglib_is_passed_over(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bin"
            path.mkdir()
            # It runs everything but hides the module, as an interpreter that is not Debian's does.
            (path / "python3").write_text('#!/bin/sh\nexec /usr/bin/python3 -I -S "$@"\n')
            (path / "python3").chmod(0o755)
            make(folder + "/sw", "minimal_defconfig", env={"PATH": f"{path}:{os.environ['PATH']}"})
            self.assertTrue((pathlib.Path(folder) / "sw/.config").exists())

    def test_where_no_python_has_kconfiglib_the_package_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "kconfiglib.py").write_text("raise ImportError\n")
            said = make(folder + "/sw", "minimal_defconfig", env={"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}, status=2)
            self.assertIn("apt-get install python3-kconfiglib", said)

    def test_the_sizes_in_the_documentation_are_those_that_the_build_tells(self):
        # The same rows and columns. The numbers change with every change of the kernel, and may lag by a tenth.
        def structure(text):
            return [re.sub(r"\d+", "N", line).split() for line in text.splitlines() if line.strip()]
        shown = re.search(r"(?ms)make -C sw O=\$PWD/build/sw size\n(.*?)```", (SW.parent / "docs/guest.md").read_text())
        self.assertTrue(shown, "docs/guest.md has no output of make size")
        told = (BUILD / "size.txt").read_text()
        self.assertEqual(structure(shown[1]), structure(told))
        for written, built in zip(re.findall(r"\b\d+\b", shown[1]), re.findall(r"\b\d+\b", told)):
            if int(built) >= 1000:
                self.assertAlmostEqual(int(written), int(built), delta=int(built) / 10, msg="docs/guest.md shows old sizes:\n" + told)


if __name__ == "__main__":
    main()
