#!/usr/bin/env python3
"""The HTML report of whole runs (docs/html-report.md): what is in it, and in a browser how it looks and is used.

usage: page.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed. Those that begin with nightly_ need
Chromium.
"""
import json
import os
import sys

from e2e import EXIT, check, main
from html_page import Page


def report(b, config, *options, name="page.html", code="pass"):
    """The result, and the page."""
    path = os.path.join(b.folder, name)
    r = b.run(config if config is None or os.path.isabs(config) else os.path.join(b.source, "vp-configs", config),
              "--html", path, *options)
    check(r.returncode == EXIT[code], "expected exit code %d" % EXIT[code], r)
    return r, Page(path)


def text_of(page, index):
    return page.data["strings"][index]


def sections(page, section):
    """All titles below one, and itself."""
    yield page.data["strings"][section["t"]]
    for below in section.get("s", []):
        yield from sections(page, below)


# ---- what is in it

def case_a_run_is_the_same_with_a_page_and_two_pages_are_the_same(b):
    path = os.path.join(b.folder, "report.json")
    b.run(None, "--json", path)
    with open(path, encoding="utf-8") as f:
        without = json.load(f)
    r, page = report(b, None)
    told = page.data["report"]
    for key in without:
        if key != "host":
            check(told[key] == without[key], "%s differs with --html" % key, r)
    first = page.text
    check(report(b, None)[1].text == first, "two pages of one run differ", r)
    check(len(first.encode()) < 2_000_000, "the page has %d bytes" % len(first.encode()), r)


def case_the_page_has_records_in_words_counts_over_time_and_what_was_set_up(b):
    r, page = report(b, None, "--check", "note")
    data = page.data
    events, records = data["report"]["events"], data["records"]
    check(len(events) == len(records) > 500, "a record for each event", r)
    known = [(e, x) for e, x in zip(events, records) if x]
    check(len(known) > 0.9 * len(events), "records that are known: %d of %d" % (len(known), len(events)), r)
    for event, record in known:
        fields = [data["strings"][i] for i in record[4]]
        check(event["sid"] == "0x0" or fields[fields.index("StreamID") + 1] == event["sid"], "the StreamID of %s: %s" % (event, fields), r)
    t = data["timeline"]
    accesses = t["counters"].index("accesses")
    for scope in t["scopes"]:
        by_time = sum(sum(run[1:]) for run in scope["counts"][accesses])
        stats = data["report"]
        final = stats["statistics"]["smmu0"] if not scope["kind"] else stats["statistics_by_part"]["smmu0"][scope["kind"]][scope["name"]]
        check(by_time == final["accesses"], "accesses of %s: %d" % (scope["kind"] + scope["name"], by_time), r)
    check(sum(sum(run[1:]) for c in t["commands"] for run in c["counts"]) == data["report"]["statistics"]["smmu0"]["commands"], "commands", r)
    when = [s["when"] for s in data["snapshots"]]
    check(len(when) == 3 and when[0] == "first fault" and when[2] == "end of the run", "snapshots: %s" % when, r)
    for snapshot in data["snapshots"][:2]:
        titles = list(sections(page, snapshot["contents"]))
        check("stream 0x100" in titles and "stream 0x110" in titles, "streams of: %s" % snapshot["when"], r)
        check(any(title.startswith("CD at") for title in titles), "CDs of: %s" % snapshot["when"], r)
    end = list(sections(page, data["snapshots"][2]["contents"]))
    check(not any(title.startswith("CD at") for title in end), "drivers are unloaded at the end", r)
    check([w["name"] for w in data["memory_map"] if w["kind"] == "memory"] == ["ram"], "the memory", r)
    check("smmu0" in [w["name"] for w in data["memory_map"] if w["kind"] == "SMMU"], "the SMMU", r)
    for shown in ("pass (exit code 0)", data["report"]["digest"], "F_TRANSLATION", "The checker has found nothing."):
        check(shown in page.shown, "shown without scripts: %s" % shown, r)


def case_an_smmuv2_is_shown_by_its_stream_mapping_groups_and_its_faults(b):
    r, page = report(b, "gki-smmuv2.toml")
    data = page.data
    fullest = next(s for s in data["snapshots"] if s["when"] not in ("first fault", "end of the run"))
    titles = list(sections(page, fullest["mapping"]))
    check(any(t.startswith("stream mapping group") and "StreamID 0x100, context bank" in t for t in titles), "groups: %s" % titles[:9], r)
    check(any(": Translation Control Register, AArch64" in t for t in titles), "registers of banks: %s" % titles, r)
    faults = data["faults"]["list"]
    check(len(faults) > 100 and {"TF", "PF"} <= {f["event"] for f in faults}, "faults", r)


def case_a_guest_that_crashes_is_told_first(b):
    r, page = report(b, b.crash("null"), code="fail")
    check("fail (exit code 1)" in page.shown and "crash_null" in page.shown[:600], "the reason: %s" % page.shown[:600], r)


if __name__ == "__main__":
    main(globals())
