#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turn `nm -n` of the kernel (standard input) into the assembly of its symbol table.

Only code symbols are kept. The table lies behind the code, so that adding it moves no symbol in it.
"""
import sys

BASE = 0xFFFF800004000000


def main():
    symbols = []
    for line in sys.stdin:
        parts = line.split()
        if len(parts) != 3 or parts[1] not in "tTwW" or parts[2].startswith(("$", ".L")):
            continue
        address = int(parts[0], 16)
        if address >= BASE and (not symbols or symbols[-1][0] != address):
            symbols.append((address, parts[2]))
    print('\t.section ".kallsyms", "a"\n\t.balign 8')
    print("\t.globl kallsyms_count, kallsyms_addresses, kallsyms_names, kallsyms_strings")
    print(f"kallsyms_count:\n\t.long {len(symbols)}\nkallsyms_addresses:")
    for address, _ in symbols:
        print(f"\t.long {address - BASE:#x}")
    print("kallsyms_names:")
    offset = 0
    for _, name in symbols:
        print(f"\t.long {offset}")
        offset += len(name) + 1
    print("kallsyms_strings:")
    for _, name in symbols:
        print(f'\t.asciz "{name}"')


if __name__ == "__main__":
    main()
