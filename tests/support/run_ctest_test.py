#!/usr/bin/env python3
"""run_ctest.py with a few tests that pass, fail and skip."""
import os
import re
import subprocess
import sys
import tempfile

TESTS = """
add_test(passes true)
add_test(skips sh -c "echo before; echo 'linux: SKIPPED: apt-get update failed:' >&2; echo '  no proxy'; exit 77")
add_test(says_little sh -c "echo there is no network; exit 77")
set_tests_properties(skips says_little PROPERTIES SKIP_RETURN_CODE 77)
set_tests_properties(passes PROPERTIES LABELS core)
set_tests_properties(skips PROPERTIES LABELS "core;nightly")
set_tests_properties(says_little PROPERTIES LABELS cores)
add_test(fails sh -c "echo skipped: nothing; exit 3")
"""
END = """
Skipped:
  skips: apt-get update failed:
      no proxy
  says_little: there is no network
"""
script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run_ctest.py")
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "CTestTestfile.cmake"), "w") as f:
        f.write(TESTS)

    def run(*options):
        return subprocess.run([sys.executable, script, *options], cwd=folder, capture_output=True, text=True)

    for options, code, end in (((), 8, END), (("-E", "fails"), 0, END), (("-R", "passes"), 0, None), (("-N",), 0, None),
                               (("-E", "fails", "--output-junit", "own.xml"), 0, END)):
        r = run(*options)
        if r.returncode != code or not r.stdout.endswith(end or "") or (end is None and "Skipped:" in r.stdout):
            sys.exit("FAILED: %s: exit code %d\n%s\n%s" % (options, r.returncode, r.stdout, r.stderr))
    for options, names in (((), {"passes", "skips", "says_little", "fails"}), (("--label", "core"), {"passes", "skips"}),
                           (("--label=core", "-LE", "nightly"), {"passes"}), (("-LE", "nightly", "--label", "nightly"), {"skips"}),
                           (("--label", "core", "--label", "cores"), {"passes", "skips", "says_little"}),
                           (("--label", "c.re"), set()), (("-R", "nosuch"), set())):
        r = run("-N", *options)
        found = set(re.findall(r"Test +#\d+: (\w+)", r.stdout))
        if found != names:
            sys.exit("FAILED: %s: the tests are %s\n%s" % (options, found, r.stdout))
        if not names and run(*options).returncode == 0:
            sys.exit("FAILED: %s: no test was run, and nobody is told" % (options,))
    if not os.path.exists(os.path.join(folder, "own.xml")):
        sys.exit("FAILED: the user's own report is not written")
