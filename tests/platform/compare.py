#!/usr/bin/env python3
"""`smmu-vp compare`, seen from outside.

usage: compare.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import check, main  # noqa: E402


def report(b, name, statistics, **more):
    return b.write(name, json.dumps({"digest": "d", "statistics": statistics, **more}))


def compare(b, first, second, *options, code=0):
    r = b.call("compare", report(b, "a", first), report(b, "b", second), *options)
    check(r.returncode == code, "expected exit code %d with %s" % (code, options), r)
    return r


def case_equal_statistics_compare_equal_and_differing_ones_are_listed(b):
    r = compare(b, {"s": {"hits": 1, "misses": 2}}, {"s": {"hits": 1, "misses": 2}})
    check(r.stdout == "  2 keys: 2 equal, 0 within tolerance, 0 differ, 0 missing\n", "another text", r)
    r = compare(b, {"s": {"hits": 1, "misses": 200}}, {"s": {"hits": 1, "misses": 210}}, code=1)
    check(re.search(r"s\.misses +200 +210 +\+5\.00 % +0 +differs\n", r.stdout) and "s.hits" not in r.stdout, "another table", r)


def case_the_columns_line_up(b):
    first = {"a": {"x": 1, "a_long_name": 123456789012}, "b": {"y": 5}}
    second = {"a": {"x": 2, "a_long_name": 0}, "c": {"z": 18446744073709551615}}
    rows = compare(b, first, second, code=1).stdout.splitlines()[:-1]
    starts = [[m.start() for m in re.finditer(r"(?<=  )\S", row)] for row in rows]
    check(all(set(s) <= set(starts[0] + [rows[0].index("tolerance") + 11]) for s in starts), "the columns do not line up: %s" % rows)


def case_a_tolerance_is_a_part_of_the_first_value_and_the_last_glob_that_matches_counts(b):
    first, second = {"s": {"hits": 100, "misses": 100}, "t": {"hits": 0}}, {"s": {"hits": 105, "misses": 90}, "t": {"hits": 1}}
    compare(b, first, second, "--tolerance", "5%", code=1)
    compare(b, first, second, "--tolerance", "s.h*=5%", "--tolerance", "s.misses=0.1", "--tolerance", "t.hits=any")
    compare(b, first, second, "--tolerance", "any")
    compare(b, first, second, "--tolerance", "any", "--tolerance", "*.misses=9.9%", code=1)
    r = compare(b, first, second, "--tolerance", "1", code=1)
    check(re.search(r"t\.hits +0 +1 +from 0 +1 +differs", r.stdout) and re.search(r"s\.hits .* within\n", r.stdout), "what begins with 0", r)
    compare(b, {"s": {"n": 18446744073709551615}}, {"s": {"n": 18446744073709551614}}, code=1)


def case_a_bare_number_above_1_is_no_tolerance_because_it_may_be_meant_as_percent(b):
    r = compare(b, {"s": {"n": 1}}, {"s": {"n": 2}}, "--tolerance", "5", code=64)
    check("'5' is no tolerance" in r.stderr and "5%" in r.stderr, "the fix is not named", r)


def case_a_key_of_one_report_only_is_named_and_differs(b):
    r = compare(b, {"s": {"hits": 1}}, {"s": {"misses": 1}}, "--tolerance", "any", code=1)
    check(re.search(r"s\.hits +1 +- +missing in B\n", r.stdout) and re.search(r"s\.misses +- +1 +missing in A\n", r.stdout), "another table", r)


def case_simulated_time_and_instructions_are_keys_of_real_reports(b):
    for name, text in (("one", "hello"), ("two", "hello!")):
        b.run("--set", "cpu0.text=" + text, "--json", b.path(name))
    r = b.call("compare", b.path("one"), b.path("one"))
    check(r.returncode == 0, "a report differs from itself", r)
    r = b.call("compare", b.path("one"), b.path("two"))
    for key in ("sim_time_ps", "instructions", r"cpu0\.bytes_sent"):
        check(r.returncode == 1 and re.search(key + r" .*differs\n", r.stdout), "the table lacks " + key, r)


def case_reports_of_runs_that_did_not_take_place_are_refused(b):
    refused = b.path("refused")
    r = b.run("--set", "no.such=1", "--json", refused)
    check(r.returncode == 64 and os.path.exists(refused), "expected a report of the refusal", r)
    good = report(b, "good", {"s": {"hits": 1}})
    for pair in ((refused, refused), (good, refused), (refused, good)):
        r = b.call("compare", *pair)
        check(r.returncode == 64 and r.stdout == "" and re.search(r"refused: the report of a run without a result.*'config'", r.stderr), "expected a refusal", r)
    r = b.call("compare", good, b.write("other", '{"statistics": {}}'))
    check(r.returncode == 64 and re.search("other: .*no 'digest'", r.stderr), "expected a refusal", r)


def case_what_cannot_be_compared_is_refused(b):
    good = report(b, "good", {"s": {"hits": 1}})
    for content, said in ((None, "no such file"), ('{"a": ', "no JSON at byte"), ("{}", "no 'statistics'"), ('{"digest": "d", "statistics": {"s": {"h": "1"}}}', r"statistics\.s\.h is no number"),
                          ('{"digest": "d", "statistics": {"s": 1}}', r"statistics\.s is no object"), ('{"digest": "d", "statistics": {"s": {"h": 1e999}}}', "no JSON"), ("[" * 100000, "no JSON")):
        other = b.path("none") if content is None else b.write("other", content)
        r = b.call("compare", good, other)
        check(r.returncode == 64 and r.stdout == "" and re.search(said, r.stderr), "expected exit code 64 and %r" % said, r)
    for words, said in (((good,), "expected: smmu-vp compare A B"), ((good,) * 3, "expected: smmu-vp compare A B"), ((good, good, "--tol", "5%"), "unrecognised option"),
                        ((good, good, "--tolerance", "t.*=5%"), r"no key of either report matches 't\.\*'"),
                        *(((good, good, "--tolerance", bad), "'%s' is no tolerance" % bad) for bad in ("x=y", "=5%", "5%%", "-1", "", "%", "nan"))):
        r = b.call("compare", *words)
        check(r.returncode == 64 and r.stdout == "" and re.search(said, r.stderr), "expected exit code 64 and %r" % said, r)
    r = b.call("compare", "--help")
    check(r.returncode == 0 and "--tolerance [GLOB=]PART" in r.stdout, "--help", r)
    check(b.call("help", "compare").stdout == r.stdout, "help compare")


if __name__ == "__main__":
    main(globals())
