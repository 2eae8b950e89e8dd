#!/usr/bin/env python3
"""./vp regress with a stand-in for smmu-vp, seen from outside.

usage: regress_test.py --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import argparse
import json
import os
import random
import re
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from terminal import Terminal  # noqa: E402


class Bench:
    def __init__(self, source, folder):
        self.source, self.folder = source, folder
        self.program = os.path.join(source, "tests/regress/fake_smmu_vp.py")
        self.results = self.path("results")
        self.log = self.path("log")
        self.write("log", "")
        self.write("c.toml", "")
        self.env = dict(os.environ, FAKE_LOG=self.log, PYTHONDONTWRITEBYTECODE="1")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def suite(self, *groups, top=""):
        text = top + "\n" + "".join('[[runs]]\nconfigs = ["c.toml"]\n' + g + "\n" for g in groups)
        return self.write("suite.toml", text)

    def words(self, *words):
        return [sys.executable, os.path.join(self.source, "platform/regress/regress.py"), self.path("suite.toml"), "--program", self.program,
                "--results", self.results, *words]

    def run(self, *words, code=None, **env):
        r = subprocess.run(self.words(*words), env=dict(self.env, **env), capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL, check=False)
        if code is not None:
            check(r.returncode == code, f"expected exit code {code}", r)
        check("Traceback" not in r.stderr, "an exception escaped", r)
        return r

    def logged(self):
        with open(self.log, encoding="utf-8") as f:
            return f.read().splitlines()

    def rows(self, query):
        db = sqlite3.connect(os.path.join(self.results, "results.sqlite"))
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode, "\n--- stdout\n" + result.stdout[-4000:] + "\n--- stderr\n" + result.stderr[-4000:])
    sys.exit(1)


# ---- suites

def case_a_suite_is_the_product_of_its_lists(b):
    for name in ("a.init", "b.init", "k1", "k2", "d.toml"):
        b.write(name, "")
    b.write("suite.toml", 'name = "s"\noptions = ["--strict"]\n[[runs]]\nname = "g"\nconfigs = ["c.toml", "d.toml"]\nkernels = ["k1", "k2"]\ninits = ["a.init", "b.init"]\n'
            'seed_parameter = "smmu0.reset_fill"\nseeds = "3-4"\nsets."smmu0.timing" = [true, false]\nvariants = { x = [], y = ["--check", "off"] }\noptions = ["--min-tests", "1"]\n')
    told = b.run("--list", code=0).stdout
    check(len(re.findall(r"^g/", told, re.M)) == 64, "expected 64 runs: %s" % told)
    check("g/d/kernel=k2/init=b/seed=4/smmu0.timing=false/y\n    smmu-vp run d.toml --kernel k2 --init b.init --set smmu0.reset_fill=4 "
          "--set smmu0.timing=false --check off --strict --min-tests 1\n" in told, "expected the words: %s" % told[-900:])
    check(b.logged() == [] and not os.path.exists(b.results), "--list has run something")


def case_mistakes_of_a_suite_are_told_with_line_column_key_and_what_was_meant(b):
    good = '[[runs]]\nname = "a"\nconfigs = ["c.toml"]\n'
    for text, said in (
            ("x", "suite.toml:1:1: no TOML: "),
            ("a = 1\n[[runs]\n", "suite.toml:2:7: no TOML: "),
            ("", "suite.toml:1:1: runs: there are no [[runs]]"),
            ("time_limt = '1s'\n" + good, "suite.toml:1:1: time_limt: there is no key 'time_limt'; did you mean 'time_limit'?"),
            ("time_limit = 5\n" + good, "suite.toml:1:1: time_limit: 5 is no time (expected for example \"90s\""),
            (good + "repeat = 0\n", "suite.toml:4:1: runs[0].repeat: 0 is no number from 1 to 100"),
            (good + "\n" + good, "suite.toml:6:1: runs[1].name: the run 'a/c' is there twice"),
            (good + "  inits = ['no.init']\n", "suite.toml:4:3: runs[0].inits: there is no file no.init"),
            (good + "inits = []\n", "suite.toml:4:1: runs[0].inits: is empty"),
            (good + "seeds = [1]\n", "suite.toml:4:1: runs[0].seeds: \"seeds\" and \"seed_parameter\""),
            (good + "seed_parameter = 'a.b'\nseeds = '5-1'\n", "suite.toml:5:1: runs[0].seeds: '5-1' are no seeds"),
            (good + "expect = 'pas'\n", "suite.toml:4:1: runs[0].expect: 'pas' is no verdict; did you mean 'pass'?"),
            (good + "[runs.sets]\n'a.b' = 5\n", "suite.toml:5:1: runs[0].sets.a.b: expected a list"),
            (good + "[runs.variants]\nx = ['--json', 'f']\n", "suite.toml:5:1: runs[0].variants.x: --json is given to each run by regress itself"),
            (good + "options = 'x'\n", "suite.toml:4:1: runs[0].options: expected a list of texts"),
            ("[[runs]]\nname = 'a b'\nconfigs = ['c.toml']\n", "suite.toml:2:1: runs[0].name: 'a b' has other characters"),
            ("[[runs]]\nname = 'a'\n", "suite.toml:1:1: runs[0]: has no \"configs\""),
            ("runs = 5\n", "suite.toml:1:1: runs: there are no [[runs]]"),
            ("coverage = 1\n" + good, "suite.toml:1:1: coverage: expected true or false")):
        b.write("suite.toml", text)
        r = b.run("--list", code=64)
        check(said in r.stderr and r.stderr.count("\n") == 1, "expected: " + said, r)


def case_whatever_is_in_a_suite_it_is_read_or_refused(b):
    sys.path.insert(0, os.path.join(b.source, "platform/regress"))
    from suite import Suite, SuiteError
    generator = random.Random(1)
    with open(os.path.join(b.source, "vp-configs/regress.toml"), encoding="utf-8") as f:
        good = f.read().replace('"gki-', '"c" # ')
    for _ in range(3000):
        text = list(good)
        for _ in range(generator.randint(1, 6)):
            at = generator.randrange(len(text))
            text[at] = generator.choice(["", "[", "]", "=", "\"", ".", "5", "\n", "\0", "'''", "true", "é"])
        try:
            Suite(b.write("suite.toml", "".join(text)))
        except SuiteError as e:
            check(re.match(r".*suite\.toml:\d+:\d+: ", str(e).splitlines()[0]), "a mistake without a place: %s" % e)


def case_words_of_the_command_line_that_are_wrong_are_told(b):
    b.suite('name = "a"')
    for words, said in ((["--shard", "3/2"], "'3/2' is no shard: expected I/N"), (["--jobs", "0"], "'0' is no number"), (["--lst"], "unrecognized arguments: --lst"),
                        (["--failed", "--resume"], "do not go together"), (["--list", "--failed"], "--list and --failed do not go together"),
                        (["--wait"], "--wait needs --slurm"), (["--history"], "there are no results in"), (["--failed"], "was never run"),
                        (["--merge", "nowhere"], "there is no folder nowhere"), (["--program", "/nowhere"], "there is no program /nowhere")):
        r = b.run(*words, code=64)
        check(said in r.stderr, "expected: " + said, r)
    check("Exit code: 0 all runs passed" in b.run("--help", code=0).stdout, "no help")


# ---- runs and results

FAILING = ('name = "good"', 'name = "bad"\nsets."do.verdict" = ["fail"]', 'name = "crash"\nsets."do.crash" = ["1"]', 'name = "mute"\nsets."do.mute" = ["1"]',
           'name = "expected"\nsets."do.verdict" = ["sim-timeout"]\nexpect = "sim-timeout"', 'name = "unexpected"\nexpect = "fail"')


def case_each_result_is_kept_told_and_in_junit(b):
    b.suite(*FAILING)
    r = b.run("--junit", b.path("all.xml"), code=1)
    check(re.search(r"^\[\d/6\] pass +0\.5 s  good/c$", r.stderr, re.M), "a line for each run", r)
    for said in ("bad/c/do.verdict=fail: fail: because", "crash/c/do.crash=1: crash: it was ended by SIGSEGV", "mute/c/do.mute=1: crash: it has left no report, exit code 3: smmu-vp: it has no tongue",
                 "unexpected/c: pass: expected the verdict fail", "suite: 6 runs: 2 passed, 4 failed, 0 missing"):
        check(said in r.stdout, "expected: " + said, r)
    rows = b.rows("SELECT name, state, passed, verdict, exit_code, folder FROM run ORDER BY number")
    check([(n.split("/")[0], s, p, v, c) for n, s, p, v, c, _ in rows] ==
          [("good", "done", 1, "pass", 0), ("bad", "done", 0, "fail", 1), ("crash", "done", 0, "crash", -11), ("mute", "done", 0, "crash", 3),
           ("expected", "done", 1, "sim-timeout", 65), ("unexpected", "done", 0, "pass", 0)], "the results: %s" % rows)
    check(os.path.exists(os.path.join(b.results, rows[0][5], "run.json")), "the JSON of a run is not kept")
    root = ET.parse(b.path("all.xml")).getroot()
    own = root.find("testsuite")
    check((own.get("name"), own.get("tests"), own.get("failures")) == ("suite", "6", "4"), "JUnit: %s" % own.attrib)
    check([s.get("name") for s in root.findall("testsuite")][1:] == ["good/c", "bad/c/do.verdict=fail", "expected/c/do.verdict=sim-timeout", "unexpected/c"], "the runs' own suites")
    failure = next(c for c in own if c.get("name") == "mute/c/do.mute=1").find("failure")
    check("it has no tongue" in failure.text and failure.get("type") == "crash", "the failure's text: %s" % failure.text)


def case_a_run_that_does_not_heed_its_time_limit_is_killed(b):
    b.suite('name = "hang"\nsets."do.hang" = ["1"]\ntime_limit = "100ms"', 'name = "good"')
    r = b.run(code=1)
    check("hang/c/do.hang=1: killed: it was still there 10 s after its time limit of 0.1 s" in r.stdout and "1 passed, 1 failed" in r.stdout, "expected it to be killed", r)


def case_repeats_that_differ_fail_and_say_in_what(b):
    b.suite('name = "same"\nrepeat = 3', 'name = "other"\nrepeat = 2\nsets."do.console" = ["one\\n%r\\n"]')
    r = b.run("--jobs", "1", code=1)
    check("5 runs: 4 passed, 1 failed" in r.stdout and "other/c/do.console=one?%r? #2" in r.stdout, "expected one to fail", r)
    check("#2: differs from its first run: console" in r.stdout, "expected the part", r)
    check(b.rows("SELECT repeat, differs FROM run WHERE name LIKE 'other%' ORDER BY repeat") == [(1, None), (2, "console")], "the parts that differ")
    case = next(c for c in ET.parse(os.path.join(b.results, "junit.xml")).getroot().find("testsuite") if c.find("failure") is not None)
    check(re.search(r"console: line 2: '\d+', '\d+'", case.find("failure").text), "the line that differs: %s" % case.find("failure").text)


def case_what_has_failed_is_run_again_and_the_history_shows_it(b):
    b.suite(*FAILING)
    b.run(code=1)
    b.write("log", "")
    b.run("--failed", "--jobs", "1", code=1)
    check([line for line in b.logged() if line.startswith("begin")] == ["begin bad/c/do.verdict=fail", "begin crash/c/do.crash=1", "begin mute/c/do.mute=1", "begin unexpected/c"], "ran: %s" % b.logged())
    b.run(code=1)
    told = b.run("--history", code=0).stdout
    check(re.search(r"^1  \d{4}-\d\d-\d\d \d\d:\d\d  all +- +6 +4 +0 +0 +\d+  finished$", told, re.M), "the invocations: %s" % told)
    check(re.search(r"^2 .* failed +- +4 +4", told, re.M) and "  FFF  bad/c/do.verdict=fail\n" in told and "good" not in told, "the runs that failed: %s" % told)
    check(len(b.run("--history", "1", code=0).stdout.split("\n\n")[0].splitlines()) == 2, "one invocation")


def case_shards_run_each_run_once_and_are_merged(b):
    b.suite('name = "a"\nsets."do.x" = [1, 2, 3, 4, 5]', 'name = "twice"\nrepeat = 2', top="coverage = true")
    for i in (1, 2, 3):
        r = subprocess.run(b.words("--results", b.path(f"part{i}"), "--shard", f"{i}/3"), env=b.env, capture_output=True, text=True, check=False)
        check(r.returncode == 0, "a shard", r)
    begun = [line for line in b.logged() if line.startswith("begin")]
    check(len(begun) == 7 and len(set(begun)) == 6, "each once: %s" % begun)
    r = b.run("--merge", b.path("part1"), b.path("part2"), code=1)
    check("runs are in no folder" in r.stderr and "missing" in r.stdout, "a part is missing", r)
    r = b.run("--merge", b.path("part1"), b.path("part2"), b.path("part3"), code=0)
    check("7 runs: 7 passed" in r.stdout and "coverage: 1 points are used" in r.stderr, "merged", r)
    with open(os.path.join(b.results, "coverage.json"), encoding="utf-8") as f:
        merged = json.load(f)
    check(merged["hits"] == {"smmuv3/command/CMD_SYNC": 14} and len(merged["runs"]) == 6, "coverage: %s" % merged)
    b.suite('name = "a"')
    check("of another plan" in b.run("--merge", b.path("part1"), code=64).stderr, "a suite that has changed")


# ---- broken off

def begun(b, names=("a", "gate", "c")):
    """A regress of one run at a time that has come to a run which waits."""
    os.mkfifo(b.path("fifo"))
    b.suite(*('name = "%s"%s' % (n, '\nsets."do.gate" = ["%s"]' % b.path("fifo") if n == "gate" else "") for n in names))
    process = subprocess.Popen(b.words("--jobs", "1"), env=b.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    with open(b.path("fifo"), encoding="utf-8"):  # waits for the run
        pass
    return process


def counts(b):
    lines = [line for line in b.logged() if not line.startswith("waits")]
    return {(what, line.split()[1].split("/")[0]): sum(1 for other in lines if other == line) for line in lines for what in [line.split()[0]]}


def case_a_regress_that_was_killed_goes_on_and_nothing_is_run_twice(b):
    process = begun(b)
    waits = os.pidfd_open(int(next(line.split()[1] for line in b.logged() if line.startswith("waits"))))
    process.kill()
    process.communicate()
    check(select.select([waits], [], [], 60)[0], "the run goes on without anybody who waits for it")
    r = b.run("--resume", code=0, FAKE_OPEN="1")
    check("1 of 3 are done already" in r.stderr and "3 runs: 3 passed" in r.stdout, "expected to go on", r)
    check(counts(b) == {("begin", "a"): 1, ("end", "a"): 1, ("begin", "gate"): 2, ("end", "gate"): 1, ("begin", "c"): 1, ("end", "c"): 1}, "ran: %s" % b.logged())
    b.write("log", "")
    r = b.run("--resume", code=0)
    check("nothing to go on with" in r.stderr and b.logged() == [], "expected nothing", r)
    check(b.rows("SELECT id, state FROM invocation") == [(1, "finished")], "one invocation")


def case_a_run_that_ended_while_regress_was_killed_is_not_run_again(b):
    b.suite('name = "a"', 'name = "b"')
    b.run(code=0)
    # As if it had been killed between the end of the run and its own note of that.
    db = sqlite3.connect(os.path.join(b.results, "results.sqlite"))
    with db:
        db.execute("UPDATE run SET state = 'running', verdict = NULL, passed = NULL")
        db.execute("UPDATE invocation SET state = 'running'")
    db.close()
    with open(os.path.join(b.results, "runs/1/00001-1/run.json"), "w", encoding="utf-8") as f:
        f.write('{"schema": "smmu-vp-rep')
    b.write("log", "")
    b.run("--resume", code=0)
    check(counts(b) == {("begin", "b"): 1, ("end", "b"): 1}, "ran: %s" % b.logged())


def case_ctrl_c_ends_the_runs_and_says_how_to_go_on(b):
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        inner = Bench(b.source, tempfile.mkdtemp(dir=b.folder))
        process = begun(inner)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        check(process.returncode == code and "2 runs are left: the same command with --resume goes on" in err, "expected %d: %d %s %s" % (code, process.returncode, out, err))
        check(inner.logged()[-1].startswith("end gate"), "the run was not asked to end: %s" % inner.logged())
        inner.run("--resume", code=0, FAKE_OPEN="1")
        check(("begin", "c") in counts(inner) and counts(inner)[("end", "a")] == 1, "ran: %s" % inner.logged())


def case_two_at_once_and_another_plan_are_refused(b):
    process = begun(b)
    check("another regress is at work in" in b.run(code=64).stderr, "two at once")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    b.suite('name = "a"')
    check("the suite has changed since it was broken off" in b.run("--resume", code=64).stderr, "another plan")
    b.write("results/results.sqlite", "no database, and long enough to be told from an empty one" * 40)
    check("is no file of results" in b.run(code=64).stderr, "no database")


def case_at_a_terminal_a_line_shows_what_runs_and_how_long_it_takes(b):
    os.mkfifo(b.path("fifo"))
    b.suite('name = "a"', 'name = "gate"\nsets."do.gate" = ["%s"]' % b.path("fifo"), 'name = "z"')
    os.environ.update(b.env)
    t = Terminal(b.words("--jobs", "1"))
    t.expect(r"\[1/3\] \S*pass", 60)
    t.expect(r"\[1/3\] 0 failed, 1 running, 1 s left: gate/c", 60)
    with open(b.path("fifo"), encoding="utf-8"):
        pass
    os.kill(t.pid, signal.SIGINT)
    t.expect(r"--resume goes on", 60)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regress-") as folder:
        globals()["case_" + a.case](Bench(a.source, folder))


if __name__ == "__main__":
    main()
