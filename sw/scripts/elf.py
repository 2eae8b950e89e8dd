# SPDX-License-Identifier: MIT
"""What the build steps read of ELF64 files."""
import pathlib
import struct
import sys

SHT_SYMTAB = 2
SHN_UNDEF = 0


class Elf:
    """Symbols and sections of an ELF64 little-endian file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.data = self.path.read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            sys.exit(f"{path}: no little-endian 64-bit ELF file")
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
