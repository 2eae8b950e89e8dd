#!/usr/bin/env python3
"""End-to-end tests of platforms with several processors.

usage: processors.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import subprocess

from bare_metal import RAM, elf
from e2e import EXIT, check, main, refused

CPU = '[cpu%d]\ntype = "cpu"\n\n'
# X0 = CPU_ON; X1 = 1; X2 = there; X3 = 0; HVC; B .
CPU_ON_THERE = [0xd2800060, 0xf2b88000, 0xd2800021, 0x100000a2, 0xd2800003, 0xd4000002, 0x14000000, 0x14000000]
NOP = 0xd503201f


def two(b):
    return os.path.join(b.source, "vp-configs", "gki-smmuv3-smp.toml")


def with_cpus(b, count):
    return b.variant(change=lambda t: t + "".join(CPU % n for n in range(1, count)))


def report_of(b, *options):
    report = os.path.join(b.folder, "report.json")
    r = b.run(two(b), "--json", report, *options)
    with open(report) as f:
        return r, json.load(f)


def case_the_guest_passes_where_there_is_a_second_processor_twice_with_the_same_digest(b):
    first, one = report_of(b)
    check(first.returncode == 0, "expected exit code 0", first)
    check(one["tests"]["passed"] > 0 and one["tests"]["failed"] == 0, "expected its tests to pass", first)
    second, again = report_of(b)
    check(one["digest"] == again["digest"] and one["sim_time_ps"] == again["sim_time_ps"], "the runs differ", second)


def case_the_device_tree_has_each_processor_and_their_timers(b):
    blob = os.path.join(b.folder, "two.dtb")
    r = b.run(two(b), "--output", blob, command="dtb")
    check(r.returncode == 0, "expected a device tree", r)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True, check=True).stdout
    for n in (0, 1):
        node = re.search(r"cpu@%d \{(.*?)\};" % n, text, re.S)
        check(node, "there is no cpu@%d:\n%s" % (n, text))
        for line in ("reg = <0x0%d>;" % n, 'enable-method = "psci";', 'device_type = "cpu";'):
            check(line in node[1], "cpu@%d has no %s" % (n, line))
    # bindings/interrupt-controller/arm,gic.yaml: bits 15:8 of the third cell are the processors of a PPI.
    check(re.search(r"timer \{[^}]*interrupts = <0x01 0x0d 0x304 ", text, re.S), "the timers are not those of both:\n" + text)


def case_any_processor_ends_the_run_with_its_status(b):
    # ADR X1, the block; MOV W0, #0x18; HLT: SYS_EXIT of {ADP_Stopped_ApplicationExit, 5}
    there = [0x10000081, 0x52800300, 0xd45e0000, NOP, 0x20026, 0, 5, 0]
    r, report = report_of(b, "--kernel", b.write("program.elf", elf((RAM, CPU_ON_THERE + there))))
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    check(re.search(r"\b5\b", report["reason"]), "the reason does not have the status: " + report["reason"], r)


def case_a_diagnostic_tells_where_the_processor_was_that_caused_it(b):
    # An undefined instruction without a vector table, by processor 1.
    r, report = report_of(b, "--kernel", b.write("program.elf", elf((RAM, CPU_ON_THERE + [NOP, 0]))))
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    d = report["diagnostics"][-1]
    check(d["source"] == "cpu1" and d["pc"] == "0x200", "expected cpu1 and its PC: %s" % d, r)


def case_more_processors_than_a_gicv2_serves_are_refused(b):
    refused(b, with_cpus(b, 9), r"variant\.toml:\d+:\d+: .*\[cpu0\] 9 processors; a GICv2 serves 8 at most")


def case_a_processor_that_the_interrupt_controller_does_not_know_is_refused(b):
    more = with_cpus(b, 2)
    with open(more) as f:
        text = f.read().replace('irq0 = "cpu0.irq"', 'irq0 = "cpu0.irq", irq1 = "cpu1.irq"')
    refused(b, b.write("variant.toml", text), r"\[gic\] has no port 'irq1'")


def case_a_list_of_wires_is_checked_item_by_item(b):
    change = 'event_out = "cpu0.event"'
    for items, message in (('["cpu0.event", "cpu1"]', r"'cpu1' is not \"component\.port\""),
                           ('["cpu0.event", "cpu1.event"]', "there is no component 'cpu1'"),
                           ('["cpu0.event", "cpu0.event"]', r"cpu0\.event is wired twice")):
        refused(b, b.variant(change=lambda t, items=items: t.replace(change, "event_out = " + items)), message)


if __name__ == "__main__":
    main(globals())
