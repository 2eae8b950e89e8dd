#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel module interface: the exported symbols that modules may count on, and the types that they reach.

  kmi.py check|update FOLDER TYPES MODULE...

FOLDER/symbols lists the symbols, one a line; FOLDER/types is what abi.py says of them. TYPES is what it says of the
kernel as built, each MODULE a linked .o. `check` fails, and shows what differs, when a symbol of the list is gone, a
module uses one that is not listed, or a type is another; a listed symbol that nobody uses is fine. `update` lists
what the modules use beside what is listed, drops what is gone, and writes both files.
"""
import difflib
import pathlib
import sys

sys.dont_write_bytecode = True
from abi import read_types  # noqa: E402
from elf import Elf  # noqa: E402


def closure(symbols, kinds, wanted):
    """{type: symbols of `wanted` that reach it}."""
    names = sorted(kinds, key=len, reverse=True)
    uses = {kind: mentioned(" ; ".join(lines), names) for kind, lines in kinds.items()}
    reached = {}
    for symbol in wanted:
        left, seen = list(mentioned(symbols[symbol][1], names)), set()
        while left:
            kind = left.pop()
            if kind not in seen:
                seen.add(kind)
                reached.setdefault(kind, []).append(symbol)
                left += uses[kind]
    return reached


def mentioned(text, names):
    """A typedef is written by its name alone, the others with their kind."""
    padded = "".join(c if c.isalnum() or c == "_" else " " for c in text).split()
    pairs = {f"{a} {b}" for a, b in zip(padded, padded[1:])}
    words = set(padded)
    return [n for n in names if n in pairs or (n.startswith("typedef ") and n[len("typedef "):] in words)]


def render(symbols, kinds, wanted):
    out = [f"symbol {s} {symbols[s][0]:#010x}\n\t{symbols[s][1]}\n" for s in wanted]
    for kind in sorted(closure(symbols, kinds, wanted)):
        out.append("\n".join([f"type {kind}"] + [f"\t{line}" for line in kinds[kind]]) + "\n")
    return "".join(out)


def size_of(lines):
    return next((line[len("size "):] for line in lines if line.startswith("size ")), None)


def members(before, after):
    """What came and went; what only moved is counted."""
    places = [dict(line.rsplit(" at ", 1) for line in lines if " at " in line) for lines in (before, after)]
    names = [[line.rsplit(" at ", 1)[0] for line in lines if not line.startswith("size ")] for lines in (before, after)]
    parts = []
    for line in difflib.ndiff(*names):
        place = places[line[0] == "+"].get(line[2:])
        if line[0] in "+-":
            parts.append(f"{line[0]} {line[2:]}" + (f" at {place}" if place else ""))
    moved = sum(places[0][name] != places[1][name] for name in set(places[0]) & set(places[1]))
    return parts + ([f"{moved} member{'s move' if moved > 1 else ' moves'}"] if moved else [])


def differences(old, new, reached):
    """One line a type that is another now."""
    for kind in sorted(set(old) | set(new)):
        before, after = old.get(kind), new.get(kind)
        if before == after:
            continue
        users = ", ".join(reached.get(kind, [])[:4]) + (", ..." if len(reached.get(kind, [])) > 4 else "")
        if before is None or after is None:
            yield f"{kind}: {'is new' if before is None else 'is gone'}; reached by {users}"
            continue
        parts = members(before, after)
        if size_of(before) != size_of(after):
            parts.append(f"size {size_of(before)} -> {size_of(after)}")
        yield f"{kind}: {'; '.join(parts)}; reached by {users}"


def used_by(modules):
    """{symbol: name of a module that takes it from elsewhere}."""
    found, own = {}, set()
    for path in modules:
        module = Elf(path)
        own |= set(module.exports())
        for symbol in module.undefined():
            found.setdefault(symbol, pathlib.Path(path).stem)
    return {s: m for s, m in found.items() if s not in own and s != "__this_module" and not s.startswith("__crc_")}


def compare(folder, symbols, kinds, used):
    listed = (folder / "symbols").read_text().split()
    for symbol in listed:
        if symbol not in symbols:
            yield f"{symbol}: is listed, and the kernel does not export it any more"
    for symbol, module in sorted(used.items()):
        if symbol not in listed:
            yield f"{symbol}: is used by {module}, and not listed"
    old_symbols, old_kinds = read_types(folder / "types")
    wanted = [s for s in listed if s in symbols]
    reached = closure(symbols, kinds, wanted)
    gone = closure(old_symbols, old_kinds, [s for s in listed if s in old_symbols])
    yield from differences(old_kinds, {k: kinds[k] for k in reached}, {**gone, **reached})
    for symbol in wanted:
        if symbol in old_symbols and old_symbols[symbol][1] != symbols[symbol][1]:
            yield f"{symbol}: - {old_symbols[symbol][1]}; + {symbols[symbol][1]}"
        elif symbol not in old_symbols:
            yield f"{symbol}: is listed, and its types are not recorded"


def main():
    if len(sys.argv) < 4 or sys.argv[1] not in ("check", "update"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    symbols, kinds = read_types(sys.argv[3])
    used = used_by(sys.argv[4:])
    if sys.argv[1] == "update":
        listed = (folder / "symbols").read_text().split() if (folder / "symbols").exists() else []
        wanted = sorted({s for s in [*listed, *used] if s in symbols})
        (folder / "symbols").write_text("".join(f"{s}\n" for s in wanted))
        (folder / "types").write_text(render(symbols, kinds, wanted))
        return
    found = list(compare(folder, symbols, kinds, used))
    for line in found:
        print(f"kmi: {line}")
    if found:
        sys.exit("kmi: modules built earlier do not fit any more; if that is meant, run `make -C sw kmi-update` and "
                 "commit what it writes")
    print(f"kmi: {len((folder / 'symbols').read_text().split())} symbols as recorded")


if __name__ == "__main__":
    main()
