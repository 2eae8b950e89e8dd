#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a module needs beside its objects: dependencies, symbol versions, aliases.

  modpost.py kernel SYMVERS KERNEL TYPES   SYMVERS of what KERNEL exports, which TYPES describes (see abi.py)
  modpost.py post SYMVERS KNOWN MODULE...  <name>.mod.c beside each MODULE (a linked .o), whose exports the .types file
                                           beside it describes. KNOWN is the SYMVERS of the kernel, or of the kernel
                                           and other modules; SYMVERS is that and what the MODULEs export

SYMVERS is a file in Linux's format: checksum, symbol, owner, kind, namespace.
"""
import pathlib
import re
import struct
import sys

sys.dont_write_bytecode = True
from abi import read_types  # noqa: E402
from elf import SHN_UNDEF, Elf  # noqa: E402

OF_DEVICE_ID = 200
# struct pci_device_id: vendor, device, subvendor, subdevice, class, class_mask, driver_data.
PCI_DEVICE_ID = struct.Struct("<6IQ")
PCI_ANY_ID = 0xffffffff
# With the null character: the size of a name in the section __versions, which Linux's tools read.
VERSION_NAME_LEN = 56
# Every module has its version: the layout of what the loader reads of a module.
LAYOUT = "module_layout"


def of_alias(entry):
    node, kind, compatible = (part.split(b"\0")[0].decode() for part in (entry[:32], entry[32:64], entry[64:192]))
    if not (node or kind or compatible):
        return []
    alias = f"of:N{node or '*'}T{kind or '*'}C{compatible or '*'}"
    return [alias, alias + "C*"]


def pci_alias(entry):
    """As Linux's tools know it. Of a class each byte counts as a whole, or not at all."""
    *ids, class_code, mask, _ = PCI_DEVICE_ID.unpack(entry)
    if not (ids[0] or ids[2] or mask):
        return []
    alias = "pci:" + "".join(f"{name}*" if value == PCI_ANY_ID else f"{name}{value:08X}"
                             for name, value in zip(("v", "d", "sv", "sd"), ids))
    for name, shift in (("bc", 16), ("sc", 8), ("i", 0)):
        byte = mask >> shift & 0xff
        if byte not in (0, 0xff):
            sys.exit(f"modpost: the class mask {mask:#x} of a pci_device_id counts parts of a byte")
        alias += f"{name}{class_code >> shift & 0xff:02X}" if byte else f"{name}*"
    return [alias]


KINDS = {"of": (OF_DEVICE_ID, of_alias), "pci": (PCI_DEVICE_ID.size, pci_alias)}


def aliases(module):
    """Those of the match tables that MODULE_DEVICE_TABLE(kind, ...) marks."""
    for name, _, shndx, value, size in module.symbols:
        match = re.fullmatch(r"__mod_([a-z]+)__\w+_device_table", name)
        if not match or shndx == SHN_UNDEF:
            continue
        if match[1] not in KINDS:
            sys.exit(f"modpost: MODULE_DEVICE_TABLE({match[1]}, ...) is of no known kind")
        entry_size, alias = KINDS[match[1]]
        table = module.content(shndx, value, size)
        for at in range(0, len(table) - entry_size + 1, entry_size):
            yield from alias(table[at:at + entry_size])


class Export:
    """Place: "vmlinux", or the path of a module without .ko."""

    def __init__(self, place, gpl, crc):
        self.place, self.gpl, self.crc = place, gpl, crc

    def module(self):
        return None if self.place == "vmlinux" else pathlib.Path(self.place).name


def exports_of(elf, place, types):
    crcs = read_types(types)[0]
    return {symbol: Export(place, gpl, crcs[symbol][0]) for symbol, gpl in elf.exports().items()}


def read_symvers(path):
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        crc, symbol, place, kind = line.split("\t")[:4]
        found[symbol] = Export(place, kind.endswith("_GPL"), int(crc, 16))
    return found


def write_symvers(path, owners):
    pathlib.Path(path).write_text("".join(
        f"{e.crc:#010x}\t{symbol}\t{e.place}\tEXPORT_SYMBOL{'_GPL' if e.gpl else ''}\t\n"
        for symbol, e in sorted(owners.items())))


def mod_source(module, name, owners, failures):
    kbuild_name = name.replace("-", "_")
    depends, versions = [], [(LAYOUT, owners[LAYOUT].crc)]
    for symbol in module.undefined():
        if symbol.startswith("__crc_") or symbol in ("__this_module", LAYOUT):
            continue
        if symbol not in owners:
            failures.append(f"{name}: undefined symbol {symbol}")
            continue
        export = owners[symbol]
        if len(symbol) >= VERSION_NAME_LEN:
            failures.append(f"{name}: the name {symbol} has more than {VERSION_NAME_LEN - 1} characters")
        versions.append((symbol, export.crc))
        if export.module() and export.module() not in depends:
            depends.append(export.module())
    lines = ["#include <module.h>", "#include <version.h>", "",
             f'MODULE_INFO(name, "{kbuild_name}");', "MODULE_INFO(vermagic, VERMAGIC_STRING);",
             f'MODULE_INFO(depends, "{",".join(depends)}");']
    lines += [f'MODULE_INFO(alias, "{a}");' for a in aliases(module)]
    has_init, has_exit = module.defines("init_module"), module.defines("cleanup_module")
    lines += ["", "int init_module(void);" if has_init else "", "void cleanup_module(void);" if has_exit else "",
              'struct module __this_module __section(".gnu.linkonce.this_module") = {',
              f'\t.name = "{kbuild_name}",', "\t.init = init_module," if has_init else "",
              "\t.exit = cleanup_module," if has_exit else "", "};", "",
              "static const struct {", "\tu64 crc;", "\tchar name[MODULE_NAME_LEN];",
              '} versions[] __used __section("__versions") = {']
    lines += [f'\t{{ {value:#x}, "{symbol}" }},' for symbol, value in versions]
    lines += ["};", ""]
    lines += [f'__asm__(".globl __crc_{s}\\n\\t.set __crc_{s}, {owners[s].crc:#x}");' for s in module.exports()]
    return "\n".join(lines) + "\n"


def post(symvers, known, paths):
    owners = read_symvers(known)
    modules = [(pathlib.Path(p), Elf(p)) for p in paths]
    failures = []
    for path, module in modules:
        place = f"{path.parent.name}/{path.stem}"
        for symbol, export in exports_of(module, place, path.with_suffix(".types")).items():
            # What an earlier run wrote of the same module is replaced.
            if symbol in owners and owners[symbol].module() != path.stem:
                failures.append(f"{path.stem}: {symbol} is exported by {owners[symbol].module() or 'the kernel'} too")
            owners[symbol] = export
    sources = {path: mod_source(module, path.stem, owners, failures) for path, module in modules}
    if failures:
        sys.exit("".join(f"modpost: {f}\n" for f in failures))
    for path, text in sources.items():
        path.with_suffix(".mod.c").write_text(text)
    write_symvers(symvers, owners)


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "kernel":
        write_symvers(sys.argv[2], exports_of(Elf(sys.argv[3]), "vmlinux", sys.argv[4]))
    elif len(sys.argv) >= 4 and sys.argv[1] == "post":
        post(*sys.argv[2:4], sys.argv[4:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
