#!/usr/bin/env python3
"""End-to-end tests of programs that run without the bundled kernel.

usage: bare_metal.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import struct
import subprocess
import sys

from e2e import EXIT, check, main

UNDEFINED, NOP = 0x00000000, 0xd503201f
MOV_X1_SRAM, BR_X1 = 0xd2a40001, 0xd61f0020  # MOV X1, #0x20000000
POWER_OFF = [0xd2800100, 0xf2b08000, 0xd4000002]  # MOV X0, #8; MOVK X0, #0x8400, LSL #16; HVC #0
ADR_X0_VECTORS, MSR_VBAR_EL1_X0 = 0x10004000, 0xd518c000  # ADR X0, PC + 0x800
RAM, SRAM, FLASH = 0x40000000, 0x20000000, 0x20010000


def elf(*segments):
    """An executable of (physical address, instruction words) each; it starts at the first one."""
    table, data = b"", b""
    at = 64 + 56 * len(segments)
    for address, words in segments:
        code = struct.pack("<%dI" % len(words), *words)
        table += struct.pack("<IIQQQQQQ", 1, 7, at + len(data), address, address, len(code), len(code), 8)
        data += code
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, segments[0][0], 64, 0, 0, 64, 56,
                         len(segments), 0, 0, 0)
    return header + table + data


def run(b, program, *options, config=None):
    """What a run of a program says, and its report; on the shipped platform or another."""
    report = os.path.join(b.folder, "report.json")
    r = b.run(config, "--kernel", b.write("program.elf", program), "--json", report, *options)
    with open(report) as f:
        return r, json.load(f)


def case_an_exception_without_vectors_ends_the_run_with_its_registers(b):
    r, report = run(b, elf((RAM, [NOP, UNDEFINED])))
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    facts = r"EL1, PC 0x200, ESR 0x86000010 \(.*\), ELR 0x200, FAR 0x200, VBAR 0x0; before, vector 0x200 was entered by " \
            r"ESR 0x02000000 \(undefined instruction\) with ELR 0x40000004"
    for place, text in (("summary", r.stderr[r.stderr.index("verdict"):]), ("diagnostic", r.stderr[:r.stderr.index("verdict")]),
                        ("reason", report["reason"]), ("diagnostics", report["diagnostics"][-1]["text"])):
        check(re.search(facts, text), "%s does not have the registers: %s" % (place, text), r)
    check(report["verdict"] == "fail" and report["instructions"] < 10, "expected the end of the first exception", r)


def case_the_wall_time_limit_holds_within_a_quantum_of_exceptions(b):
    # Each exception is handled by a NOP and the next one; they use up whole quanta. Where the limit is seen at the
    # end of a quantum only, no quantum is cut short, whatever the speed of this machine.
    program = [ADR_X0_VECTORS, MSR_VBAR_EL1_X0, UNDEFINED]
    program += [NOP] * (0xa00 // 4 - len(program)) + [NOP, UNDEFINED]
    r, report = run(b, elf((RAM, program)), "--timeout-wall", "300ms", "--set", "cpu0.quantum=10000000")
    check(r.returncode == EXIT["wall-timeout"] and report["verdict"] == "wall-timeout", "expected exit code 66", r)
    check("does not come back" not in r.stderr, "the run was killed", r)
    check(0 < report["instructions"] < report["statistics"]["cpu0"]["quanta"] * 10000000, "no quantum was cut short", r)


MEMORIES = """
[sram]
type = "memory"
map = [0x20000000]
params = { size = "64KiB" }

[flash]
type = "memory"
map = [0x20010000]
params = { size = "64KiB" }

[bus]"""


def mov(register, value):
    """MOVZ, MOVK of 32 bits."""
    return [0xd2800000 | (value & 0xffff) << 5 | register, 0xf2a00000 | (value >> 16) << 5 | register]


def smmu_store(offset, value, wide=False):
    """X1 has the address of the SMMU's registers."""
    store = 0xf9000000 | offset // 8 << 10 if wide else 0xb9000000 | offset // 4 << 10
    return [*mov(2, value), store | 1 << 5 | 2]


def case_a_diagnostic_has_the_pc_of_the_store_that_caused_it_or_none(b):
    queue, nothing = 0x40100000, 0xb9409c23  # LDR W3, [X1, #0x9c]
    # A queue of two entries that are all zero, which is no command; then a write of GBPA without Update.
    code = [*mov(1, 0x09050000), *smmu_store(0x90, queue | 1, wide=True), *smmu_store(0x20, 8), *smmu_store(0x98, 1)]
    code += [nothing] * 50
    code += smmu_store(0x44, 0)
    r, report = run(b, elf((RAM, [*code, *POWER_OFF])))
    check(r.returncode == 0, "the program does not end", r)
    by_site = {d["site"]: d for d in report["diagnostics"]}
    check("pc" not in by_site["CMDQ.CERROR_ILL"], "a command that is fetched later has a PC: %s" % by_site["CMDQ.CERROR_ILL"], r)
    check(by_site["CMDQ.CERROR_ILL"]["text"].endswith("; the command is 0x0 0x0"), "the words of the command are not told", r)
    check(by_site["CMDQ.CERROR_ILL"]["address"] == hex(queue), "the address of the command is not told", r)
    check(by_site["GBPA.Update"].get("pc") == hex(RAM + 4 * (len(code) - 1)), "another PC: %s" % by_site["GBPA.Update"], r)


POWERCTL = """
[power0]
type = "powerctl"
map = [0x09070000, "4KiB"]
wires = { line0 = "smmu0.power", line1 = "smmu0.clock" }

[bus]"""


