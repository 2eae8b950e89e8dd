#!/usr/bin/env python3
"""The guest and PCI endpoints of the shipped platforms: whose requests pass the SMMU, and how interrupts come.

usage: pci.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re

from e2e import EXIT, check, main

# docs/pcie.md, the default topology: one function of each kind, and the requester ID that its requests have.
FUNCTIONS = {"00:01.0": 0x0008, "01:00.0": 0x0100, "03:01.0": 0x0300, "07:00.0": 0x0700}


def copies(b, platform, smmu, functions, change=None):
    """Each function copies. @return the trace, and what pci0 counted"""
    b.config = os.path.join(b.source, "vp-configs", platform)
    init = "modprobe -a %s pci-host-generic testdev-dma\n" % smmu
    init += "".join("dmatest --device 0000:%s --test copy --size 1\n" % f for f in functions) + "poweroff\n"
    trace, report = os.path.join(b.folder, "trace.txt"), os.path.join(b.folder, "report.json")
    r = b.run(b.variant(init=init, change=change), "--strict", "--trace", "pcie.*,router.access", "--trace-file", trace, "--json", report)
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    check(len(re.findall(r"(?m)^ok 1 - copy", r.stdout)) == len(functions), "not each function has copied", r)
    with open(trace) as f, open(report) as g:
        return r, f.read(), json.load(g)["statistics"]["pci0"]


def requests_of(trace, function):
    found = re.findall(r"(?m)pcie\.request function=%s way=(\w+) requester=(\w+) address=(\w+) length=(\w+) write=(\w+)$" % re.escape(function), trace)
    return [(way, *(int(n, 16) for n in numbers)) for way, *numbers in found]


def by_messages(b, platform, smmu, functions):
    r, trace, counted = copies(b, platform, smmu, functions)
    frame = re.findall(r"router\.access initiator=smmu0\.tbu2_out target=gic\.v2m address=0x8020040 length=0x4 write=0x1", trace)
    sent = 0
    for function, requester in functions.items():
        requests = requests_of(trace, function)
        check(requests and {(way, who) for way, who, *_ in requests} == {("host", requester)}, "%s has other requests" % function, r)
        # A message is the one write of 4 bytes that does not go to the ring, which the descriptors are read from.
        rings = {address & ~0xfff for _, _, address, length, write in requests if not write and length == 64}
        messages = [address for _, _, address, length, write in requests if write and length == 4 and address & ~0xfff not in rings]
        check(messages, "%s sent no message" % function, r)
        sent += len(messages)
    check(len(frame) == sent == counted["messages"], "%d messages, %d at the frame, %d counted" % (sent, len(frame), counted["messages"]), r)
    check("pcie.intx" not in trace, "a line of INTx has changed", r)


def case_each_kind_of_function_copies_as_its_requester_and_interrupts_by_messages_through_an_smmuv3(b):
    by_messages(b, "gki-smmuv3.toml", "arm-smmu-v3", FUNCTIONS)


def case_functions_behind_a_bridge_share_a_stream_of_an_smmuv2_and_interrupt_by_messages(b):
    by_messages(b, "gki-smmuv2.toml", "arm-smmu", {"00:01.0": 0x0008, "02:00.0": 0x0200, "02:01.0": 0x0200})


def case_without_a_frame_for_messages_the_lines_of_intx_interrupt(b):
    r, trace, counted = copies(b, "gki-smmuv3.toml", "arm-smmu-v3", FUNCTIONS, change=lambda text: re.sub(r"(?m)^map\.v2m = .*\n", "", text))
    check(counted["messages"] == 0, "a message was sent", r)
    # Pin A of device 0 everywhere, but of device 1 behind the bridge, and behind downstream port 1 of the switch.
    rises = set(re.findall(r"pcie\.intx pin=0x(\d) level=0x1", trace))
    check(rises == {"0", "1"}, "other lines rose: %s" % rises, r)


if __name__ == "__main__":
    main(globals())
