#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What modules see of the kernel: checksums of exported symbols, the recorded interface, and Debian's depmod."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from guest_support import BUILD, GuestTest, main, module

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "sw"


class Tree:
    """A copy of the guest's sources, to change and build."""

    def __init__(self, folder):
        self.top = pathlib.Path(folder) / "sw"
        self.out = pathlib.Path(folder) / "out"
        shutil.copytree(SOURCE, self.top, ignore=shutil.ignore_patterns("build", "__pycache__"))

    def edit(self, path, old, new):
        file = self.top / path
        text = file.read_text()
        assert old in text, old
        file.write_text(text.replace(old, new, 1))

    def types(self, *objects, status=0):
        """What abi.py says of the headers of the copy, for the kernel as built or other objects."""
        autoconf = BUILD / "include/generated/autoconf.h"
        config = ["-include", autoconf] if autoconf.exists() else []
        run = subprocess.run([sys.executable, SOURCE / "scripts/abi.py", "types", self.top / "types",
                              self.top / "include", "--", *(objects or [BUILD / "kernel.elf"]), "--",
                              "aarch64-linux-gnu-gcc", "-nostdinc", "-std=gnu11", "-ffreestanding", "-mgeneral-regs-only",
                              f"-I{self.top}/include", f"-I{BUILD}/include", "-D__KERNEL__", "-DMODULE", *config],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert run.returncode == status, run.stdout
        return self.top / "types" if status == 0 else run.stdout

    def make(self, *targets):
        # The copy is made for the same configuration.
        if (BUILD / ".config").exists():
            self.out.mkdir(exist_ok=True)
            shutil.copy(BUILD / ".config", self.out)
        command = ["make", "-s", "-j2", "-C", str(self.top), f"O={self.out}", *targets]
        env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env)
        assert run.returncode == 0, run.stdout
        return run.stdout


def symvers(folder):
    return {line.split("\t")[1]: line.split("\t") for line in (folder / "Module.symvers").read_text().splitlines()}


