#!/usr/bin/env python3
"""End-to-end tests of TLB maintenance that the processor broadcasts, with a program that shares a translation table
with a device.

usage: broadcast.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import subprocess
import sys

from e2e import check, main


def run(b, *options):
    example = os.path.join(b.source, "examples", "bare-metal")
    program = os.path.join(b.folder, "broadcast.elf")
    made = subprocess.run(
        ["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-pic",
         "-fno-stack-protector", "-mgeneral-regs-only", "-mstrict-align", "-fno-tree-loop-distribute-patterns",
         "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,max-page-size=4096",
         "-Wl,-T," + os.path.join(example, "link.ld"), "-o", program, os.path.join(example, "start.S"),
         os.path.join(b.source, "tests", "e2e", "broadcast", "main.c")], capture_output=True, text=True)
    check(made.returncode == 0, "the program is not built", made)
    report = os.path.join(b.folder, "report.json")
    r = b.run(os.path.join(example, "platform.toml"), "--kernel", program, "--json", report, *options)
    with open(report) as f:
        j = json.load(f)
    check(r.returncode == 0 and j["tests"]["passed"] == 6, "expected six tests that pass", r)
    return r, j


def sites(report):
    return {d["site"]: d for d in report["diagnostics"] if d["site"].startswith("TLBI")}


def case_with_btm_a_device_sees_what_the_processor_has_invalidated(b):
    r, report = run(b, "--strict", "--set", "smmu0.BTM=true", "--set", "smmu0.tell_tlbi=true")
    check(sites(report) == {}, "something is told: %s" % sites(report), r)
    check(report["statistics"]["smmu0"]["tlbi_broadcasts"] == 3, "expected three broadcasts", r)
    check([e["event"] for e in report["events"]] == ["F_TRANSLATION"], "expected one event", r)


def case_without_btm_the_device_goes_on_with_what_is_cached_and_that_is_told_where_it_is_asked_for(b):
    r, report = run(b, "--strict")
    check(sites(report) == {} and report["statistics"]["smmu0"]["tlbi_broadcasts"] == 0, "expected silence", r)
    r, told = run(b, "--set", "smmu0.tell_tlbi=true")
    found = sites(told)
    check(sorted(found) == ["TLBI VAE1IS.BTM", "TLBI VALE1IS.BTM"], "told otherwise: %s" % sorted(found), r)
    for d in found.values():
        check(d["address"] == "0x1234569000" and "pc" in d and "IDR0.BTM is 0" in d["text"], "without facts: %s" % d, r)
    check(told["digest"] == report["digest"], "what is told changes the run", r)


def case_two_runs_with_broadcasts_are_the_same(b):
    digests = {run(b, "--set", "smmu0.BTM=true")[1]["digest"] for _ in range(2)}
    check(len(digests) == 1, "two digests: %s" % digests)


def case_the_public_interface_of_the_engine_serves_as_well(b):
    run(b, "--set", "smmu0.BTM=true", "--set", "cpu0.libunicorn=public")


def case_any_quantum_does(b):
    for quantum in ("1", "100000"):
        run(b, "--set", "smmu0.BTM=true", "--set", "cpu0.quantum=" + quantum)


if __name__ == "__main__":
    main(globals())
