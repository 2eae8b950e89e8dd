#!/usr/bin/env python3
"""./vp regress with smmu-vp and the bundled guest.

usage: regress_run.py --program smmu-vp --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode, "\n--- stdout\n" + result.stdout[-3000:] + "\n--- stderr\n" + result.stderr[-3000:])
    sys.exit(1)


def python(b, script, *words):
    return subprocess.run([sys.executable, os.path.join(b.source, "platform/regress", script), *words, "--program", b.program],
                          capture_output=True, text=True, timeout=1500, check=False)


def case_a_guest_is_deterministic_and_its_coverage_is_counted(b):
    suite = os.path.join(b.folder, "s.toml")
    with open(os.path.join(b.folder, "short.init"), "w", encoding="utf-8") as f:
        f.write("coldplug\nsettle\ndmatest --test copy --size 1\npoweroff\n")
    with open(suite, "w", encoding="utf-8") as f:
        f.write('coverage = true\n[[runs]]\nname = "twice"\nconfigs = ["%s/vp-configs/gki-smmuv3.toml", "%s/vp-configs/gki-smmuv2.toml"]\n'
                'inits = ["short.init"]\nrepeat = 2\n' % (b.source, b.source))
    results = os.path.join(b.folder, "results")
    r = python(b, "regress.py", suite, "--results", results)
    check(r.returncode == 0 and "4 runs: 4 passed" in r.stdout, "expected four runs that pass", r)
    with open(os.path.join(results, "coverage.json"), encoding="utf-8") as f:
        hits = json.load(f)["hits"]
    for name in ("smmuv3/STE/Config=5", "smmuv3/CD/TG0=0", "smmuv3/command/CMD_SYNC", "smmuv3/leaf/vmsa64/stage1/4KiB/level3", "smmuv3/register/SMMU_CR0/write",
                 "smmuv3/invalidation/CMD_TLBI_NH_VA/some", "smmuv2/field/SMMU_S2CRn[translation context]/TYPE=0", "smmuv2/register/SMMU_CBn_SCTLR/write"):
        check(hits.get(name, 0) > 0, f"the guest has not used {name}")
    r = python(b, "coverage.py", results)
    check(r.returncode == 0 and "smmuv3/SPEC.md: " in r.stdout, "a report", r)


def case_nightly_the_sample_suite_passes(b):
    r = python(b, "regress.py", os.path.join(b.source, "vp-configs/regress.toml"), "--results", os.path.join(b.folder, "results"))
    check(r.returncode == 0 and ", 0 failed, 0 missing" in r.stdout, "expected runs that pass", r)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regress-") as folder:
        a.folder = folder
        globals()["case_" + a.case](a)


if __name__ == "__main__":
    main()
