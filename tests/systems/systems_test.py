#!/usr/bin/env python3
"""What .ci/systems reads and prints; the systems themselves are the nightly tests of this folder.

usage: systems_test.py --source DIR CASE
"""
import argparse
import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
import tempfile


def check(good, what):
    if not good:
        sys.exit("FAILED: %s" % (what,))


def load(source):
    loader = importlib.machinery.SourceFileLoader("systems", os.path.join(source, ".ci", "systems"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("systems", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def case_the_commands_are_the_first_block_of_the_readme(systems, source):
    with open(os.path.join(source, "README.md")) as f:
        commands = systems.readme_commands(f.read())
    check(commands == ["./vp run vp-configs/gki-smmuv3.toml", "./vp test"], commands)
    for text, expected in (("# t\n\ntext\n\n    ./vp a 'b  c'\n    ./vp d\n\n    ./vp e\n", ["./vp a 'b  c'", "./vp d"]),
                           ("no block\n", [])):
        found = systems.readme_commands(text)
        check(found == expected, (text, found))


def case_tests_of_ctest_and_of_a_guest_are_counted_by_outcome(systems, _):
    ctest = """
      Start  1: a
 1/5 Test  #1: a ..........................   Passed    0.16 sec
 2/5 Test #20: b.c .......................***Failed    0.35 sec
not a test: Passed 1 sec
 3/5 Test  #3: d .........................***Skipped   0.01 sec
 4/5 Test  #4: e .........................***Timeout 600.01 sec
 5/5 Test  #5: f ..........................***Exception: SegFault  0.10 sec
"""
    check(systems.tests_of(ctest) == (1, 3, 1), systems.tests_of(ctest))
    guest = "KTAP version 1\r\n1..3\r\nok 1 - copy: 64 MiB\r\nnot ok 2 - b\r\nok 3 - c # SKIP none\r\nlook ok 4\r\n"
    check(systems.tests_of(guest) == (1, 1, 1), systems.tests_of(guest))
    check(systems.tests_of("built\n") is None, "output without tests")


def case_what_the_arm64_script_says_of_its_checks_is_counted(systems, source):
    with open(os.path.join(source, "tests", "systems", "arm64.sh")) as f:
        check_function = re.search(r"(?ms)^failed=0\n.*?^}\n", f.read())[0]
    with tempfile.TemporaryDirectory() as build:
        said = subprocess.run(["sh", "-c", check_function + "check a true; check b false; check c true"], env=dict(os.environ, build=build),
                              stdout=subprocess.PIPE, text=True, check=True).stdout
    check(systems.tests_of(said) == (2, 1, 0), said)


def case_the_table_has_a_line_a_command_and_what_is_installed(systems, _):
    run = {"command": "./vp run", "status": 0, "wall": 12.3, "cpu": 20, "tests": (9, 0, 0)}
    test = {"command": "./vp test", "status": 8, "wall": 1000.6, "cpu": 1999, "tests": None}
    lines = systems.report([{"release": "trixie", "debian": "13.8", "commands": [run, test], "disk": 4.2e9,
                             "versions": {"SystemC": "3.0.1-1", "GCC": "4:14.2.0-1"}}])
    check(lines == ["system  command    exit  wall s  cpu s  passed  failed  skipped",
                    "trixie  ./vp run      0      12     20       9       0        0",
                    "trixie  ./vp test     8    1001   1999       -       -        -",
                    "",
                    "trixie: Debian 13.8; SystemC 3.0.1-1, GCC 4:14.2.0-1; 4.2 GB of disk"], "\n".join(lines))


def case_whoever_cannot_make_a_system_is_told_what_to_do(systems, _):
    def refusal():
        said = []
        systems.say = said.append
        try:
            systems.check_abilities()
        except SystemExit as e:
            check(e.code == 77, e.code)
            return said[0]
        return "nothing"

    systems.os.geteuid = lambda: 1000
    systems.sys.argv = ["/x/.ci/systems", "trixie"]
    check(refusal() == "root is needed, for chroot and mount: sudo /x/.ci/systems trixie", refusal())
    systems.os.geteuid = lambda: 0
    systems.shutil.which = lambda program: None
    check(refusal() == "debootstrap is needed: apt-get install debootstrap", refusal())
    systems.shutil.which = lambda program: program
    systems.subprocess.run = lambda *_, **__: subprocess.CompletedProcess([], 1, "", "unshare failed: Operation not permitted\n")
    check("Operation not permitted" in refusal() and "CAP_SYS_ADMIN" in refusal(), refusal())


def case_a_wrong_release_is_refused_before_anything_is_made(_, source):
    for name in ("../x", "13", "Trixie", ""):
        r = subprocess.run([sys.executable, os.path.join(source, ".ci", "systems"), name], capture_output=True, text=True)
        check(r.returncode == 64 and "for example trixie" in r.stderr, (name, r))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    globals()["case_" + args.case](load(args.source), args.source)


if __name__ == "__main__":
    main()
