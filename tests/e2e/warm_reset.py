#!/usr/bin/env python3
"""End-to-end tests of a reset of the processors alone (PSCI SYSTEM_RESET2), while DMA goes on.

usage: warm_reset.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import subprocess

from bare_metal import RAM, elf, mov
from e2e import EXIT, check, main


def built(b):
    example = os.path.join(b.source, "examples", "bare-metal")
    program = os.path.join(b.folder, "warm_reset.elf")
    made = subprocess.run(
        ["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic",
         "-fno-stack-protector", "-mgeneral-regs-only", "-mstrict-align", "-fno-tree-loop-distribute-patterns",
         "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,max-page-size=4096",
         "-Wl,-T," + os.path.join(example, "link.ld"), "-o", program, os.path.join(example, "start.S"),
         os.path.join(b.source, "tests", "e2e", "warm_reset", "main.c")], capture_output=True, text=True)
    check(made.returncode == 0, "the program is not built", made)
    return os.path.join(example, "platform.toml"), program


def run(b, *options):
    config, program = built(b)
    report = os.path.join(b.folder, "report.json")
    r = b.run(config, "--kernel", program, "--json", report, *options)
    with open(report) as f:
        return r, json.load(f)


def case_dma_goes_on_across_a_reset_of_the_processor_and_the_next_start_adopts_the_smmu(b):
    r, report = run(b, "--strict")
    check(r.returncode == EXIT["pass"] and report["tests"]["passed"] == 5, "expected five tests that pass", r)
    check(r.stdout.count("# the first start") == 1, "expected one first start", r)
    check("the processors begin again (PSCI SYSTEM_RESET2)" in r.stderr, "the reset is not told", r)
    check([e["event"] for e in report["events"]] == ["F_TRANSLATION"], "other events: %s" % report["events"], r)
    check(report["statistics"]["dma0"]["written_bytes"] >= 8 * (512 << 10), "expected all pieces", r)


def case_two_runs_with_a_reset_of_the_processor_are_the_same(b):
    digests = {run(b)[1]["digest"] for _ in range(2)}
    check(len(digests) == 1, "two digests: %s" % digests)


def case_the_image_is_loaded_again_and_other_memory_stays(b):
    # Adds 1 to the word at FLAG, which no file has, and to one of the image; resets until the first has come to 3.
    # LDR W3, [X1]; ADD W3, W3, #1; STR W3, [X1], likewise W4 by X2; CMP W3, #3; B.EQ to the end.
    flag, word = RAM + 0x10000, RAM + 0x80
    code = [*mov(1, flag), *mov(2, word), 0xb9400023, 0x11000463, 0xb9000023, 0xb9400044, 0x11000484, 0xb9000044]
    code += [0x71000c7f, 0x540000a0]  # CMP W3, #3; B.EQ over the four that follow
    code += [*mov(0, 0x84000012), 0xd2800001, 0xd4000002]  # SYSTEM_RESET2; MOV X1, #0: SYSTEM_WARM_RESET; HVC #0
    code += [0x7100049f, 0x54000081]  # CMP W4, #1; B.NE to the SVC, which nobody takes
    code += [*mov(0, 0x84000008), 0xd4000002, 0xd4000001]
    code += [0] * (0x80 // 4 - len(code) + 1)
    r = b.run(None, "--kernel", b.write("program.elf", elf((RAM, code))))
    check(r.returncode == EXIT["pass"], "expected a power-off", r)
    check(len(re.findall(r"the processors begin again", r.stderr)) == 2, "expected two resets", r)


def case_a_reset_by_one_processor_is_one_of_all_and_leaves_the_others_off(b):
    flag, other = RAM + 0x10000, RAM + 0x100
    hvc, svc = 0xd4000002, 0xd4000001
    first = [0x52800023, 0xb9000023]  # MOV W3, #1; STR W3, [X1]
    first += [*mov(0, 0xc4000003), 0xd2800021, *mov(2, other), 0xd2800003, hvc]  # CPU_ON of processor 1
    first += [0xd503207f, 0x17ffffff]  # WFI; B to it
    second = [*mov(0, 0xc4000004), 0xd2800021, 0xd2800002, hvc]  # AFFINITY_INFO of processor 1
    second += [0xf100041f, 0x54000081, *mov(0, 0x84000008), hvc, svc]  # CMP X0, #1 (OFF); B.NE to the SVC
    code = [*mov(1, flag), 0xb9400023, 0x35000003 | (len(first) + 1) << 5, *first, *second]  # CBNZ W3 to second
    code += [0] * (0x100 // 4 - len(code))
    code += [*mov(0, 0x84000012), 0xd2800001, hvc, svc]
    config = os.path.join(b.source, "vp-configs", "gki-smmuv3-smp.toml")
    r = b.run(config, "--kernel", b.write("program.elf", elf((RAM, code))))
    check(r.returncode == EXIT["pass"], "expected a power-off", r)
    check(len(re.findall(r"the processors begin again", r.stderr)) == 1, "expected one reset", r)


if __name__ == "__main__":
    main(globals())
