#!/usr/bin/env python3
"""Commands and what they print, as written down, compared with what the program prints.

usage: transcripts.py --program smmu-vp [--update] FILE
FILE is Markdown, where each block that starts with ```console counts, or else a text as a whole. A line "$ smmu-vp ..."
is a command, whose standard input is empty, or a file where it ends in "< FILE"; what follows is its output (both
channels) up to the next command; "(exit code N)" ends it where N is not 0. Commands run in a folder with the dumps that
dumps() makes. A block of C++ behind <!-- code: FILE NAME --> is what stands between "// [NAME]" and "// [end]" in that
file. --update writes what there is into FILE.
"""
import argparse
import difflib
import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import textwrap


DMESG = """\
[    1.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]
[    4.200000] arm-smmu-v3 9050000.iommu: event 0x10 received:
[    4.200001] arm-smmu-v3 9050000.iommu: \t0x0000002a00000010
[    4.200002] arm-smmu-v3 9050000.iommu: \t0x0000020800000000
[    4.200003] arm-smmu-v3 9050000.iommu: \t0x0000000000001000
[    4.200005] arm-smmu-v3 9050000.iommu: \t0x0000000000000000
[    5.200000] arm-smmu-v3 9050000.iommu: event 0x10 received:
[    5.200001] arm-smmu-v3 9050000.iommu: \t0x0000002b00000010
"""

DMESG_SMMUV2 = """\
[    3.100000] arm-smmu 9100000.iommu: probing hardware configuration...
[    4.200000] arm-smmu 9100000.iommu: Unhandled context fault: fsr=0x402, iova=0x12345000, fsynr=0x10, cbfrsynra=0x100, cb=1
[    4.300000] arm-smmu 9100000.iommu: Unexpected global fault, this could be serious
[    4.300001] arm-smmu 9100000.iommu: \tGFSR 0x00000002, GFSYNR0 0x00000002, GFSYNR1 0x00000101, GFSYNR2 0x00000000
[    4.400000] arm-smmu 9100000.iommu: FSR    = 80000408 [MULTI Format=2 PF], SID=0x100
"""

# What "run --dump-on-exit" and "run --trace 'smmu.*'" write.
DUMP_SMMUV2 = """\
==== dump at 107.346762 ms (end of the run)
smmu0 (smmuv2)
  registers
    of arrays, elements that are not 0
    register                      offset   value
    SMMU_sCR0                     0x0      0x200001
    SMMU_CBAR3                    0x100c   0x1f300
    SMMU_CB2_PRRR/SMMU_CB2_MAIR0  0x12038  0x4ff44
    SMMU_CB0_FSR                  0x10058  0x402
  stalled accesses
    bank  record
"""

TRACE_SMMUV2 = """\
3255297000 smmu0 smmu.register_read register=SMMU_IDR7 value=0x10
3256218000 smmu0 smmu.register_write register=SMMU_S2CR0 value=0x20000
3256218000 smmu0 smmu.translate stream=0x100 address=0x1000
"""


def dumps():
    """Files that the transcripts and the documentation read. ram.bin, meant for 0x80000000, has tables of several formats."""
    base, memory = 0x80000000, bytearray(0x120000)

    def store(address, *values, form="<Q"):
        for i, value in enumerate(values):
            struct.pack_into(form, memory, address - base + i * struct.calcsize(form), value)

    # lpae64-s1, 4 KiB, T0SZ 25: tables at 0x80010000, 0x80011000, 0x80012000
    store(0x80010000, 0x80011003)
    store(0x80011000, 0x80012003, 0x0060000080200701, 0x00000000c0000003, 0x0060000080240701,
          0x3000000080012003)
    store(0x80012000, 0, 0x0060000080100743, 0x00a0000080101f83, 0x00e0000080102303, 0x00e8000080103783)
    # lpae64-s2, 4 KiB, T0SZ 32, level 1: tables at 0x80020000, 0x80021000, 0x80022000
    store(0x80020000 + 8 * 1, 0x80021003)
    store(0x80021000, 0x80022003)
    store(0x80022000, 0x801000ff | 0x400, 0x8001047f | 0x30 << 2, 0x801014bf | 0x400)
    store(0x80022000 + 8 * 8, 0x800304ff, 0x800314ff)
    # lpae64-s1 above it: tables at IPA 0x40008000, 0x40009000, which are 0x80030000, 0x80031000
    store(0x80030000, 0x40009003)
    store(0x80031000, 0x0000000040000701, 0x0000000040000741)
    # v7s: level 1 at 0x80040000, level 2 at 0x80044000
    store(0x80040000, 0x80044001, 0x80100c0e, 0x81040c0e, form="<I")
    store(0x80044000, 0, 0x8010183e, form="<I")
    # mali: tables at 0x80050000 to 0x80053000
    store(0x80050000, 0x80051003)
    store(0x80051000, 0x80052003)
    store(0x80052000, 0x80053003)
    store(0x80053000, 0, 0x0060000080100245, 0x00600000801012c5)
    # lpae32-s1: tables at 0x80060000, 0x80061000
    store(0x80060000, 0x80061003)
    store(0x80061000, 0x0000000080200f41)
    return {"ram.bin": bytes(memory), "events.bin": events(), "dmesg.txt": DMESG.encode(),
            "arm-smmu.txt": DMESG_SMMUV2.encode(), "smmuv2-dump.txt": DUMP_SMMUV2.encode(), "smmuv2-trace.txt": TRACE_SMMUV2.encode()}


