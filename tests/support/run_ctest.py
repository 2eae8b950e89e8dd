#!/usr/bin/env python3
"""Runs ctest in the working directory, and says at the end which tests were skipped, and why; ctest does not.

usage: run_ctest.py [--label NAME]... CTEST-OPTION...
--label takes the tests of one label, which is a word and no regular expression as with ctest's -L; several take those of
any. That no test is found is an error.
A skipped test says its reason in its output, from the last line with "skipped:" (in any case) on. Exit code: ctest's.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET


def reason(output):
    lines = [line.rstrip() for line in output.strip().splitlines()]
    for i in reversed(range(len(lines))):
        found = re.search(r"(?i)skipped: *(.*)", lines[i])
        if found:
            return [found[1], *lines[i + 1:i + 6]]
    return lines[-3:] or ["it says nothing"]


def usage(text):
    print("vp test: " + text, file=sys.stderr)
    sys.exit(64)


def labels():
    """Those that tests in the working directory have; none where that is no build folder."""
    said = subprocess.run(["ctest", "--print-labels"], capture_output=True, text=True).stdout.splitlines()
    return [line.strip() for line in said if line.startswith("  ")]


def main():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--output-junit")
    parser.add_argument("--label", action="append", default=[])
    parser.error = usage
    args, rest = parser.parse_known_args()
    if args.label:
        known = labels()
        for label in args.label:
            if known and label not in known:
                usage("no test has the label '%s'; there are: %s" % (label, ", ".join(known)))
        rest += ["-L", "^(%s)$" % "|".join(map(re.escape, args.label))]
    # ./vp test leaves these out unless they are asked for.
    if "nightly" in args.label and "-LE" in rest:
        at = rest.index("-LE")
        del rest[at:at + 2]
    if not any(word.startswith("--no-tests") for word in rest):
        rest.append("--no-tests=error")
    with tempfile.TemporaryDirectory() as folder:
        report = args.output_junit or os.path.join(folder, "ctest.xml")
        status = subprocess.run(["ctest", *rest, "--output-junit", report]).returncode
        try:
            cases = ET.parse(report).getroot().iter("testcase")
        except FileNotFoundError:
            return status  # no test was run: ctest has said why
    # A test whose program is missing is marked in the same way, but ctest counts it as failed.
    skipped = [c for c in cases for mark in c.findall("skipped") if mark.get("message", "").startswith("SKIP_")]
    if skipped:
        print("\nSkipped:")
    for case in skipped:
        lines = reason(case.findtext("system-out") or "")
        print("  %s: %s" % (case.get("name"), "\n    ".join(lines)))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
