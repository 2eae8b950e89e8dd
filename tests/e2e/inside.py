#!/usr/bin/env python3
"""Looking into a run of the bundled kernel: what dumps show of the SMMU that it has set up.

usage: inside.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from check_trace import first_mistake  # noqa: E402
from e2e import check, main  # noqa: E402

IN_USE = "modprobe -a arm-smmu-v3 testdev-dma\ndmatest\npoweroff\n"


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


def case_a_stream_is_walked_in_the_memory_image_of_a_run_as_the_model_translated_it(b):
    config = b.variant(init=IN_USE)
    image, trace = os.path.join(b.folder, "memory.elf"), os.path.join(b.folder, "trace")
    r = b.run(config, "--dump-memory", image, "--trace", "smmu.translate", "--trace-file", trace)
    check(r.returncode == 0, "the run does not pass", r)
    check(os.stat(image).st_blocks * 512 < os.stat(image).st_size / 2, "the image has no holes")
    sid, address, output = re.findall(r"sid=(\S+) address=(\S+) output=(\S+) ", read(trace))[-1]
    r = b.run("--sid", sid, "--dump", image, "--json", address, command="walk")
    check(r.returncode == 0, "the address is not translated", r)
    document = json.loads(r.stdout)
    check(document["smmu"] == "smmu0" and document["walks"][0]["output"] == output, "expected %s" % output, r)
    r = b.run("--sid", sid, "--dump", image, address, command="walk")
    for p in (r"L1STD at ", r"STE at .*\n.*\n    legal\n", r"CD at .*\n", r"stage 1 level 3, VA %s: descriptor at " % address,
              r"\[54\] +UXN +0x1 ", r"result\n    the access goes on to %s\n" % output):
        check(re.search(p, r.stdout), "the walk does not show %r" % p, r)


def case_an_access_that_faults_in_an_image_shows_the_event_that_would_be_recorded(b):
    config = b.variant(init=IN_USE)
    image = os.path.join(b.folder, "memory.elf")
    r = b.run(config, "--dump-memory", image)
    check(r.returncode == 0, "the run does not pass", r)
    r = b.run("--sid", "0x100", "--dump", image, "--access", "write", "0x5000", command="walk")
    check(r.returncode == 1 and re.search(r"the access is aborted\n    event F_TRANSLATION\n.*\n      recorded\n", r.stdout),
          "the event is not shown", r)
    check(not re.search(r"RnW", r.stdout), "a write has RnW = 0", r)
    r = b.run("--sid", "0xffff", "--dump", image, "0x5000", command="walk")
    check(r.returncode == 1 and "event C_BAD_STREAMID" in r.stdout, "a stream without a level 2 table", r)
    r = b.run("--dump", image, "--format", "lpae64-s1", "--ttbr0", "0x40000000", "--t0sz", "16", "0x1000", command="walk")
    check(r.returncode in (0, 1) and "step  stage" in r.stdout, "a walk by registers does not take the image", r)


# ---- traces

def case_no_line_of_a_trace_is_earlier_than_the_one_before(b):
    trace = os.path.join(b.folder, "trace")
    r = b.run(b.config, "--trace-file", trace)
    check(r.returncode == 0, "the run does not pass", r)
    lines = read(trace).splitlines()
    points = {line.split()[2] for line in lines}
    check(len(lines) > 1000 and {"smmu.translate", "smmu.event", "cpu.write", "router.access"} <= points, "a trace of %s" % points)
    mistake = first_mistake(lines)
    check(mistake is None, mistake)
    check(first_mistake(["5 a b.c", "4 a b.c x=0x1"]) == "line 2 goes back in time:\n  5 a b.c\n  4 a b.c x=0x1", "the checker sees nothing")


if __name__ == "__main__":
    main(globals())
