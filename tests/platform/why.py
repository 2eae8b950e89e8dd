#!/usr/bin/env python3
"""`smmu-vp why` on reports that are none, or others, seen from outside.

usage: why.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import check, main  # noqa: E402

STEP = {"what": "STE", "address": "0x1000", "words": ["0x1", "0x2"], "meaning": "legal", "decides": True,
        "fields": [{"name": "V", "bits": "0", "value": "0x0", "meaning": "valid", "decides": True}],
        "writer": {"name": "cpu0", "pc": "0xffff", "symbol": "kernel (f)", "time_ps": 5000}}
FAULT = {"time_ps": 1000, "source": "smmu0", "sid": "0x100", "ssid": "0x5", "address": "0x1234", "kind": "C_BAD_STE",
         "access": "write", "privileged": True, "secure": False, "tbu": 1, "ats": "none", "outcome": "abort", "event": 1, "more": 3,
         "last_time_ps": 2000,
         "explanation": {"verdict": "C_BAD_STE: the access is aborted", "clause": "IHI 0070 7.3.5", "steps": [STEP],
                         "record": {"StreamID": "0x100"}, "would_be_legal": "STE.V = 1", "stale": False, "agrees": True}}
REPORT = {"schema": "smmu-vp-report-1", "faults": [dict(FAULT, sid="0x1", event="CD.R is 0"), FAULT], "faults_dropped": 3,
          "events": [{"time_ps": 9, "source": "smmu0", "event": "F_UUT", "sid": "0x9", "address": "0x0"}, {"time_ps": 10, "source": "smmu0"}]}


def why(b, report, *words, code=0):
    r = b.call("why", b.write("run.json", report if isinstance(report, str) else json.dumps(report)), *words)
    check(r.returncode == code, "expected exit code %d with %s" % (code, words), r)
    return r


def case_why_tells_the_table_and_the_story_of_a_fault_by_number_event_and_address(b):
    table = why(b, REPORT).stdout
    check("C_BAD_STE" in table and "3 more faults" in table and "F_UUT" in table and "1 events are of none" in table, table)
    story = why(b, REPORT, "1").stdout
    for part in ("smmu0: stream 0x100, substream 0x5, address 0x1234: write, privileged, by TBU 1", "=> STE at 0x1000: 0x1 0x2, legal",
                 "last written by cpu0, pc 0xffff, kernel (f), at 5 ns", "as event 1", "IHI 0070 7.3.5", "STE.V = 1", "and 3 more like it"):
        check(part in story, "the story lacks '%s'\n%s" % (part, story))
    for words in ("last", "event:1", "sid:0x100,iova:0x1fff", "kind:C_BAD_STE,sid:256", "smmu:smmu0,ssid:5,sid:0x100"):
        check(why(b, REPORT, words).stdout == story, "another fault by %s" % words)
    check(json.loads(why(b, REPORT, "1", "--json").stdout) == FAULT, "--json gives the entry")
    check("no event: CD.R is 0" in why(b, REPORT, "0").stdout, "why there is no event")


def case_why_says_what_a_report_or_a_fault_lacks(b):
    for report, words, text in (
            ("", (), "no JSON at byte"), ("[1]", (), "no report of smmu-vp run --json"), ("{\"schema\": 1}", (), "expected 'smmu-vp-report-1'"),
            ({"schema": "smmu-vp-report-2"}, (), "'smmu-vp-report-2'"), ({"schema": "smmu-vp-report-1"}, (), "repeat the run"),
            ({"schema": "smmu-vp-report-1", "faults": 1, "events": []}, (), "'faults' is no array"),
            ({"schema": "smmu-vp-report-1", "faults": [1], "events": []}, (), "faults[0] is no object"),
            (REPORT, ("2",), "the report has 0 to 1"), (REPORT, ("x",), "is no fault"), (REPORT, ("sid:x",), "expected sid:NUMBER"),
            (REPORT, ("colour:1",), "expected sid:NUMBER"), (REPORT, ("sid:7",), "no fault is sid:7"), (REPORT, ("1", "2"), "expected: smmu-vp why"),
            (REPORT, ("--colour",), "why --help")):
        r = why(b, report, *words, code=64)
        check(text in r.stderr and r.stdout == "", "expected '%s'" % text, r)
    check(b.call("why", "no-such-file").returncode == 64, "a file that is not there")
    check("Examples" in b.call("why", "--help").stdout, "--help teaches")


def case_why_takes_whatever_a_report_holds(b):
    rng = random.Random(1)

    def spoilt(value):
        if rng.random() < 0.06:
            return rng.choice([None, -1, 1e300, 2**64 - 1, "", "0x", "\x1b[31m", [], {}, [[]], True, "{}"])
        if isinstance(value, dict):
            return {k: spoilt(v) for k, v in value.items() if rng.random() > 0.03}
        return [spoilt(v) for v in value] if isinstance(value, list) else value

    text = json.dumps(REPORT)
    for i in range(60):
        report = spoilt(REPORT) if i % 2 else text[:rng.randrange(len(text))] + rng.choice(["", "[", "}", "\x00", "\xff"])
        for words in ((), ("1",), ("sid:0x100,iova:0x1234",)):
            r = b.call("why", b.write("run.json", report if isinstance(report, str) else json.dumps(report)), *words)
            check(r.returncode in (0, 64) and "\x1b" not in r.stdout + r.stderr, "expected an answer or an error", r)
    deep = '{"schema": "smmu-vp-report-1", "faults": ' + "[" * 100000 + "]" * 100000 + ', "events": []}'
    check(why(b, deep, code=64).returncode == 64, "deep nesting is an error")


if __name__ == "__main__":
    main(globals())
