#!/usr/bin/env python3
"""Checks the trace of a run, as --trace-file writes it: every line is a record, and none is earlier than the one before.

usage: check_trace.py FILE
Exit 0: it is in order; 1: it says where not.
"""
import re
import sys

RECORD = re.compile(r"(\d+) \S+ \S+\.\S+( \S+=.*)?$")


def first_mistake(lines):
    """What is wrong with the first line that is, or None."""
    last, before = -1, ""
    for number, line in enumerate(lines, 1):
        m = RECORD.match(line)
        if not m:
            return "line %d is no record: %r" % (number, line)
        if int(m.group(1)) < last:
            return "line %d goes back in time:\n  %s\n  %s" % (number, before, line)
        last, before = int(m.group(1)), line
    return None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1]) as f:
        mistake = first_mistake(f.read().splitlines())
    if mistake:
        sys.exit(mistake)


if __name__ == "__main__":
    main()
