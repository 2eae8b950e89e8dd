#!/usr/bin/env python3
"""Traces of whole runs for wave viewers, and those that are written when something goes wrong (docs/traces.md).

usage: traces.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
try:
    import perfetto_trace
except ModuleNotFoundError as missing:
    # python3-protobuf is for the system's Python; another may come before it in PATH.
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        sys.exit("%s: install python3-protobuf and protobuf-compiler" % missing)
    os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
import vcd_file  # noqa: E402
from e2e import EXIT, check, main  # noqa: E402

INIT = """coldplug
settle
dmatest --test copy --size 1
dmatest --test fault-read
dmatest --test page-fault
blktest
poweroff
"""


def traced(b, *options, config=None):
    """(result, report, Perfetto trace, value change dump) of a run."""
    paths = [os.path.join(b.folder, n) for n in ("report.json", "trace.pftrace", "trace.vcd")]
    r = b.run(config or b.variant(init=INIT), "--json", paths[0], "--perfetto", paths[1], "--vcd", paths[2], *options)
    check(r.returncode == EXIT["pass"], "expected a run that passes", r)
    with open(paths[0], encoding="utf-8") as f:
        report = json.load(f)
    with open(paths[1], "rb") as f:
        trace = perfetto_trace.Trace(f.read())
    with open(paths[2], encoding="ascii") as f:
        return r, report, trace, vcd_file.Dump(f.read())


def counts(events, process):
    """How many there are by the track's name, and by its parent's."""
    found = collections.Counter(e.track[0] for e in events if e.track[2] == process)
    found.update(e.track[1] for e in events if e.track[2] == process and e.track[1])
    return found


def case_a_trace_shows_what_the_statistics_count(b):
    r, report, trace, dump = traced(b)
    smmu = report["statistics"]["smmu0"]
    slices, instants = counts(trace.slices, "smmu0"), counts(trace.instants, "smmu0")
    tbus = report["statistics_by_part"]["smmu0"]["tbu"]
    for tbu, of_tbu in tbus.items():
        check(slices["TBU " + tbu] == of_tbu["accesses"], "TBU %s: %d slices, %d accesses" % (tbu, slices["TBU " + tbu], of_tbu["accesses"]), r)
    check(slices["StreamID 0x100"] > 100 and smmu["stalls_retried"] > 0, "the guest has moved nothing", r)
    for track, counter in (("walk", "walks"), ("CMDQ", "commands")):
        check(slices[track] == smmu[counter], "%s: %d slices, %d counted" % (track, slices[track], smmu[counter]), r)
    syncs = [s for s in trace.slices if s.name == "CMD_SYNC"]
    check(len(syncs) == smmu["syncs"] > 0, "%d slices of CMD_SYNC, %d counted" % (len(syncs), smmu["syncs"]), r)
    check(instants["events"] == smmu["events"] == report["event_count"], "%d instants, %d events" % (instants["events"], smmu["events"]), r)
    check(instants["MSIs"] == smmu["msis"], "%d instants, %d MSIs" % (instants["MSIs"], smmu["msis"]), r)
    check(instants["faults"] > 0 and instants["TLB invalidations"] > 0, "no faults, or no invalidations", r)
    hits = [v.value for v in trace.values if v.track == ("TLB hits", "", "smmu0")]
    check(hits == list(range(1, len(hits) + 1)) and hits, "TLB hits do not count", r)
    check(counts(trace.slices, "disk0")["request"] == report["statistics"]["disk0"]["requests"] > 0, "other requests of the disk", r)
    check(counts(trace.slices, "dma0")["burst"] > 100, "no bursts", r)
    end = report["sim_time_ps"] // 1000
    check(all(0 <= s.begin <= s.end <= end for s in trace.slices), "a slice is outside the run", r)


def case_slices_have_the_durations_that_the_statistics_add_up(b):
    r, report, trace, _ = traced(b)
    accesses = [s for s in trace.slices if s.track[1].startswith("TBU ")]
    total = sum(s.end - s.begin for s in accesses)
    counted = report["statistics"]["smmu0"]["translation_time"]
    # Nanoseconds of picoseconds: each end may be off by one.
    check(abs(total - counted / 1000) <= len(accesses) and total > 0, "%d ns in slices, %d ps counted" % (total, counted), r)
    hit = [s for s in accesses if s.arguments.get("tlb_hit") == 1]
    walked = [s for s in accesses if s.arguments.get("tlb_hit") == 0]
    check(hit and walked and max(s.end - s.begin for s in walked) > min(s.end - s.begin for s in hit), "hits take as long as walks", r)
    stalls = [s for s in trace.slices if s.track[0] == "stalls"]
    # An access arrives when its device issues it, and a request begins with the read of its header.
    for process, tbu in (("dma0", "TBU 0"), ("disk0", "TBU 1")):
        arrivals = {s.begin for s in accesses if s.track[1] == tbu}
        issued = [s for s in trace.slices if s.track[2] == process and s.track[0] in ("burst", "access")]
        # One that has stalled arrives anew when it is resumed.
        odd = [s for s in issued if s.begin not in arrivals and not any(s.begin < x.begin and x.end <= s.end for x in stalls)]
        check(issued and not odd and all(s.end > s.begin for s in issued), "%s: issued when nothing arrives: %s" % (process, odd[:3]), r)
    begins = {s.begin for s in trace.slices if s.track == ("access", "", "disk0")}
    requests = [s for s in trace.slices if s.track == ("request", "", "disk0")]
    check(requests and all(s.begin in begins and s.end > s.begin for s in requests), "requests begin with no access", r)
    faults = [s for s in accesses if "event" in s.arguments]
    check({s.arguments["event"] for s in faults} >= {"F_TRANSLATION"}, "no slice of an access that was terminated", r)
    check(len(stalls) >= report["statistics"]["smmu0"]["stalls_retried"] and {s.name for s in stalls} == {"F_TRANSLATION"}
          and all(s.end > s.begin for s in stalls), "other stalls: %s" % stalls[:5], r)


def case_levels_and_lines_of_a_dump_return_to_rest_and_agree_with_the_trace(b):
    r, report, trace, dump = traced(b)
    check(dump.timescale == "1 ps" and dump.end == report["sim_time_ps"], "another scale or end", r)
    top = [n.partition(".")[2] for n in dump.signals]
    for name in ("smmu0.queues.CMDQ", "smmu0.queues.EVENTQ", "smmu0.transactions.TBU0", "smmu0.walks", "smmu0.stalled",
                 "dma0.irq", "gic.irq36_dma0_irq", "gic.irq106_smmu0_eventq_irq"):
        check(name in top, "there is no signal %s in %s" % (name, top), r)
    shown = collections.defaultdict(list)
    for v in trace.values:
        shown[".".join(part for part in (v.track[2], v.track[1], v.track[0]) if part)].append((v.time, v.value))
    for name, changes in dump.signals.items():
        short = name.partition(".")[2]
        check(len(changes) > 1 and max(v for _, v in changes) > 0, "%s never changes" % name, r)
        if not short.startswith("smmu0.queues"):
            check(changes[-1][1] == 0, "%s is %d at the end" % (name, changes[-1][1]), r)
        # In the trace there are several values at a time; the last of them is that of the dump.
        last = dict(shown[short])
        for time, value in changes[1:]:
            later = [v for t, v in changes if t // 1000 == time // 1000]
            check(last.get(time // 1000) == later[-1], "%s is %s at %d ns, and %d in the dump" % (name, last.get(time // 1000), time // 1000, value), r)
            break
    vcd2fst = shutil.which("vcd2fst")
    if vcd2fst is None:
        print("vcd2fst is not installed (apt-get install gtkwave): GTKWave's own parser has not seen the dump")
        return
    done = subprocess.run([vcd2fst, os.path.join(b.folder, "trace.vcd"), os.path.join(b.folder, "trace.fst")], capture_output=True, text=True)
    check(done.returncode == 0 and not done.stderr.strip(), "vcd2fst: %s" % done.stderr)


def case_digest_and_events_are_those_of_a_run_without_traces(b):
    config = b.variant(init=INIT)
    path = os.path.join(b.folder, "plain.json")
    check(b.run(config, "--json", path).returncode == EXIT["pass"], "expected a run that passes")
    with open(path, encoding="utf-8") as f:
        plain = json.load(f)
    r, report, _, _ = traced(b, "--trace-ring", "100", "--trace-file", os.path.join(b.folder, "ring.txt"), config=config)
    for key in ("digest", "untimed_digest", "events", "sim_time_ps", "instructions", "statistics"):
        check(report[key] == plain[key], "another %s" % key, r)


def case_the_same_run_writes_the_same_traces(b):
    config = b.variant(init=INIT)
    files = []
    for _ in range(2):
        paths = [os.path.join(b.folder, n) for n in ("t.pftrace", "t.vcd", "t.txt")]
        check(b.run(config, "--perfetto", paths[0], "--vcd", paths[1], "--trace-ring", "50", "--trace-file", paths[2]).returncode == 0, "a failed run")
        files.append([open(p, "rb").read() for p in paths])
    check(files[0] == files[1] and all(files[0]), "another trace")


def case_an_smmuv2_has_its_accesses_walks_and_faults(b):
    b.config = os.path.join(b.source, "vp-configs", "gki-smmuv2.toml")
    init = "modprobe -a arm-smmu testdev-dma\ninsmod /lib/modules/arm-smmu-test.ko\nsmmuv2test live\ndmatest --test copy --size 1\ndmatest --test fault-read\npoweroff\n"
    config = b.variant(init=init, modules=[os.path.join(b.build, "sw", "test-modules", "arm-smmu-test.ko")])
    r, report, trace, _ = traced(b, config=config)
    slices = counts(trace.slices, "smmu0")
    for tbu, of_tbu in report["statistics_by_part"]["smmu0"]["tbu"].items():
        check(slices["TBU " + tbu] == of_tbu["accesses"], "TBU %s: %d slices, %d accesses" % (tbu, slices["TBU " + tbu], of_tbu["accesses"]), r)
    check(slices["walk"] == report["statistics"]["smmu0"]["walks"] > 0, "other walks", r)
    check(counts(trace.instants, "smmu0")["faults"] > 0, "no faults", r)


def blocks(text):
    """(reasons, lines) of what a ring has written."""
    parts = re.split(r"(?m)^# (\d+ ps: .*)\n", text)
    check(parts[0] == "", "lines without a reason: %r" % parts[0][:200])
    return list(zip(parts[1::2], [p.splitlines() for p in parts[2::2]]))


def case_a_ring_writes_what_led_to_a_fault_and_nothing_else(b):
    path = os.path.join(b.folder, "ring.txt")
    r = b.run(b.variant(init=INIT), "--trace", "smmu.*", "--trace-ring", "40", "--trace-file", path)
    check(r.returncode == EXIT["pass"], "expected a run that passes", r)
    with open(path, encoding="utf-8") as f:
        found = blocks(f.read())
    # Ten, and that there are more.
    check(len(found) == 11 and "this and what else goes wrong is not written" in found[-1][0] and not found.pop()[1], "%d blocks" % len(found), r)
    times = []
    for reasons, lines in found:
        check("smmu.event of smmu0: F_TRANSLATION" in reasons or "smmu.fault of smmu0" in reasons, reasons, r)
        check(0 < len(lines) <= 40 and any(" smmu.event event=F_" in line or " smmu.fault " in line for line in lines), "no fault among the lines", r)
        times += [int(line.split()[0]) for line in lines]
    check(times == sorted(times), "the lines are not in the order of their times", r)
    check("# " not in r.stderr, "it is on standard error, too", r)
    b.run(b.variant(init="modprobe -a arm-smmu-v3 testdev-dma\ndmatest --test copy --size 1\npoweroff\n"), "--trace-ring", "40", "--trace-file", path)
    check(os.path.getsize(path) == 0, "lines of a run in which nothing goes wrong")


def case_a_ring_shows_the_end_of_a_run_that_does_not_pass_on_standard_error(b):
    r = b.run(b.variant(init="poweroff\n"), "--min-tests", "1", "--trace", "cpu.*", "--trace-ring", "5")
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    m = re.search(r"(?m)^# \d+ ps: the run ends as fail: .*: the last 5 lines; \d+ before them were not kept\n(.* cpu\.\w+ .*\n){5}", r.stderr)
    check(m, "the last lines are not on standard error", r)


if __name__ == "__main__":
    main(globals())
