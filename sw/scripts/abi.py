#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What modules see of the exported symbols, and its checksums.

  abi.py types TYPES HEADERS [FOLDER]... -- OBJECT... -- COMPILER...
                    canonical text, into TYPES, of what OBJECTs export. HEADERS is the folder of headers for all
                    modules; of a FOLDER, the headers that speak of an exported symbol are read as well
  abi.py crcs TYPES assembly of __crc_<symbol> for each symbol of TYPES

The checksum of a symbol is the CRC-32 of its prototype and of every type that the prototype reaches: names,
offsets, sizes, bit-fields, values of enumerations, bounds of arrays. A type that the headers only declare is
opaque to modules, and stays out. The types come from the DWARF of one object that includes every header, so they
are what the compiler makes of them, with the options of the build.
"""
import os
import pathlib
import re
import subprocess
import sys
import zlib

sys.dont_write_bytecode = True
from elf import Elf  # noqa: E402

PREFIX = "__abi_ptr_"
DEBIAN_PYTHON = "/usr/bin/python3"


def dwarf_library():
    """pyelftools is of Debian's interpreter, which need not be the first of PATH."""
    try:
        import elftools.elf.elffile
        return elftools.elf.elffile
    except ImportError:
        if os.path.realpath(sys.executable) != os.path.realpath(DEBIAN_PYTHON) and os.access(DEBIAN_PYTHON, os.X_OK):
            os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])
        sys.exit("abi: the checksums of symbols need pyelftools: apt-get install python3-pyelftools")


def exports(objects):
    found = {}
    for path in objects:
        found.update(Elf(path).exports())
    return found


def source(headers, folders, symbols):
    """A C file in which each symbol has a variable that points to it: DWARF then holds the symbol's full type."""
    files = sorted(pathlib.Path(headers).glob("*.h"))
    for folder in folders:
        files += [p for p in sorted(pathlib.Path(folder).glob("*.h"))
                  if set(re.findall(r"\w+", p.read_text())) & set(symbols)]
    lines = [f'#include "{p.resolve()}"' for p in files]
    lines += [f"__typeof__({s}) *{PREFIX}{s} = &{s};" for s in sorted(symbols)]
    return "\n".join(lines) + "\n"


class Types:
    """Canonical text of the types of one compilation unit."""

    def __init__(self, path):
        library = dwarf_library()
        self.file = open(path, "rb")
        self.unit = next(library.ELFFile(self.file).get_dwarf_info().iter_CUs())
        self.texts = {}    # name of a type: its lines
        self.uses = {}     # name of a type: names of types in those lines
        self.pointers = {}
        for die in self.unit.get_top_DIE().iter_children():
            name = self.name(die)
            if die.tag == "DW_TAG_variable" and name.startswith(PREFIX):
                self.pointers[name[len(PREFIX):]] = self.target(self.target(die))

    def close(self):
        self.file.close()

    @staticmethod
    def name(die):
        return die.attributes["DW_AT_name"].value.decode() if "DW_AT_name" in die.attributes else ""

    @staticmethod
    def target(die):
        return die.get_DIE_from_attribute("DW_AT_type") if "DW_AT_type" in die.attributes else None

    @staticmethod
    def number(die, attribute, default=0):
        return die.attributes[attribute].value if attribute in die.attributes else default

    def reference(self, die, used):
        """How a declaration names the type; the named types that it leads to go to `used`."""
        if die is None:
            return "void"
        tag, name = die.tag, self.name(die)
        if tag == "DW_TAG_base_type":
            return name
        if tag == "DW_TAG_pointer_type":
            return self.reference(self.target(die), used) + " *"
        if tag in ("DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type"):
            inner = self.target(die)
            text = self.reference(inner, used)
            # A function that does not return, or has no effects: no matter for its caller's code.
            if inner is not None and inner.tag == "DW_TAG_subroutine_type":
                return text
            return f"{tag[len('DW_TAG_'):-len('_type')]}({text})"
        if tag == "DW_TAG_array_type":
            bounds = ""
            for child in die.iter_children():
                if "DW_AT_count" in child.attributes:
                    bounds += f"[{self.number(child, 'DW_AT_count')}]"
                elif "DW_AT_upper_bound" in child.attributes:
                    bounds += f"[{self.number(child, 'DW_AT_upper_bound') + 1}]"
                else:
                    bounds += "[]"
            return self.reference(self.target(die), used) + bounds
        if tag == "DW_TAG_subroutine_type":
            arguments = ["..." if c.tag == "DW_TAG_unspecified_parameters" else self.reference(self.target(c), used)
                         for c in die.iter_children()]
            return f"{self.reference(self.target(die), used)} ({', '.join(arguments) or 'void'})"
        if tag == "DW_TAG_typedef":
            full = f"typedef {name}"
            if full not in self.texts:
                self.texts[full] = None
                self.define(full, lambda u: [self.reference(self.target(die), u)])
            used.add(full)
            return name
        kinds = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union", "DW_TAG_enumeration_type": "enum"}
        if tag not in kinds:
            sys.exit(f"abi: {tag} in the type of a symbol is not known to this script")
        if not name:
            return f"{kinds[tag]} {{ {'; '.join(self.body(die, used))} }}"
        full = f"{kinds[tag]} {name}"
        if full not in self.texts:
            self.texts[full] = None
            self.define(full, lambda u: self.body(die, u))
        used.add(full)
        return full

    def define(self, full, make):
        used = set()
        self.texts[full] = make(used)
        self.uses[full] = used

    def body(self, die, used):
        if "DW_AT_declaration" in die.attributes:
            return ["opaque"]
        lines = [f"size {self.number(die, 'DW_AT_byte_size')}"]
        if "DW_AT_alignment" in die.attributes:
            lines.append(f"alignment {self.number(die, 'DW_AT_alignment')}")
        for child in die.iter_children():
            if child.tag == "DW_TAG_enumerator":
                lines.append(f"{self.name(child)} = {self.number(child, 'DW_AT_const_value')}")
            elif child.tag == "DW_TAG_member":
                at = str(self.number(child, "DW_AT_data_member_location"))
                if "DW_AT_bit_size" in child.attributes:
                    bit = self.number(child, "DW_AT_data_bit_offset")
                    at = f"{bit // 8}.{bit % 8}:{self.number(child, 'DW_AT_bit_size')}"
                kind = self.reference(self.target(child), used)
                lines.append(f"{kind} {self.name(child) or '(anonymous)'} at {at}")
        return lines

    def symbol(self, name):
        """The prototype, and the names of all types that it reaches."""
        used = set()
        prototype = self.reference(self.pointers[name], used)
        reached, left = set(), sorted(used)
        while left:
            full = left.pop()
            if full not in reached:
                reached.add(full)
                left += sorted(self.uses[full])
        return prototype, sorted(reached)


