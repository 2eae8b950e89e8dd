#!/usr/bin/env python3
"""End-to-end tests of what is told of faults afterwards, by `smmu-vp why`.

usage: why.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import subprocess

from e2e import EXIT, check, main


def told(b, name, *options):
    """The report of a shipped platform, and what `why` says of it."""
    path = os.path.join(b.build, "why-%s-%d.json" % (name, os.getpid()))
    r = b.run(os.path.join(b.source, "vp-configs", name + ".toml"), "--json", path, *options)
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    with open(path) as f:
        report = json.load(f)

    def why(*words):
        return subprocess.run([b.program, "why", path, *words], capture_output=True, text=True, check=True).stdout
    texts = [why(), why("kind:F_PERMISSION" if "v3" in name else "last")]
    os.unlink(path)
    return report, texts


def agrees(report, kinds):
    faults = report["faults"]
    check(report["fault_count"] == len(faults) + report["faults_dropped"], "faults that are not kept are counted")
    seen = {f["kind"].split(".")[-1] for f in faults}
    check(kinds <= seen, "expected %s among %s" % (kinds, seen))
    for f in faults:
        e = f["explanation"]
        check(e["agrees"] and not e["stale"], "an explanation does not agree: %s" % e["verdict"])
        check(e["would_be_legal"], "no remedy: %s" % e["verdict"])
        check(any(s["decides"] for s in e["steps"]), "nothing decides: %s" % e["verdict"])


def case_each_fault_of_the_smmuv3s_tests_is_explained_as_it_was_recorded(b):
    report, (table, story) = told(b, "gki-smmuv3", "--check=off")
    agrees(report, {"F_TRANSLATION", "F_PERMISSION", "C_BAD_SUBSTREAMID"})
    for f in report["faults"]:
        if not isinstance(f["event"], int):
            continue
        event = report["events"][f["event"]]
        check(event["event"] == f["kind"] and event["sid"] == f["sid"] and event["address"] == f["address"], "another event: %s" % f)
    check("C_BAD_SUBSTREAMID" in table, "the table lists them", table)
    check("AP[2] = 1 makes it read only: a write needs AP[2] = 0 in the descriptor at 0x" in story, "the bit is named", story)
    check("last written by cpu0, pc 0x" in story, "--check knows who wrote the tables", story)


def case_each_fault_of_the_smmuv2s_tests_is_explained_as_it_was_recorded(b):
    report, (table, _) = told(b, "gki-smmuv2")
    agrees(report, {"TF", "PF"})
    check("SMMU_CB2_FSR.TF" in table, "the table names the bank", table)
    check(all("registers" in f["event"] for f in report["faults"]), "an SMMUv2 has no events")


if __name__ == "__main__":
    main(globals())
