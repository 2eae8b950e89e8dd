#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the kernel's image costs, and what its modules would.

  size.py SIZE IMAGE BUILTIN-IMAGE MODULE...   SIZE is binutils' size; each MODULE is a .ko
"""
import pathlib
import subprocess
import sys

KINDS = ("text", "rodata", "data", "bss")
# The loader's, not the image's: name and version, checksums, the struct module.
LOADER_ONLY = (".modinfo", "__versions", ".gnu.linkonce.this_module")


def sections(size, path):
    """{kind: bytes} of what is in memory."""
    found = dict.fromkeys(KINDS, 0)
    text = subprocess.run([size, "-A", "-d", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    for words in map(str.split, text.splitlines()):
        if len(words) != 3 or not words[1].isdigit() or words[0] in (*LOADER_ONLY, "section"):
            continue
        name = words[0].lstrip(".")
        kind = ("text" if name in ("text", "init.text", "exit.text") else "data" if name.startswith(("data", "init.data"))
                else "bss" if name.startswith("bss") else "rodata" if name.startswith(("rodata", "__k", "initcall")) else None)
        if kind:
            found[kind] += int(words[1])
    return found


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "".join(row[0].ljust(widths[0]) + "".join("  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:])) + "\n"
                   for row in rows)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    size, image, builtin = sys.argv[1:4]
    ours, whole = (pathlib.Path(p).stat().st_size for p in (image, builtin))
    print(table([("Image", "bytes", "of all built in"), ("all built in", str(whole), "100 %"),
                 ("this one", str(ours), f"{100 * ours / whole:.0f} %"),
                 ("saved", str(whole - ours), f"{100 * (whole - ours) / whole:.0f} %")]))
    modules = {pathlib.Path(p).stem: sections(size, p) for p in sys.argv[4:]}
    rows = [(name, *(str(found[k]) for k in KINDS), str(sum(found[k] for k in KINDS[:3]))) for name, found in modules.items()]
    total = [sum(found[k] for found in modules.values()) for k in KINDS]
    print(table([("module", *KINDS, "not in the image"), *rows, ("all", *map(str, total), str(sum(total[:3])))]), end="")


if __name__ == "__main__":
    main()