class TreeTest(GuestTest):
    def tree(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return Tree(folder.name)


class Checksums(TreeTest):
    def test_a_module_built_against_another_structure_is_refused_by_the_symbol_that_reaches_it(self):
        tree = self.tree()
        tree.edit("include/device.h", "\tvoid *driver_data;\n", "\tu32 extra;\n\tvoid *driver_data;\n")
        # Nothing else of the file differs: the prototypes read as before.
        tree.make(f"{tree.out}/test-modules/test-core.ko", f"{tree.out}/Module.symvers")
        changed = (tree.out / "test-modules/test-core.ko").read_bytes()
        run = self.run_script("expect-fail insmod /bad.ko\ninsmod /lib/modules/test-core.ko\npoweroff\n", "test-core",
                              files={"bad.ko": changed})
        refusal = re.search(r"module: test_core: disagrees about version of symbol (\w+) "
                            r"\(has (0x[0-9a-f]{8}), wants (0x[0-9a-f]{8})\)", run.console)
        self.assertIsNotNone(refusal, run.console)
        symbol, has, wants = refusal.groups()
        self.assertEqual(has, symvers(tree.out)[symbol][0])
        self.assertEqual(wants, symvers(BUILD)[symbol][0])

    def test_a_checksum_covers_every_kind_of_type_and_nothing_else(self):
        tree = self.tree()
        before = {s: f[0] for s, f in symvers(BUILD).items() if f[2] == "vmlinux"}

        def changed(path, old, new):
            original = (tree.top / path).read_text()
            tree.edit(path, old, new)
            after = dict(re.findall(r"^symbol (\w+) (0x\w+)$", tree.types().read_text(), re.M))
            (tree.top / path).write_text(original)
            self.assertEqual(set(after), set(before))
            return {s for s in after if after[s] != before[s]}

        # A type is reached through pointers and types within types, and by no other symbol.
        symbols = changed("include/types.h", "struct list_head {", "struct list_head {\n\tlong extra;")
        self.assertIn("mutex_lock", symbols)
        self.assertNotIn("strlen", symbols)
        # The alias of a type, the value of an enumerator, the bound of an array, the name of a member.
        self.assertIn("kmalloc", changed("include/types.h", "typedef unsigned int gfp_t", "typedef unsigned long gfp_t"))
        self.assertIn("module_layout", changed("include/module.h", "\tMODULE_STATE_LIVE,", "\tMODULE_STATE_LIVE = 7,"))
        self.assertIn("__platform_driver_register",
                      changed("include/mod_devicetable.h", "char compatible[128]", "char compatible[120]"))
        self.assertIn("put_device", changed("include/device.h", "\tvoid *driver_data;", "\tvoid *driver_datum;\n"
                                            "#define driver_data driver_datum"))
        # Comments and layout of the text do not count, nor does what nobody reaches.
        self.assertEqual(changed("include/device.h", "\tvoid *driver_data;", "\t/* Hers. */ void * driver_data ;"), set())

    def test_an_export_that_no_header_declares_fails_the_build_by_name(self):
        tree = self.tree()
        (tree.top / "nowhere.c").write_text(
            "#include <export.h>\nint nowhere_declared(void);\nint nowhere_declared(void) { return 0; }\n"
            "EXPORT_SYMBOL(nowhere_declared);\n")
        subprocess.run(["aarch64-linux-gnu-gcc", "-nostdinc", "-ffreestanding", f"-I{tree.top}/include", "-c", "-o",
                        tree.top / "nowhere.o", tree.top / "nowhere.c"], check=True)
        self.assertIn("abi: nowhere_declared is exported, and no header", tree.types(tree.top / "nowhere.o", status=1))


class Interface(TreeTest):
    def kmi(self, what, folder, types):
        objects = sorted((BUILD / "modules").glob("*.o"))
        objects = [o for o in objects if not o.name.endswith(".mod.o")]
        return subprocess.run([sys.executable, SOURCE / "scripts/kmi.py", what, folder, types, *objects],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def test_the_interface_is_as_recorded(self):
        run = self.kmi("check", SOURCE / "kmi", BUILD / "kernel.types")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertRegex(run.stdout, r"kmi: \d+ symbols as recorded")

    def test_the_documentation_lists_it(self):
        text = (SOURCE.parent / "docs" / "guest.md").read_text()
        listed = re.search(r"compares with `sw/kmi/symbols`:\n\n```\n(.*?)```", text, re.S)[1].split()
        self.assertEqual(listed, (SOURCE / "kmi" / "symbols").read_text().split())

    def test_what_changed_is_shown_type_by_type_and_symbol_by_symbol(self):
        tree = self.tree()
        symbols = (tree.top / "kmi/symbols").read_text()
        # Listed, and used by nobody: that is fine.
        (tree.top / "kmi/symbols").write_text("long_gone\nstrstr\n" + symbols.replace("iommu_map\n", ""))
        tree.edit("include/device.h", "\tvoid *driver_data;\n", "\tvoid *driver_data;\n\tu64 extra;\n")
        run = self.kmi("check", tree.top / "kmi", tree.types())
        self.assertEqual(run.returncode, 1, run.stdout)
        self.assertRegex(run.stdout, r"kmi: struct device: .*\+ u64 extra at \d+; \d+ members move; "
                                     r"size \d+ -> \d+; reached by \w+, ")
        self.assertIn("kmi: long_gone: is listed, and the kernel does not export it any more", run.stdout)
        self.assertRegex(run.stdout, r"kmi: iommu_map: is used by [\w-]+, and not listed")
        self.kmi("update", tree.top / "kmi", tree.top / "types")
        run = self.kmi("check", tree.top / "kmi", tree.top / "types")
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual((tree.top / "kmi/symbols").read_text().split(), sorted([*symbols.split(), "strstr"]))


class DebianDepmod(GuestTest):
    def test_depmod_finds_every_symbol_with_the_version_that_the_kernel_has(self):
        path = shutil.which("depmod", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if path is None:
            self.skipTest("depmod (Debian package kmod) is not installed")
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "lib/modules/1.0"
            target.mkdir(parents=True)
            for name in ("modules", "test-modules"):
                for file in (BUILD / name).glob("*.ko"):
                    (target / file.name).write_bytes(module(file.stem))
            for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
                (target / name).write_text("")
            run = subprocess.run([path, "-e", "-E", str(BUILD / "Module.symvers"), "-b", folder, "1.0"],
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
        self.assertEqual(run.stdout, "")


if __name__ == "__main__":
    main()
