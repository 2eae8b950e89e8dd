#!/usr/bin/env python3
"""Looking into a run of the bundled kernel: what dumps show of the SMMU that it has set up.

usage: inside.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re

from e2e import check, main

IN_USE = "modprobe testdev-dma\ndmatest\npoweroff\n"


def read(path):
    with open(path) as f:
        return f.read()


def case_a_dump_shows_the_structures_of_a_driver_and_changes_nothing_of_the_run(b):
    config = b.variant(init=IN_USE)
    path = {name: os.path.join(b.folder, name) for name in ("with", "without", "dump")}
    r = b.run(config, "--json", path["without"])
    check(r.returncode == 0, "the run does not pass", r)
    r = b.run(config, "--json", path["with"], "--dump-on-exit=" + path["dump"])
    check(r.returncode == 0, "the run with a dump does not pass", r)
    with_dump, without = json.loads(read(path["with"])), json.loads(read(path["without"]))
    for key in ("digest", "sim_time_ps", "statistics"):
        check(with_dump[key] == without[key], "a dump changes %s" % key)
    dump = read(path["dump"])
    for p in (r"SMMU_CR0 +0x20 +0xd\n", r"two levels, SPLIT 8, .*\n    1 tables of level 2\n    256 entries with V = 1\n",
              r"    streams 0x102 to 0x1ff, each as the first\n",
              r"    stream 0x100\n      L1STD at .*\n(.*\n)*?      STE at .*\n(.*\n)*?        legal\n",
              r"      CD at .*\n(.*\n)*? +\[63:48\] +ASID +0x1 ", r"  Command queue\n    256 entries at ", r"  TLB\n +[1-9]\d* of 2048 entries\n +regime  stages  VMID"):
        check(re.search(p, dump), "the dump does not show %r:\n%s" % (p, dump))


if __name__ == "__main__":
    main(globals())
