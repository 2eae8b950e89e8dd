#!/usr/bin/env python3
"""What a run must show to pass, and what its reports say of that; on platforms of stand-ins.

usage: judging.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import check, main  # noqa: E402

ONE_TEST = "KTAP version 1\n1..1\nok 1 a\n"


def text(console):
    return ("--set", "cpu0.text=" + console)


def reports(b, *options, **more):
    """A run's result, its JSON report, and its JUnit suite."""
    r = b.run(*options, "--json", b.path("j"), "--junit", b.path("u"), **more)
    return r, json.loads(b.read("j")), xml.etree.ElementTree.parse(b.path("u")).getroot().find("testsuite")


def run_failure(suite):
    return suite.find("testcase[@name='run']/failure")


def promising(b, least):
    return b.edited(("[bus]", "[run]\nmin_tests = %d\n[bus]" % least))


# ---- test results

def case_results_that_stand_in_no_document_fail_the_run_and_are_named(b):
    r, j, suite = reports(b, *text("boot\nok 1 a\nnot ok 2 b\n"))
    check(r.returncode == 1, "expected exit code 1", r)
    check("results outside of a test document, which begins with 'KTAP version 1': 2 lines, first 'ok 1 a' in line 2" in r.stderr, "the summary", r)
    check(len(j["tests"]["problems"]) == 1 and "outside of a test document" in run_failure(suite).get("message"), "the reports", r)
    check(b.run(*text("ok then, 1..2, 3\n")).returncode == 0, "a line that begins with ok")


def case_a_failed_test_behind_printks_caller_fails_the_run(b):
    r, j, _ = reports(b, *text("".join("[    2.345678][    T1] %s\n" % s for s in ("KTAP version 1", "1..1", "not ok 1 a # TIMEOUT 3 s"))))
    check(r.returncode == 1 and j["tests"]["cases"] == [{"suite": "", "name": "a", "result": "failed", "reason": "TIMEOUT 3 s"}], "cases", r)


# ---- how many tests

def case_a_configuration_that_promises_tests_does_not_pass_without_them(b):
    for console, code in ((ONE_TEST, 0), ("hello\n", 1), ("KTAP version 1\n1..1\nok 1 a # SKIP\n", 1)):
        r, j, _ = reports(b, *text(console), config=promising(b, 1))
        check(r.returncode == code and j["tests"]["required"] == 1, "expected exit code %d for %r" % (code, console), r)
        check(re.search(r"tests +.*; at least 1 asked for\n", r.stderr), "the summary", r)
    check("none of 1 tests ran, and at least 1 must (--min-tests, or min_tests of the configuration)" in r.stderr, "the reason", r)


def case_min_tests_overrides_the_configuration_and_0_is_told(b):
    r = b.run("--min-tests", "0", config=promising(b, 1))
    check(r.returncode == 0 and re.search(r"tests +none; none asked for\n", r.stderr), "0 in the summary", r)
    check(re.search(r"tests +none; none asked for\n", b.run().stderr), "a configuration without a promise")
    check(b.run(*text(ONE_TEST), "--min-tests", "2").returncode == 1, "too few")
    check(b.run(*text(ONE_TEST), "--min-tests", "1").returncode == 0, "enough")
    r = b.run("--min-tests", "few")
    check(r.returncode == 64 and "--min-tests: 'few' is no number" in r.stderr, "no number", r)


def case_the_promise_goes_with_what_is_booted_and_is_not_for_a_shell(b):
    check(b.run("--console", config=promising(b, 1)).returncode == 0, "--console")
    check(b.run("--initrd", b.write("rd", "0123"), config=promising(b, 1)).returncode == 0, "--initrd")
    check(b.run("--kernel", b.path("kernel.elf"), config=promising(b, 1)).returncode == 0, "--kernel")
    check(b.run("--initrd", b.path("rd"), "--min-tests", "1", config=promising(b, 1)).returncode == 1, "--initrd with --min-tests")