def types(path, symbols):
    """Entries `symbol NAME CRC`, then `type NAME`, each with lines that start with a tab."""
    known = Types(path)
    out, shown = [], set()
    for symbol in sorted(symbols):
        prototype, reached = known.symbol(symbol)
        shown.update(reached)
        text = [prototype] + [line for full in reached for line in (full, *known.texts[full])]
        crc = zlib.crc32("\n".join([symbol, *text]).encode())
        out.append(f"symbol {symbol} {crc:#010x}\n\t{prototype}\n")
    known.close()
    for full in sorted(shown):
        out.append("\n".join([f"type {full}"] + [f"\t{line}" for line in known.texts[full]]) + "\n")
    return "".join(out)


def read_types(path):
    """({symbol: (crc, prototype)}, {type: lines}) of such a text."""
    symbols, kinds, lines = {}, {}, []
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith("\t"):
            lines.append(line[1:])
            continue
        kind, _, rest = line.partition(" ")
        lines = []
        if kind == "symbol":
            name, crc = rest.split()
            symbols[name] = (int(crc, 16), lines)
        elif kind == "type":
            kinds[rest] = lines
    return {name: (crc, text[0]) for name, (crc, text) in symbols.items()}, kinds


def write_types(out, headers, folders, objects, compiler):
    symbols = exports(objects)
    out = pathlib.Path(out)
    if not symbols:
        out.write_text("")
        return
    c_file, o_file = (pathlib.Path(f"{out}.{suffix}") for suffix in "co")
    c_file.write_text(source(headers, folders, symbols))
    # Headers of two drivers may call registers by the same names: it is the types that count.
    run = subprocess.run([*compiler, "-w", "-g", "-c", "-o", str(o_file), str(c_file)], stderr=subprocess.PIPE, text=True,
                         check=False, env={**os.environ, "LC_ALL": "C"})
    if run.returncode:
        missing = sorted(set(re.findall(r"error: '(\w+)' undeclared", run.stderr)) & set(symbols))
        for symbol in missing:
            print(f"abi: {symbol} is exported, and no header for modules declares it: declare it in sw/include, or in "
                  "a header beside the module that exports it", file=sys.stderr)
        sys.exit(1 if missing else run.stderr)
    out.write_text(types(o_file, symbols))


def split(arguments):
    """Lists of arguments, as -- parts them."""
    lists = [[]]
    for argument in arguments:
        if argument == "--" and len(lists) < 3:
            lists.append([])
        else:
            lists[-1].append(argument)
    return lists


def main():
    args = sys.argv[1:]
    if len(args) == 2 and args[0] == "crcs":
        for symbol, (crc, _) in read_types(args[1])[0].items():
            print(f"\t.globl __crc_{symbol}\n\t.set __crc_{symbol}, {crc:#x}")
        return
    lists = split(args[1:])
    if args[:1] != ["types"] or len(lists) != 3 or len(lists[0]) < 2 or not lists[2]:
        sys.exit(__doc__)
    write_types(lists[0][0], lists[0][1], lists[0][2:], lists[1], lists[2])


if __name__ == "__main__":
    main()
