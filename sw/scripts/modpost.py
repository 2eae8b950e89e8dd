#!/usr/bin/env python3
"""What a module needs beside its objects: dependencies, symbol versions, aliases.

  modpost.py crcs HEADERS OBJECT...         assembly of __crc_<symbol> for each exported symbol
  modpost.py post HEADERS KERNEL MODULE...  <name>.mod.c beside each MODULE (a linked .o)

The checksum of a symbol is the CRC-32 of its declaration in HEADERS (a folder), so that a module
built against another declaration is refused.
"""
import pathlib
import re
import struct
import sys
import zlib

SHT_SYMTAB = 2
SHN_UNDEF = 0
OF_DEVICE_ID = 200


class Elf:
    """Symbols and sections of an ELF64 little-endian file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.data = self.path.read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            sys.exit(f"modpost: {path}: no little-endian 64-bit ELF file")
        shoff, = struct.unpack_from("<Q", self.data, 0x28)
        shentsize, shnum, shstrndx = struct.unpack_from("<HHH", self.data, 0x3A)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * shentsize)
                         for i in range(shnum)]
        self.names = [self.string(shstrndx, s[0]) for s in self.sections]
        self.symbols = []
        for section in self.sections:
            if section[1] != SHT_SYMTAB:
                continue
            for offset in range(section[4], section[4] + section[5], 24):
                name, info, _, shndx, value, size = struct.unpack_from("<IBBHQQ", self.data, offset)
                self.symbols.append((self.string(section[6], name), info >> 4, shndx, value, size))

    def string(self, section, offset):
        start = self.sections[section][4] + offset
        return self.data[start:self.data.index(b"\0", start)].decode()

    def content(self, section, value, size):
        start = self.sections[section][4] + value
        return self.data[start:start + size]

    def exports(self):
        """{symbol: is GPL only}"""
        found = {}
        for name, _, shndx, _, _ in self.symbols:
            if name.startswith("__ksymtab_") and 0 < shndx < len(self.names):
                found[name[len("__ksymtab_"):]] = self.names[shndx].endswith("_gpl")
        return found

    def undefined(self):
        return [name for name, bind, shndx, _, _ in self.symbols
                if name and shndx == SHN_UNDEF and bind != 0]

    def defines(self, wanted):
        return any(name == wanted and shndx != SHN_UNDEF for name, _, shndx, _, _ in self.symbols)


def declarations(folder):
    """Text of each declaration in the headers, without comments and spaces that mean nothing."""
    text = "\n".join(p.read_text() for p in sorted(pathlib.Path(folder).glob("*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//.*", " ", text)
    text = re.sub(r"^\s*#(?:\\\n|.)*$", ";", text, flags=re.M)
    found = {}
    for statement in re.split(r"[;{}]", text):
        statement = " ".join(statement.split())
        # What inline functions do is no declaration.
        if re.match(r"(return|if|while|for|do|else)\b", statement) or re.match(r"[^(]*=", statement):
            continue
        match = re.search(r"(\w+) ?\(", statement) or re.search(r"^extern .*?(\w+)[\[\]\w]*$", statement)
        if match:
            found.setdefault(match.group(1), statement)
    return found


def crc(symbol, known):
    return zlib.crc32((symbol + "\0" + known.get(symbol, "")).encode())


def write_crcs(headers, objects):
    known = declarations(headers)
    for path in objects:
        for symbol in Elf(path).exports():
            print(f"\t.globl __crc_{symbol}\n\t.set __crc_{symbol}, {crc(symbol, known):#x}")


def aliases(module):
    """of: aliases of the match tables that MODULE_DEVICE_TABLE(of, ...) marks."""
    for name, _, shndx, value, size in module.symbols:
        if not re.fullmatch(r"__mod_of__\w+_device_table", name) or shndx == SHN_UNDEF:
            continue
        table = module.content(shndx, value, size)
        for at in range(0, len(table) - OF_DEVICE_ID + 1, OF_DEVICE_ID):
            node, kind, compatible = (part.split(b"\0")[0].decode() for part in (
                table[at:at + 32], table[at + 32:at + 64], table[at + 64:at + 192]))
            if node or kind or compatible:
                alias = f"of:N{node or '*'}T{kind or '*'}C{compatible or '*'}"
                yield alias
                yield alias + "C*"


def mod_source(module, name, owners, known, failures):
    kbuild_name = name.replace("-", "_")
    depends, versions = [], []
    for symbol in module.undefined():
        if symbol.startswith("__crc_") or symbol == "__this_module":
            continue
        if symbol not in owners:
            failures.append(f"{name}: undefined symbol {symbol}")
            continue
        owner, _ = owners[symbol]
        versions.append((symbol, crc(symbol, known)))
        if owner and owner not in depends:
            depends.append(owner)
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
    lines += [f'__asm__(".globl __crc_{s}\\n\\t.set __crc_{s}, {crc(s, known):#x}");'
              for s in module.exports()]
    return "\n".join(lines) + "\n"


def post(headers, kernel, paths):
    known = declarations(headers)
    owners = {symbol: (None, gpl) for symbol, gpl in Elf(kernel).exports().items()}
    folders = {pathlib.Path(p).stem: pathlib.Path(p).parent for p in paths}
    modules = [(pathlib.Path(p).stem, Elf(p)) for p in paths]
    failures = []
    for name, module in modules:
        for symbol, gpl in module.exports().items():
            if symbol in owners:
                failures.append(f"{name}: {symbol} is exported by {owners[symbol][0] or 'the kernel'} too")
            owners[symbol] = (name, gpl)
    sources = {name: mod_source(module, name, owners, known, failures) for name, module in modules}
    if failures:
        sys.exit("".join(f"modpost: {f}\n" for f in failures))
    for name, text in sources.items():
        (folders[name] / f"{name}.mod.c").write_text(text)


def main():
    if len(sys.argv) >= 4 and sys.argv[1] == "crcs":
        write_crcs(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) >= 4 and sys.argv[1] == "post":
        post(sys.argv[2], sys.argv[3], sys.argv[4:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
