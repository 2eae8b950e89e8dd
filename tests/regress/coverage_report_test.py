#!/usr/bin/env python3
"""./vp coverage-report, on files that are made by hand.

usage: coverage_report_test.py --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

POINTS = [("smmuv3/STE/S1DSS=0", "IHI 0070 5.2"), ("smmuv3/STE/S1DSS=1", "IHI 0070 5.2"), ("smmuv3/STE/DRE=1", "IHI 0070 5.2"),
          ("smmuv3/command/CMD_STALL_TERM", "IHI 0070 4.7.2"), ("smmuv3/event/F_STREAM_DISABLED", "IHI 0070 7.3.7"), ("smmuv2/walk/nested", "IHI 0062 2.1"),
          ("smmuv2/field/SMMU_S2CRn[bypass mode]/PRIVCFG=2", "IHI 0062 9.6.23")]


class Bench:
    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        self.points = self.write("points.json", {"schema": "smmu-vp-coverage-points-1", "points": "p",
                                                 "list": [{"name": n, "clause": c, "meaning": "m"} for n, c in POINTS]})

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(data if isinstance(data, str) else json.dumps(data))
        return path

    def hits(self, name, run, hits, points="p"):
        return self.write(name, {"schema": "smmu-vp-coverage-1", "version": "0", "points": points, "runs": [run], "hits": hits})

    def report(self, *words, code=0):
        r = subprocess.run([sys.executable, os.path.join(self.source, "platform/regress/coverage.py"), *words, "--points", self.points],
                           capture_output=True, text=True, timeout=60, check=False)
        check(r.returncode == code, f"expected exit code {code}", r)
        check("Traceback" not in r.stderr, "an exception escaped", r)
        return r


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode, "\n--- stdout\n" + result.stdout[-3000:] + "\n--- stderr\n" + result.stderr[-3000:])
    sys.exit(1)


def case_counts_of_runs_are_added_up_and_shown_by_kind(b):
    one = b.hits("one.json", "r1", {"smmuv3/STE/S1DSS=1": 3})
    b.hits("more/a/coverage.json", "r2", {"smmuv3/STE/S1DSS=1": 4, "smmuv2/walk/nested": 1})
    merged = os.path.join(b.folder, "all.json")
    told = b.report(one, os.path.join(b.folder, "more"), "--merge", merged).stdout
    lines = [line.split() for line in told.splitlines()]
    check(["2", "runs"] in lines and ["smmuv3/STE", "1", "2", "50.0", "%"] in lines and ["smmuv2/walk", "1", "1", "100.0", "%"] in lines, "the table: " + told)
    # SPEC.md says of destructive reads that they are not built.
    check("1 points of what SPEC.md calls not built are left out" in told and ["all", "2", "6", "33.3", "%"] in lines, "what is not built: " + told)
    with open(merged, encoding="utf-8") as f:
        data = json.load(f)
    check(data["hits"] == {"smmuv2/walk/nested": 1, "smmuv3/STE/S1DSS=1": 7} and data["runs"] == ["r1", "r2"], "merged: %s" % data)
    check(b.report(merged).stdout == told, "a merged file is a file")


def case_what_no_run_has_used_is_listed_by_kind_and_by_rule_of_the_specification(b):
    one = b.hits("one.json", "r1", {"smmuv3/STE/S1DSS=1": 3})
    check(b.report(one, "--uncovered", "smmuv3/STE").stdout == "smmuv3/STE/S1DSS=0  IHI 0070 5.2: m\n", "the points of a kind")
    check(len(b.report(one, "--uncovered", "all").stdout.splitlines()) == 5, "all points")
    told = b.report(one, "--spec", "smmuv3").stdout
    check("4.7.2: CMD_STALL_TERM" in told and "7.3.7: F_STREAM_DISABLED" in told and "S1DSS" not in told, "rules of SMMUv3: " + told)
    told = b.report(one, "--spec", "smmuv2").stdout
    check("S2CRn.PRIVCFG" in told, "rules of SMMUv2: " + told)
    check("there is no kind 'x'" in b.report(one, "--uncovered", "x", code=64).stderr, "no such kind")
    check("(--fail-under)" in b.report(one, "--fail-under", "17", code=1).stderr and b.report(one, "--fail-under", "16").stderr == "", "--fail-under")


def case_files_that_cannot_be_added_up_are_refused(b):
    one = b.hits("one.json", "r1", {"smmuv3/STE/S1DSS=1": 3})
    for name, data, said in (("a", "{", "no JSON"), ("b", "[]", "this is no \"schema\""), ("c", {"schema": "smmu-vp-report-1"}, "this is no \"schema\""),
                             ("d", {"schema": "smmu-vp-coverage-1", "points": "p", "runs": [], "hits": {"x": -1}}, "\"hits\" is no table of counts"),
                             ("e", {"schema": "smmu-vp-coverage-1", "points": "p", "runs": 5, "hits": {}}, "\"runs\" is no list"),
                             ("f", "[" * 100000, "no JSON")):
        r = b.report(one, b.write(name, data), code=64)
        check(said in r.stderr, "expected: " + said, r)
    check("are of programs that count other things" in b.report(one, b.hits("x", "r", {}, points="q"), code=64).stderr, "two programs")
    check("the program counts other things" in b.report(b.hits("x", "r", {}, points="q"), code=64).stderr, "another program")
    check("there is no coverage file" in b.report(code=64).stderr, "no file")
    check("No such file" in b.report("nowhere", code=64).stderr, "a file that is not there")
    check("unrecognized arguments: --x" in b.report("--x", code=64).stderr, "an option")


def case_whatever_is_in_a_file_it_is_read_or_refused(b):
    sys.path.insert(0, os.path.join(b.source, "platform/regress"))
    import coverage
    with open(b.hits("one.json", "r1", {"smmuv3/STE/S1DSS=1": 3}), encoding="utf-8") as f:
        good = f.read()
    generator = random.Random(1)
    for _ in range(3000):
        text = list(good)
        for _ in range(generator.randint(1, 4)):
            text[generator.randrange(len(text))] = generator.choice(["", "{", "}", "[", "\"", "5", "-", "null", ","])
        try:
            coverage.merge([b.write("x.json", "".join(text))])
        except coverage.CoverageError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        globals()["case_" + a.case](Bench(a.source, folder))


if __name__ == "__main__":
    main()
