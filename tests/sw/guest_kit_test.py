#!/usr/bin/env python3
"""Modules that are built outside of the tree, and their runs.

usage: guest_kit_test.py SMMU_VP SOURCES GUEST_BUILD_FOLDER
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCES, BUILD = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
CONFIG = SOURCES / "vp-configs/gki-smmuv3.toml"
EXAMPLE = SOURCES / "examples/guest-module"
CRASH = """#include <module.h>
noinline int crash_me(volatile int *p);
noinline int crash_me(volatile int *p)
{
	return *p + 1;
}

static int __init crash_init(void)
{
	return crash_me((int *)0x10);
}
module_init(crash_init);
MODULE_LICENSE("Dual MIT/GPL");
"""


class Kit(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def make(self, *words, status=0):
        result = subprocess.run(["make", "--no-print-directory", "-s", *map(str, words)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(result.returncode == 0, status == 0, result.stdout)
        return result.stdout

    def kit(self):
        """A copy, as an installed one would be: away from sources and build folder."""
        return shutil.copytree(BUILD / "kit", self.folder / "kit")

    def run_guest(self, *options, status=0):
        result = subprocess.run([PROGRAM, "run", CONFIG, *map(str, options)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, errors="replace", timeout=120, check=False)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def module(self, name, source, makefile=None):
        self.write(f"{name}/{name}.c", source)
        self.write(f"{name}/Makefile", makefile or f"obj-m += {name}.o\n")
        return self.folder / name

    def test_the_example_is_built_with_the_kit_alone_and_moves_data_through_the_smmu(self):
        kit, driver = self.kit(), shutil.copytree(EXAMPLE, self.folder / "mydma")
        self.make("-C", driver, f"KIT={kit}")
        self.make("-q", "-C", kit, f"M={driver}")
        run = self.run_guest("--module", driver / "mydma.ko", "--init", driver / "script.init", "--strict")
        for line in (r"mydma a000000\.dma: in iommu group 0", r"mydma a000000\.dma: 3 of 3 transfers done",
                     r"a000000\.dma +platform +mydma +smmu-vp,testdev", r"group 0: a000000\.dma, domain DMA, behind 9050000\.iommu"):
            self.assertRegex(run.stdout, line)
        self.assertRegex(run.stderr, r"translations +[1-9]")

    def test_debians_tools_read_it_and_find_it_beside_the_kernels_own(self):
        kit, root = self.kit(), self.folder / "root"
        said = self.make("-C", SOURCES / "sw", f"O={BUILD}", "modules_install", f"INSTALL_MOD_PATH={root}")
        said += self.make("-C", kit, f"M={EXAMPLE}", f"MO={self.folder}/out", "modules_install", f"INSTALL_MOD_PATH={root}")
        self.assertNotRegex(said, "(?i)warning|error")
        release, = (root / "lib/modules").iterdir()
        for ko in release.rglob("*.ko"):
            self.assertIn("vermagic:", subprocess.run(["/sbin/modinfo", ko], stdout=subprocess.PIPE, text=True, check=True).stdout)
        self.assertIn("extra/mydma.ko:", (release / "modules.dep").read_text())
        self.assertIn("alias of:N*T*Csmmu-vp,testdev mydma", (release / "modules.alias").read_text())
        self.assertIn("alias of:N*T*Csmmu-vp,testdev testdev_dma", (release / "modules.alias").read_text())

    def test_the_tree_builds_it_too_into_a_folder_of_its_own(self):
        symvers = (BUILD / "Module.symvers").read_bytes()
        said = self.make("-C", SOURCES / "sw", f"O={BUILD}", f"M={EXAMPLE}", f"MO={self.folder}/out")
        self.assertNotIn("Circular", said)
        # The kernel's list stays as it is, and the module has one of its own.
        self.assertEqual((BUILD / "Module.symvers").read_bytes(), symvers)
        self.assertTrue((self.folder / "out/Module.symvers").exists())
        self.assertTrue((self.folder / "out/mydma.ko").exists())
        self.assertFalse((EXAMPLE / "mydma.ko").exists())

    def test_a_module_of_several_files_and_folders_and_one_that_it_is_not_made_of(self):
        driver = self.module("two", '#include "part.h"\n#include <module.h>\nMODULE_LICENSE("GPL");\n'
                             "static int __init two_init(void)\n{\n\treturn two_part() == 5 ? 0 : -1;\n}\nmodule_init(two_init);\n"
                             "static void __exit two_exit(void)\n{\n}\nmodule_exit(two_exit);\n",
                             "obj-m += two.o\ntwo-y := two.o sub/part.o\n")
        self.write("two/part.h", "int two_part(void);\n")
        self.write("two/sub/part.c", '#include "../part.h"\nint two_part(void)\n{\n\treturn 5;\n}\n')
        self.write("two/left-out.c", "#error\n")
        self.make("-C", self.kit(), f"M={driver}")
        self.run_guest("--module", driver / "two.ko", "--init", self.write("init", "modprobe two\nrmmod two\npoweroff\n"))
        self.make("-C", self.folder / "kit", f"M={driver}", "clean")
        self.assertEqual(sorted(p.name for p in driver.rglob("*") if p.is_file()), ["Makefile", "left-out.c", "part.c", "part.h", "two.c"])

    def test_an_oops_names_function_and_module_in_the_reason_of_the_run(self):
        driver = self.module("mydma", CRASH)
        self.make("-C", self.kit(), f"M={driver}")
        run = self.run_guest("--module", driver / "mydma.ko", "--init", self.write("init", "modprobe mydma\n"), status=1)
        self.assertRegex(run.stderr, r"verdict +fail \(exit code 1\): Oops in crash_me\+0x[0-9a-f]+/0x[0-9a-f]+ \[mydma\]: 'Unable to handle")

    def test_a_module_of_the_same_file_name_takes_the_place_of_the_configurations(self):
        driver = self.module("io-pgtable-arm", CRASH)
        self.make("-C", self.kit(), f"M={driver}")
        run = self.run_guest("--module", driver / "io-pgtable-arm.ko", status=1)
        self.assertIn("[io_pgtable_arm]", run.stderr)

    def test_what_cannot_be_built_is_told_with_its_reason(self):
        kit = self.kit()
        empty = self.folder / "empty"
        empty.mkdir()
        for words, reason in (((f"M={empty}",), r"M=\S+empty: there is no Kbuild and no Makefile that says obj-m"),
                              ((f"M={self.module('none', '', 'x := 1')}",), r"Makefile: no obj-m \+= <name>\.o in it"),
                              ((f"M={self.module('part', '', 'obj-y += part.o')}",), r"only modules can be added"),
                              ((), r"M is missing: make -C \S+kit M="),
                              ((f"M={self.module('lost', 'int f(void);int g(void);int g(void){return f();}')}",), r"lost: undefined symbol f")):
            with self.subTest(reason):
                self.assertRegex(self.make("-C", kit, *words, status=2), reason)
        self.assertRegex(self.make("-C", SOURCES / "sw", f"O={empty}", f"M={EXAMPLE}", status=2), r"no kernel was built there: make -C")

    def test_what_cannot_be_put_into_the_initramfs_is_told_with_its_file(self):
        here = str(self.write("a.ko", ""))
        for options, reason in ((["--module", "/none.ko"], r"--module /none\.ko: .*no such file"),
                                (["--init", str(self.folder)], r"--init \S+: .* is a folder"),
                                (["--module", here, "--module", here], r"a\.ko' is there twice"),
                                (["--module", here, "--initrd", here], r"--module \S+a\.ko: nothing can be added to a whole initramfs, \S+a\.ko")):
            with self.subTest(reason):
                self.assertRegex(self.run_guest(*options, status=64).stderr, reason)
        self.assertRegex(self.run_guest("--module", here, "--init", self.write("init", "insmod /lib/modules/a.ko\n"), status=1).stdout,
                         r"a\.ko: ")

    def test_a_client_of_a_built_in_driver_waits_until_the_module_of_its_format_comes(self):
        out = self.folder / "mixed"
        self.make("-C", SOURCES / "sw", f"O={out}", "builtin_defconfig")
        config = out / ".config"
        config.write_text(config.read_text().replace("IO_PGTABLE_ARM_LPAE=y", "IO_PGTABLE_ARM_LPAE=m"))
        self.make("-C", SOURCES / "sw", f"O={out}", "-j2")
        run = self.run_guest("--kernel", out / "Image", "--module", out / "modules/io-pgtable-arm.ko", "--min-tests", "5", "--init",
                             self.write("init", "deferred\nmodprobe io-pgtable-arm\ndmatest --size 1\npoweroff\n"))
        self.assertRegex(run.stdout, r"(?m)^a000000\.dma +page-table format")
        self.assertRegex(run.stdout, r"testdev-dma a000000\.dma: in iommu group")

    def test_every_configuration_runs_on_the_platform(self):
        for name, script in (("builtin", "iommu groups\ndmatest --size 1\npoweroff\n"), ("minimal", "devices\npoweroff\n")):
            with self.subTest(name):
                run = self.run_guest("--kernel", f"{BUILD}-{name}/Image", "--init", self.write("init", script), "--min-tests", "5")
                self.assertIn("a000000.dma", run.stdout)


if __name__ == "__main__":
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