# ---- lines that must not be there

OOPS = "[    1.234567] Internal error: Oops: 0000000096000004 [#1] SMP\r\n"


def case_a_crash_on_the_console_fails_a_run_that_powers_off(b):
    r, j, suite = reports(b, *text("one\n" + OOPS + ONE_TEST + "BUG: x\n"))
    told = "'Internal error: Oops: 0000000096000004 [#1] SMP' in line 2 of the console, which --fail-on 'Internal error: ' matches"
    check(r.returncode == 1 and j["reason"] == told, "expected exit code 1 and the line", r)
    check(re.search(r"fail-on +2 lines, first " + re.escape(told), r.stderr), "the summary", r)
    check(j["console_match_count"] == 2 and [(m["line"], m["pattern"]) for m in j["console_matches"]] == [(2, "Internal error: "), (6, r"\bBUG: ")], "JSON: %s" % j["console_matches"])
    check(run_failure(suite).get("message") == told and "BUG: x" in run_failure(suite).text, "JUnit")


def case_the_default_of_fail_on_can_be_added_to_and_switched_off(b):
    check(b.run(*text(OOPS), "--fail-on", "x1").returncode == 1, "the default stays")
    check(b.run(*text(OOPS), "--no-default-fail-on").returncode == 0, "the default is off")
    check(b.run(*text("sid 0x1a\n"), "--no-default-fail-on", "--fail-on", "y", "--fail-on", "sid 0x[0-9a-f]+$").returncode == 1, "one's own")
    check(b.run(*text("sid 0x1a\n"), "--fail-on", "^id").returncode == 0, "no match")


def case_a_match_is_told_beside_another_end_of_the_run(b):
    r, j, suite = reports(b, *text(OOPS), "--set", "cpu0.end=spin", "--timeout-sim", "5ms")
    check(r.returncode == 65 and re.search(r"fail-on +1 line, first 'Internal error", r.stderr), "the summary", r)
    check(j["console_match_count"] == 1 and "Internal error" in run_failure(suite).text, "the reports")


def case_a_bad_regular_expression_is_refused_with_its_column(b):
    for pattern, said in (("a(b", "column 2: the group has no ')'"), ("[a", "column 1: the set has no ']'"), ("x*", "matches an empty line")):
        r = b.run("--fail-on", pattern)
        check(r.returncode == 64 and said in r.stderr and "--fail-on: '%s'" % pattern in r.stderr and r.stdout == "", "expected: " + said, r)


def case_the_documentation_shows_the_default_patterns(b):
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(top, "platform", "src", "console_watch.cpp")) as f:
        patterns = re.findall(r'R"\((.*)\)"', f.read())
    with open(os.path.join(top, "docs", "report.md")) as f:
        shown = f.read().split("of Linux and of the bundled guest:\n\n")[1].split("\n\n")[0].splitlines()
    check([p.strip() for p in patterns] == [s.strip() for s in shown], "%s and %s differ" % (patterns, shown))


def case_a_guest_cannot_make_a_pattern_slow(b):
    r = b.run(*text("a" * 30000 + "!\n"), "--fail-on", "(a+)+$", "--fail-on", "(a|aa)*b", "--timeout-wall", "50s")
    check(r.returncode == 0, "expected exit code 0", r)


# ---- diagnostics that are put up with

