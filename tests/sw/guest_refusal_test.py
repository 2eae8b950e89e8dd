#!/usr/bin/env python3
"""Modules that do not fit are refused by name with a reason; nothing leaks, and the kernel lives on."""
import re
import struct

from guest_support import Elf, GuestTest, main, module, modules

E_CLASS, E_DATA, E_TYPE, E_MACHINE, E_SHOFF, E_SHENTSIZE, E_SHNUM, E_SHSTRNDX = (4, 5, 16, 18, 0x28, 0x3A, 0x3C, 0x3E)
SH_NAME, SH_TYPE, SH_FLAGS, SH_OFFSET, SH_SIZE, SH_LINK, SH_INFO, SH_ALIGN = 0, 4, 8, 24, 32, 40, 44, 48
R_CALL26, R_CONDBR19 = 283, 280


def relocations(elf, section, kind):
    """Offsets in the file of the relocations of a type."""
    index = elf.section(section)
    found = [at for at in range(elf.offset(index), elf.offset(index) + elf.size(index), 24)
             if struct.unpack_from("<I", elf.data, at + 8)[0] == kind]
    assert found, kind
    return found


def damaged():
    """{file: (content, reason)}, each damaged in one place."""
    good = module("test-import")

    def elf():
        return Elf(good)

    symtab = elf().section(".symtab")
    strtab = elf().section(".strtab")
    init = elf().section(".init.text")
    rela = elf().section(".rela.init.text")
    this = elf().section(".gnu.linkonce.this_module")
    first = elf().offset(symtab) + 24
    calls = relocations(elf(), ".rela.init.text", R_CALL26)
    call = calls[0]
    # Branches into the kernel of a kind that reaches 1 MiB, and that no veneer helps.
    unreachable = elf()
    for at in calls:
        unreachable.put(at + 8, "<I", R_CONDBR19)
    bad = {
        "empty": (b"", "truncated: 0 bytes are no ELF header"),
        "text": (b"no ELF file at all, but long enough to hold one header" * 4, "not an ELF file"),
        "half": (good[:len(good) // 2], "truncated"),
        "short": (good[:-1], "truncated"),
        "elf32": (elf().put(E_CLASS, "<B", 1).bytes(), "not a little-endian 64-bit ELF file"),
        "big-endian": (elf().put(E_DATA, "<B", 2).bytes(), "not a little-endian 64-bit ELF file"),
        "x86-64": (elf().put(E_MACHINE, "<H", 62).bytes(), "wrong architecture: machine 62, expected 183 (AArch64)"),
        "executable": (elf().put(E_TYPE, "<H", 2).bytes(), "not a relocatable object: type 2"),
        "headers-outside": (elf().put(E_SHOFF, "<Q", 1 << 40).bytes(), "section headers end behind the file"),
        "headers-wrap": (elf().put(E_SHOFF, "<Q", (1 << 64) - 64).bytes(), "section headers end behind the file"),
        "header-size": (elf().put(E_SHENTSIZE, "<H", 63).bytes(), "section headers of 63 bytes"),
        "many-sections": (elf().put(E_SHNUM, "<H", 0xFEFF).bytes(), "65279 sections"),
        "no-names": (elf().put(E_SHSTRNDX, "<H", 500).bytes(), "section name table 500"),
        "names-open": (elf().set_field(strtab, SH_SIZE, "<Q", 3).bytes(), "is no string table"),
        "section-outside": (elf().set_field(init, SH_OFFSET, "<Q", 1 << 50).bytes(), "ends behind the file"),
        "section-wraps": (elf().set_field(init, SH_SIZE, "<Q", (1 << 64) - 8).bytes(), "ends behind the file"),
        "section-name": (elf().set_field(init, SH_NAME, "<I", 1 << 30).bytes(), "name out of range"),
        "huge-bss": (elf().set_field(elf().section(".bss"), SH_SIZE, "<Q", 1 << 60).bytes(), "section .bss"),
        "alignment": (elf().set_field(init, SH_ALIGN, "<Q", 3).bytes(), "alignment 0x3"),
        "writable-code": (elf().set_field(init, SH_FLAGS, "<Q", 7).bytes(), "is writable and executable"),
        "symbol-link": (elf().set_field(symtab, SH_LINK, "<I", 900).bytes(), "symbol names in section 900"),
        "symbol-size": (elf().set_field(symtab, SH_SIZE, "<Q", elf().size(symtab) - 1).bytes(), "of odd size"),
        "symbol-name": (elf().put(first, "<I", 1 << 28).bytes(), "name out of range"),
        "symbol-section": (elf().put(first + 6, "<H", 0x7000).bytes(), "in section 28672"),
        "symbol-value": (elf().put(first + 6, "<H", init).put(first + 8, "<Q", 1 << 33).bytes(), "outside of section"),
        "common": (elf().put(first + 6, "<H", 0xFFF2).bytes(), "common symbol"),
        "relocation-type": (elf().put(call + 8, "<I", 555).bytes(), "unsupported relocation type 555"),
        "relocation-place": (elf().put(call, "<Q", 1 << 35).bytes(), "outside of .init.text"),
        "relocation-end": (elf().put(call, "<Q", elf().size(init) - 2).bytes(), "outside of .init.text"),
        "relocation-odd": (elf().put(call, "<Q", 2).bytes(), "misaligned"),
        "relocation-symbol": (elf().put(call + 12, "<I", 99999).bytes(), "by symbol 99999"),
        "relocation-far": (unreachable.bytes(), "out of range"),
        "relocation-table": (elf().set_field(rela, SH_LINK, "<I", 1).bytes(), "another symbol table"),
        "this-module": (elf().set_field(this, SH_SIZE, "<Q", elf().size(this) + 8).bytes(),
                        ".gnu.linkonce.this_module has"),
        "this-module-align": (elf().set_field(this, SH_ALIGN, "<Q", 4).bytes(),
                              ".gnu.linkonce.this_module is aligned to 4 bytes, expected 8 or more"),
        "this-module-const": (elf().set_field(this, SH_FLAGS, "<Q", 2).bytes(), "this_module is no writable data"),
        "two-modinfos": (elf().set_field(elf().section(".rodata"), SH_NAME, "<I",
                                         elf().field(elf().section(".modinfo"), SH_NAME, "<I")).bytes(),
                         "two sections .modinfo"),
        "escape-in-name": (elf().replace(b"\0name=test_import\0", b"\0name=t\x1b[2J_mport\0").bytes(),
                           "no valid name in .modinfo"),
        "escape-in-magic": (elf().replace(b"vermagic=0.1.0 ", b"vermagic=\x1b[2J0 ").bytes(), r"version magic '\x1b[2J0 "),
        "escape-in-symbol": (elf().replace(b"test_export_gpl\0", b"test_\x1b[31m__gpl\0").bytes(),
                             r"test_import: unknown symbol test_\x1b[31m__gpl"),
        "this-module-big": (elf().set_field(this, SH_SIZE, "<Q", 1 << 45).bytes(), "ends behind the file"),
        "unknown-symbol": (elf().replace(b"test_export_gpl\0", b"test_export_xyz\0").bytes(),
                           "test_import: unknown symbol test_export_xyz"),
        "version": (elf().replace(b"vermagic=0.1", b"vermagic=9.9").bytes(), "test_import: version magic '9.9"),
        "no-version": (elf().replace(b"vermagic=", b"vermagix=").bytes(), "test_import: version magic '(none)'"),
        "no-name": (elf().replace(b"\0name=test", b"\0nome=test").bytes(), "no valid name in .modinfo"),
        "no-modinfo": (elf().replace(b".modinfo\0", b".modinfx\0").bytes(), "no .modinfo"),
    }
    versions = elf()
    at = versions.offset(versions.section("__versions"))
    bad["checksum"] = (versions.put(at, "<Q", 0x12345678).bytes(), "test_import: disagrees about version of symbol")
    bad["no-checksum"] = (elf().set_field(versions.section("__versions"), SH_SIZE, "<Q", 0).bytes(),
                          "test_import: no version for symbol")
    bad["export-twice"] = (Elf(module("test-export")).replace(b"name=test_export\0", b"name=test_expoXX\0").bytes(),
                           "test_expoXX: exports duplicate symbol test_export_add (owned by test_export)")
    layout = elf()
    at = layout.data.index(b"module_layout\0") - 8
    bad["layout"] = (layout.put(at, "<Q", 0x12345678).bytes(),
                     "test_import: disagrees about version of symbol module_layout (has 0x12345678, wants 0x")
    bad["again"] = (module("test-export"), "test_export: already loaded")
    return bad


class Refusal(GuestTest):
    def test_each_bad_module_is_refused_with_its_reason_and_nothing_leaks(self):
        bad = damaged()
        files = modules("test-export", "test-import", "test-core")
        script = ["modprobe test-import", "rmmod test-import"]
        # The first refusal fills slabs and tables that stay.
        for name in [next(iter(bad)), *bad]:
            script += [f"echo @{name}", "free", f"expect-fail insmod /bad/{name}.ko", "free"]
        script += ["echo @end", "modprobe test-import", "lsmod", "poweroff"]
        files.update({f"bad/{name}.ko": content for name, (content, _) in bad.items()})
        run = self.run_script("\n".join(script) + "\n", files=files)
        parts = dict(re.findall(r"(?ms)^@([\w-]+)\n(.*?)(?=^@)", run.console + "@"))
        for name, (_, reason) in bad.items():
            with self.subTest(name):
                self.assertIn(reason, parts[name])
                self.assertNotIn("\x1b", parts[name])
                self.assertRegex(parts[name], r"module: (test_\w+|%s\.ko): " % name)
                # One refusal, one line: the rest is what `free` prints.
                self.assertEqual(len(parts[name].splitlines()), 5, parts[name])
                memory = re.findall(r"(?:RAM|kmalloc).*", parts[name])
                self.assertEqual(memory[:2], memory[2:])
        self.assertRegex(parts["end"], r"(?m)^test_import +\d+  0$")

    def test_truncation_at_any_length_is_refused(self):
        good = module("test-import")
        lengths = sorted({*range(0, 64, 9), *range(64, len(good), 613)})
        files = {**modules("test-export"), **{f"cut/{n}.ko": good[:n] for n in lengths}}
        script = "".join(f"expect-fail insmod /cut/{n}.ko\n" for n in lengths)
        run = self.run_script("modprobe test-export\n" + script + "lsmod\npoweroff\n", files=files)
        self.assertEqual(len(re.findall(r"module: \d+\.ko: ", run.console)), len(lengths))

    def test_no_memory_at_any_point_is_a_clean_failure(self):
        run = self.run_script("insmod /lib/modules/test-oom.ko\nmodprobe test-import\nmodprobe -r test-import\n"
                              "oom modprobe test-export / rmmod test-export\nmodprobe test-export\n"
                              "oom modprobe test-import / rmmod test-import\npoweroff\n",
                              "test-oom", "test-export", "test-import")
        found = re.findall(r"(\d+) allocations, (\d+) failures, (\d+) leaks", run.console)
        self.assertEqual(len(found), 2)
        for allocations, failures, leaks in found:
            self.assertGreater(int(allocations), 10)
            self.assertGreater(int(failures), 8)
            self.assertEqual(int(leaks), 0)

    def test_the_smmu_driver_survives_any_failed_allocation(self):
        run = self.run_script("insmod /lib/modules/test-oom.ko\nmodprobe arm-smmu-v3\nrmmod arm-smmu-v3\n"
                              "oom modprobe arm-smmu-v3 / rmmod arm-smmu-v3\npoweroff\n",
                              "test-oom", "arm-smmu-v3", "io-pgtable-arm", machine="virt,gic-version=2,iommu=smmuv3")
        self.assertRegex(run.console, r"\d\d allocations, \d+ failures, 0 leaks")


if __name__ == "__main__":
    main()