def case_a_register_of_an_smmu_without_power_or_clock_answers_an_abort(b):
    config = b.variant(change=lambda text: text.replace("[bus]", POWERCTL))
    read_cr0 = 0xb9402023  # LDR W3, [X1, #0x20]

    def program(*levels):
        code = [*mov(0, 0x09070000), *mov(1, 0x09050000)]
        for level in levels:
            code += [*mov(2, level), 0xb9000802]  # STR W2, [X0, #8]: LEVEL
        return elf((RAM, [*code, read_cr0, *POWER_OFF]))

    for level, site in ((1, "register.clock"), (2, "register.power"), (0, "register.power")):
        r, report = run(b, program(level), config=config)
        check(r.returncode == EXIT["fail"] and "ESR 0x96000210" in report["reason"], "no abort: %s" % report["reason"], r)
        diagnostics = [d for d in report["diagnostics"] if d["site"] == site]
        check(len(diagnostics) == 1 and diagnostics[0]["address"] == "0x20" and "pc" in diagnostics[0], "expected %s" % site, r)
    r, report = run(b, program(0, 2, 3), config=config)
    check(r.returncode == 0, "expected a power-off", r)
    check(report["statistics"]["power0"]["changes"] == 4, "other edges: %s" % report["statistics"]["power0"], r)


def case_segments_of_an_elf_file_go_to_the_memories_that_hold_them(b):
    config = b.variant(change=lambda text: text.replace("[bus]", MEMORIES))
    # The entry is in the first memory that is mapped above the others; the rest of the program is in another one.
    r, report = run(b, elf((RAM, [MOV_X1_SRAM, BR_X1]), (SRAM, POWER_OFF)), config=config)
    check(r.returncode == 0 and report["reason"] == "power off (PSCI SYSTEM_OFF)", "expected a power-off", r)
    for address, why in ((FLASH - 4, "begins in sram and does not end there"), (0x30000000, "is in no memory")):
        r = b.run(config, "--kernel", b.write("program.elf", elf((RAM, [MOV_X1_SRAM, BR_X1]), (address, POWER_OFF))))
        check(r.returncode == EXIT["config"] and r.stdout == "", "expected exit code 64", r)
        for text in ("segment 1 of the ELF file, 0xc bytes from %#x to %#x" % (address, address + 11), why,
                     "sram 0x20000000 to 0x2000ffff, flash 0x20010000 to 0x2001ffff, ram 0x40000000 to 0x5fffffff"):
            check(text in r.stderr, "the message does not say: %s" % text, r)


def case_the_example_programs_the_smmu_by_hand_and_passes(b):
    example = os.path.join(b.source, "examples", "bare-metal")
    config = os.path.join(example, "platform.toml")
    made = subprocess.run(["make", "-C", example, "O=" + b.folder], capture_output=True, text=True)
    check(made.returncode == 0 and made.stderr == "", "make fails or warns", made)
    report = os.path.join(b.folder, "report.json")
    r = b.run(config, "--kernel", os.path.join(b.folder, "smmu.elf"), "--strict", "--json", report)
    check(r.returncode == 0, "expected exit code 0", r)
    with open(report) as f:
        j = json.load(f)
    check(j["tests"]["passed"] == 4 and j["reason"] == "power off (PSCI SYSTEM_OFF)", "expected four tests and a power-off", r)
    check([(e["event"], e["sid"], e["address"]) for e in j["events"]] == [("F_TRANSLATION", "0x10", "0x123456a018")],
          "expected one event: %s" % j["events"], r)
    check(j["statistics"]["dma0"]["written_bytes"] == 2048 + 4096, "expected both copies", r)
    # All that the page about it promises to be under 300 lines.
    lines = 0
    for name in ("Makefile", "link.ld", "main.c", "start.S"):
        with open(os.path.join(example, name)) as f:
            lines += len(f.readlines())
    check(lines < 300, "the example has %d lines" % lines)


def case_an_example_that_was_not_built_says_how_to_build_it(b):
    with open(os.path.join(b.source, "examples", "bare-metal", "platform.toml")) as f:
        r = b.run(b.write("platform.toml", f.read()))
    check(r.returncode == EXIT["config"], "expected exit code 64", r)
    check("no such file" in r.stderr and "make -C" in r.stderr, "expected what is missing and how to make it", r)


def case_the_map_that_the_page_shows_is_that_of_the_shipped_platforms(b):
    with open(os.path.join(b.source, "docs", "bare-metal.md")) as f:
        table = f.read().split("## Where things are")[1].split("Numbers of SPIs")[0]
    shown = set(re.findall(r"(?m)^\| (0x[0-9a-f]{8}) ", table))
    spis = set()
    for first, last in re.findall(r"SPI (\d+)(?: to (\d+))? \(", table):
        spis |= {str(n) for n in range(int(first), int(last or first) + 1)}
    there, wired = set(), set()
    for name in sorted(os.listdir(os.path.join(b.source, "vp-configs"))):
        with open(os.path.join(b.source, "vp-configs", name)) as f:
            text = f.read()
        there |= set(re.findall(r"(?m)^map.*\[(0x[0-9a-f]{8})", text))
        wired |= set(re.findall(r'"SPI (\d+)"', text))
    check(shown == there, "addresses: the page has %s, the platforms have %s" % (sorted(shown), sorted(there)))
    check(spis == wired, "SPIs: the page has %s, the platforms have %s" % (sorted(spis), sorted(wired)))


if __name__ == "__main__":
    main(globals())