def events():
    """An Event queue of two records: a fault of translation, and a StreamID out of range."""
    return struct.pack("<8Q", 0x0000002a00000010, 0x0000020800000000, 0x0000000000001000, 0,
                       0x0000ffff00000002, 0, 0, 0)


def run(program, command, folder):
    words = shlex.split(command)
    source = os.devnull
    if len(words) > 2 and words[-2] == "<":
        source, words = os.path.join(folder, words[-1]), words[:-2]
    if words[0] != "smmu-vp":
        sys.exit("not a command of this program: " + command)
    with open(source) as stdin:
        result = subprocess.run([program, *words[1:]], cwd=folder, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    text = result.stdout
    return text + ("(exit code %d)\n" % result.returncode if result.returncode else "")


def code(root, file, name):
    """The marked lines, moved to the left margin."""
    with open(os.path.join(root, file)) as f:
        lines = f.read().splitlines()
    marks = [i for i, line in enumerate(lines) if line.strip() == "// [%s]" % name]
    if len(marks) != 1:
        sys.exit("FAILED: %s has no single mark [%s]" % (file, name))
    end = next(i for i in range(marks[0], len(lines)) if lines[i].strip() == "// [end]")
    return textwrap.dedent("\n".join(lines[marks[0] + 1:end])) + "\n"


def with_code(text, root):
    def block(match):
        return "<!-- code: %s %s -->\n```cpp\n%s```\n" % (match[1], match[2], code(root, match[1], match[2]))
    return re.sub(r"<!-- code: (\S+) (\S+) -->\n```cpp\n.*?```\n", block, text, flags=re.DOTALL)


def rewritten(text, markdown, program, folder):
    """The text with the program's output in place of what it says; and the number of commands."""
    out, commands, inside, lines, i = [], 0, not markdown, text.splitlines(keepends=True), 0
    while i < len(lines):
        line = lines[i]
        i += 1
        out.append(line)
        if markdown and line.startswith("```"):
            inside = not inside and line.strip() == "```console"
        if not inside or not line.startswith("$ "):
            continue
        command = line[2:].rstrip("\n")
        while command.endswith("\\"):
            command = command[:-1] + lines[i].strip()
            out.append(lines[i])
            i += 1
        commands += 1
        output = run(program, command, folder)
        while i < len(lines) and not lines[i].startswith("$ ") and not (markdown and lines[i].startswith("```")):
            i += 1
        more = i < len(lines) and lines[i].startswith("$ ")
        out.append(output + ("\n" if more else ""))
    return "".join(out), commands


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("file")
    args = parser.parse_args()
    with open(args.file) as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as folder:
        for name, data in dumps().items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        new, commands = rewritten(text, args.file.endswith(".md"), os.path.abspath(args.program), folder)
        for name, data in dumps().items():
            with open(os.path.join(folder, name), "rb") as f:
                if f.read() != data:
                    sys.exit("FAILED: a command wrote into " + name)
    new = with_code(new, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
    if commands == 0:
        sys.exit("FAILED: no command in " + args.file)
    if args.update:
        with open(args.file, "w") as f:
            f.write(new)
        return
    if new == text:
        print("%d commands print what is written" % commands)
        return
    sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), new.splitlines(True), "written", "printed"))
    sys.exit("FAILED: the output differs from %s; transcripts.py --update writes it anew" % args.file)


if __name__ == "__main__":
    main()