def case_allow_waives_a_diagnostic_by_its_site(b):
    strict = ("--set", "cpu0.end=diagnostic", "--strict")
    r = b.run(*strict)
    check(r.returncode == 67 and "--strict: 1 diagnostic: cpu0:site (1); --allow SITE[=N] puts up with one" in r.stderr, "the reason", r)
    for allow in ("site", "cpu0:site", "site=1"):
        r = b.run(*strict, "--allow", allow)
        check(r.returncode == 0 and re.search("allowed +%s: 1" % allow.split("=")[0], r.stderr), "expected exit code 0 with " + allow, r)
    r, j, _ = reports(b, *strict, "--allow", "dma0:site", "--allow", "site=2")
    check(r.returncode == 0 and re.search(r"allowed +'dma0:site' matched nothing\n", r.stderr), "an --allow without use is not told", r)
    check(j["allowed"] == [{"site": "dma0:site", "count": 0}, {"site": "site", "count": 1, "most": 2}], "JSON: %s" % j["allowed"])
    check(b.run(*strict, "--allow", "sit").returncode == 67, "a part of a name")
    check(b.run("--allow", "site").returncode == 64, "--allow without --strict")
    r = b.run(*strict, "--allow", "site=10")
    check(r.returncode == 64 and "no number from 1 to 9" in r.stderr, "more than is reported", r)


# ---- how much

def case_a_console_beyond_its_limit_ends_the_run(b):
    r, j, _ = reports(b, *text("0123456789"), "--set", "cpu0.end=spin", "--console-limit", "9")
    check(r.returncode == 69 and r.stdout == "012345678", "expected exit code 69 and nine bytes", r)
    check(j["verdict"] == "console-limit" and "--console-limit SIZE raises the limit" in j["reason"], "JSON: %s" % j["reason"])
    check(b.run(*text("0123456789"), "--console-limit", "10").returncode == 0, "what fits")
    check(b.run(*text("0123456789"), "--console-limit", "1KiB").returncode == 0, "a unit")
    config = b.edited(("[bus]", '[run]\nconsole_limit = "9"\n[bus]'))
    check(b.run(*text("0123456789"), config=config).returncode == 69, "the configuration's limit")
    check(b.run(*text("0123456789"), "--console-limit", "10", config=config).returncode == 0, "the option overrides it")
    check(b.run("--console-limit", "0").returncode == 64, "a limit of nothing")


# ---- what the reports call a run

def case_reports_have_name_version_arguments_and_settings(b):
    options = ("--name", "nightly <1>", *text("it's\n"), "--set", "cpu0.status=3")
    r, j, suite = reports(b, *options)
    version = b.call("--version").stdout.split()[1]
    words = ["run", b.config, *options, "--json", b.path("j"), "--junit", b.path("u")]
    check(r.returncode == 0, "expected exit code 0", r)
    check((j["name"], j["platform"], j["version"]) == ("nightly <1>", "good", version), "JSON: %s" % j)
    check(j["settings"] == ["cpu0.text=it's\n", "cpu0.status=3"] and j["host"]["arguments"] == words, "JSON: %s" % j)
    check(suite.get("name") == "nightly <1>", "JUnit: %s" % suite.attrib)
    properties = {p.get("name"): p.get("value") for p in suite.find("properties")}
    check((properties["version"], properties["set.cpu0.status"], properties["platform"]) == (version, "3", "good"), "JUnit: %s" % properties)
    check(properties["arguments"].startswith("run ") and "'nightly <1>'" in properties["arguments"], "JUnit: %s" % properties)
    check((properties["digest"], properties["untimed_digest"]) == (j["digest"], j["untimed_digest"]), "JUnit: %s" % properties)
    r, j, suite = reports(b)
    check(j["name"] == "good" and suite.get("name") == "good", "without --name it is the configuration's")


def case_the_digest_without_times_ignores_when_a_line_was_printed(b):
    def digests(console):
        _, j, _ = reports(b, *text(console), "--set", "cpu0.end=event")
        return j["digest"], j["untimed_digest"]
    first, later, other = (digests(c) for c in ("[    1.000000] a\n", "[    2.000000] a\n", "[    1.000000] b\n"))
    check(first[0] != later[0] and first[1] == later[1], "a time: %s %s" % (first, later))
    check(first[1] != other[1], "another line: %s %s" % (first, other))


if __name__ == "__main__":
    main(globals())
