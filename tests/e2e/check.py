#!/usr/bin/env python3
"""The checker of drivers in whole runs (docs/rules.md): the bundled guest makes no mistake, and nothing changes by it.

usage: check.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import pathlib
import sys
import xml.etree.ElementTree

from e2e import EXIT, check, main

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "checker", "bugs"))
import bugs  # noqa: E402


def report(b, config, name, *options):
    path = os.path.join(b.folder, name)
    r = b.run(os.path.join(b.source, "vp-configs", config), "--json", path, *options)
    with open(path, encoding="utf-8") as f:
        return r, json.load(f)


def no_mistake(b, config):
    plain, without = report(b, config, "without.json")
    r, told = report(b, config, "with.json", "--check", "note")
    check(plain.returncode == EXIT["pass"] and "check" not in without, "expected a run that passes", plain)
    check(r.returncode == EXIT["pass"], "expected no finding: %s" % told["check"]["counts"], r)
    check(told["check"]["looks"] > 1000 and told["check"]["pages"] > 20, "expected to have looked: %s" % told["check"], r)
    check(told["digest"] == without["digest"], "expected the digest of a run without --check", r)


def case_the_guest_makes_no_mistake_and_the_digest_is_that_without_the_checker(b):
    no_mistake(b, "gki-smmuv3.toml")


def case_devices_with_atcs_and_page_requests_are_driven_without_a_mistake(b):
    no_mistake(b, "gki-smmuv3-ats.toml")


def case_findings_of_a_baseline_fail_no_run_and_those_beyond_it_do(b):
    source = pathlib.Path(b.source)
    bug = next(one for one in bugs.bugs(source) if one["rule"] == "sync.missing")
    folder = pathlib.Path(b.folder)
    module = bugs.build_module(bug, source, pathlib.Path(b.build), folder)
    known, junit = os.path.join(b.folder, "known.json"), os.path.join(b.folder, "junit.xml")

    def run(*options):
        return report(b, os.path.basename(bug["config"]), "run.json", "--module", str(module), "--check", "error", "--timeout-sim", "5s",
                      "--init", os.path.join(b.folder, "init"), "--baseline", known, "--junit", junit, *options)

    b.write("init", "coldplug\nsettle\ndmatest --test copy --size 1\npoweroff\n")
    r, told = run("--baseline-update")
    found = sum(told["check"]["counts"].values())
    check(r.returncode == EXIT["pass"] and found > 0 and told["check"]["baseline"] == {"new": found, "known": 0, "stale": []},
          "expected new findings, written down: %s" % told["check"], r)
    with open(known, encoding="utf-8") as f:
        text = f.read()
    r, told = run()
    check(r.returncode == EXIT["pass"] and told["check"]["baseline"] == {"new": 0, "known": found, "stale": []},
          "expected known findings: %s" % told["check"]["baseline"], r)
    check("known error: sync.missing: " in r.stderr and " 0 new, %s known, 0 stale\n" % f"{found:,}".replace(",", " ") in r.stderr, "expected them to be told", r)
    cases = {c.get("name"): c for c in xml.etree.ElementTree.parse(junit).iter("testcase") if ".check.smmu0" in c.get("classname")}
    check(cases["sync.missing"].find("skipped") is not None and cases["tlbi.range"].find("*") is None, "expected rules as tests", r)
    # One less is known, and one that there is not.
    entries = json.loads(text)
    one = next(e for e in entries["findings"] if e["rule"] == "sync.missing")
    one["count"] -= 1
    if one["count"] == 0:
        entries["findings"].remove(one)
    entries["findings"].append({"rule": "end.cmdq", "smmu": "smmu0", "count": 2})
    b.write("known.json", json.dumps(entries))
    r, told = run()
    check(r.returncode == EXIT["check"] and told["reason"].startswith("--check: 1 mistake of a driver, first sync.missing"), "expected one finding to fail", r)
    stale = [{"rule": "end.cmdq", "smmu": "smmu0", "expected": 2, "found": 0}]
    check(told["check"]["baseline"] == {"new": 1, "known": found - 1, "stale": stale}, "expected: %s" % told["check"]["baseline"], r)
    check("end.cmdq, smmu0: 0 of 2 found" in r.stderr, "expected what is stale", r)
    cases = {c.get("name"): c for c in xml.etree.ElementTree.parse(junit).iter("testcase") if ".check.smmu0" in c.get("classname")}
    check("known" in cases["sync.missing"].find("failure").text or one["count"] == 0, "expected the whole finding", r)
    r, told = run("--baseline-update")
    with open(known, encoding="utf-8") as f:
        check(r.returncode == EXIT["pass"] and f.read() == text, "expected the same file", r)


def case_a_baseline_of_a_run_that_was_broken_off_or_that_is_malformed_stays(b):
    known = b.write("known.json", '{"schema": "smmu-vp-baseline-1",\n "findings": []}\n')
    r, _ = report(b, "gki-smmuv3.toml", "run.json", "--check", "error", "--baseline", known, "--baseline-update", "--timeout-sim", "10ms")
    check(r.returncode == EXIT["sim-timeout"] and "known.json is left as it is" in r.stderr, "expected it to be told", r)
    known = b.write("known.json", '{"schema": "smmu-vp-baseline-1",\n "findigs": []}\n')
    r, told = report(b, "gki-smmuv3.toml", "run.json", "--check", "error", "--baseline", known)
    check(r.returncode == EXIT["config"] and "known.json:2:2: findigs: there is no key 'findigs' here; did you mean 'findings'?" in r.stderr, "expected the place", r)
    r = b.run(None, "--baseline", known)
    check(r.returncode == EXIT["config"] and "--baseline needs --check" in r.stderr, "expected --check", r)


def case_a_level_that_there_is_not_is_refused(b):
    r = b.run(os.path.join(b.source, "vp-configs/gki-smmuv3.toml"), "--check", "all")
    check(r.returncode == EXIT["config"] and "none of error, warn, note, off" in r.stderr, "expected the levels", r)


if __name__ == "__main__":
    main(globals())
