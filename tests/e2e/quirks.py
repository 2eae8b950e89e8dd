#!/usr/bin/env python3
"""End-to-end tests of the guest's drivers, which have no workarounds, on SMMUs with quirks (docs/quirks.md).

usage: quirks.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import re

from e2e import EXIT, check, main

V3 = "modprobe -a arm-smmu-v3 testdev-dma\ndmatest --size 5\npoweroff\n"


def dmatest(b, quirk):
    r = b.run(b.variant(init=V3), "--set", "smmu0.quirks=" + quirk)
    return r, re.findall(r"(?m)^not ok \d+ - (.*)$", r.stdout)


def case_a_driver_that_sends_each_invalidation_once_leaves_pages_to_devices(b):
    r, failed = dmatest(b, "nvidia_invalidation_race")
    check(r.returncode == EXIT["fail"] and failed, "expected tests that fail", r)


def case_a_driver_that_looks_for_events_in_page_1_hears_of_no_fault(b):
    r, failed = dmatest(b, "cavium_74")
    check(r.returncode == EXIT["fail"] and any(f.startswith("fault") for f in failed), "expected faults that nobody tells: %s" % failed, r)


def case_a_driver_that_knows_the_one_line_of_interrupts_works(b):
    r, failed = dmatest(b, "cavium_126")
    check(r.returncode == EXIT["pass"], "expected tests that pass: %s" % failed, r)


def case_an_unknown_quirk_is_refused_with_those_that_there_are(b):
    r = b.run(b.variant(init=V3), "--set", "smmu0.quirks=cavium_75")
    check(r.returncode == EXIT["config"] and "did you mean 'cavium_74'" in r.stderr and "nvidia_invalidation_race" in r.stderr,
          "expected what is known", r)


if __name__ == "__main__":
    main(globals())
