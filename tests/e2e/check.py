#!/usr/bin/env python3
"""The checker of drivers in whole runs (docs/rules.md): the bundled guest makes no mistake, and nothing changes by it.

usage: check.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import json
import os

from e2e import EXIT, check, main


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


def case_a_level_that_there_is_not_is_refused(b):
    r = b.run(os.path.join(b.source, "vp-configs/gki-smmuv3.toml"), "--check", "all")
    check(r.returncode == EXIT["config"] and "none of error, warn, note, off" in r.stderr, "expected the levels", r)


if __name__ == "__main__":
    main(globals())
