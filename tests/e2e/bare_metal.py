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
ADR_X0_VECTORS, MSR_VBAR_EL1_X0 = 0x10004000, 0xd518c000  # ADR X0, PC + 0x800
RAM = 0x40000000


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


if __name__ == "__main__":
    main(globals())
