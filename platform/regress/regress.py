#!/usr/bin/env python3
"""usage: ./vp regress SUITE.toml [options]

Runs what a suite file describes (docs/ci.md), on all cores, and keeps each result.

  --list            what would be run, and how
  --jobs N          runs at a time; default: the cores of this machine
  --results FOLDER  where results are kept; default: build/regress/NAME of this checkout
  --junit FILE      all results as JUnit XML
  --failed          run again what has failed the last time
  --resume          go on with an invocation that was broken off; what is done is not run again
  --history [N]     the last N invocations (10), and which runs have failed in them
  --shard I/N       the I-th of N parts, for CI systems that run jobs side by side; each has a --results of its own
  --merge [FOLDER]  one result of several results folders; without a folder: of the last job array
  --slurm           run it as a Slurm job array, whose elements run a shard each; then --merge
  --wait            with --slurm: until all have ended, and merge
  --shards N        with --slurm: elements of the array; default: as many as there are runs, up to 50
  --slurm-options T with --slurm: more options of sbatch, in one text
  --slurm-script F  write the job array as a script for sbatch, and submit nothing
  --patience S      wait so many seconds for another regress that is at work in the folder of results
  --program FILE    smmu-vp

Exit code: 0 all runs passed; 1 some failed, differ from their repeat, or are missing; 64 the suite or an option is
wrong; 70 a result cannot be written; 129, 130, 143 stopped by a signal: --resume goes on.
"""
import argparse
import os
import pathlib
import re
import signal
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import coverage  # noqa: E402
import report  # noqa: E402
import slurm  # noqa: E402
from runner import Progress, Runner, Stopped  # noqa: E402
from store import Store  # noqa: E402
from suite import Suite, SuiteError  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parents[2]


def number(text):
    if not text.isdigit() or not 1 <= int(text) <= 10000:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to 10000")
    return int(text)


def shard(text):
    m = re.fullmatch(r"(\d+)/(\d+)", text)
    if not m or not 1 <= int(m.group(1)) <= int(m.group(2)) <= 10000:
        raise argparse.ArgumentTypeError(f"'{text}' is no shard: expected I/N, as 2/8, with I from 1 to N")
    return int(m.group(1)), int(m.group(2))


def parse(words):
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("suite", nargs="?")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--jobs", type=number)
    parser.add_argument("--results")
    parser.add_argument("--junit")
    parser.add_argument("--failed", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--history", type=number, nargs="?", const=10)
    parser.add_argument("--shard", type=shard)
    parser.add_argument("--merge", nargs="*")
    parser.add_argument("--slurm", action="store_true")
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--shards", type=number)
    parser.add_argument("--slurm-options", default="")
    parser.add_argument("--slurm-script")
    parser.add_argument("--patience", type=number, default=0)
    parser.add_argument("--program", default=str(TOP / "build/release/bin/smmu-vp"))

    def fail(text):
        raise SuiteError(f"{text}; --help lists the options")
    parser.error = fail
    a = parser.parse_args(words)
    if a.help:
        return a
    if not a.suite:
        fail("expected a suite file: ./vp regress SUITE.toml")
    ways = [w for w, on in (("--list", a.list), ("--failed", a.failed), ("--history", a.history), ("--merge", a.merge is not None),
                            ("--slurm", a.slurm), ("--slurm-script", a.slurm_script)) if on]
    if len(ways) > 1:
        fail(f"{ways[0]} and {ways[1]} do not go together")
    if a.failed and a.resume:
        fail("--failed and --resume do not go together: --resume goes on with what --failed has begun")
    if not a.slurm:
        for option, on in (("--wait", a.wait), ("--shards", a.shards and not a.slurm_script)):
            if on:
                fail(f"{option} needs --slurm")
    return a


def say(text):
    sys.stderr.write(f"regress: {text}\n")
    sys.stderr.flush()


def results_of(a, suite):
    return os.path.abspath(a.results) if a.results else str(TOP / "build/regress" / suite.name)


def conclude(a, suite, store, invocation):
    """Reports of what there is. @return the exit code"""
    report.junit(store, suite, invocation, os.path.join(store.folder, "junit.xml"))
    if a.junit:
        report.junit(store, suite, invocation, a.junit)
    files = [os.path.join(store.folder, r["folder"], "coverage.json") for r in store.runs(invocation)]
    files = [f for f in files if os.path.exists(f)]
    if files:
        file = os.path.join(store.folder, "coverage.json")
        try:
            merged = coverage.merge(files)
            coverage.write(file, merged)
            say(f"coverage: {len(merged['hits'])} points are used; ./vp coverage-report {file}")
        except coverage.CoverageError as e:
            say(f"no coverage: {e}")
    return 0 if report.summary(store, suite, invocation, sys.stdout) else 1


def chosen_invocation(a, suite, store):
    """The one to go on with, or a new one."""
    last = store.last(suite)
    part = "%d/%d" % a.shard if a.shard else ""
    if a.resume and last is not None:
        if last["plan"] != suite.fingerprint():
            raise SuiteError("the suite has changed since it was broken off: without --resume it begins anew")
        if last["shard"] != part:
            raise SuiteError(f"what was broken off is the shard '{last['shard']}': give the same --shard, or another --results")
        if last["kind"] == "merge":
            raise SuiteError("the last result was merged: go on where its parts were run, or begin without --resume")
        if last["state"] == "finished":
            say("all of it has been run: nothing to go on with")
        return last["id"]
    runs = suite.shard(*a.shard) if a.shard else suite.runs
    if a.failed:
        if last is None:
            raise SuiteError(f"{suite.name} was never run: nothing has failed")
        names = store.failed_names(last["id"])
        runs = [r for r in runs if r.name in names]
        if not runs:
            say("nothing has failed the last time")
            return last["id"]
    elif last is not None and last["state"] != "finished":
        say("the last invocation was broken off; this is a new one (--resume would go on with it)")
    return store.begin(suite, runs, part, "failed" if a.failed else "all")


def run(a, suite):
    if not os.access(a.program, os.X_OK):
        raise SuiteError(f"there is no program {a.program}: ./vp build makes it")
    store = Store(results_of(a, suite), patience=a.patience)
    invocation = chosen_invocation(a, suite, store)
    jobs = a.jobs or len(os.sched_getaffinity(0))
    try:
        Runner(store, suite, invocation, os.path.abspath(a.program), jobs, Progress()).go()
    except Stopped as e:
        left = sum(1 for r in store.runs(invocation) if r["state"] != "done")
        say(f"stopped by {signal.Signals(e.number).name}; {left} runs are left: the same command with --resume goes on")
        return 128 + e.number
    return conclude(a, suite, store, invocation)


def merge(a, suite, folders):
    store = Store(results_of(a, suite), patience=a.patience)
    if not folders:
        folders = slurm.last_array(store.folder, suite).shards()
    for folder in a.merge or []:
        if not os.path.isdir(folder):
            raise SuiteError(f"--merge: there is no folder {folder}")
    invocation, missing = store.merge(suite, folders)
    if missing:
        say(f"{missing} runs are in no folder: not all shards are complete")
    return conclude(a, suite, store, invocation)


def run_by_slurm(a, suite):
    results = results_of(a, suite)
    program = os.path.abspath(a.program)
    if a.resume:
        array = slurm.last_array(results, suite)
        numbers = array.unfinished(suite)
    else:
        array = slurm.make_array(results, suite, min(a.shards or 50, len(suite.runs)), a.jobs or 1)
        numbers = list(range(1, array.about["shards"] + 1))
    if a.slurm_script:
        slurm.write_script(array, suite, program, a.slurm_options, a.slurm_script)
        print(f"sbatch {a.slurm_script}  and, when it has ended: ./vp regress {a.suite} --merge")
        return 0
    if numbers:
        slurm.submit(array, suite, program, a.slurm_options, numbers, a.wait, sys.stdout)
    else:
        say("all shards are complete")
    if a.wait or not numbers:
        return merge(a, suite, array.shards())
    print(f"when it has ended: ./vp regress {a.suite} --merge; if an element was killed: --slurm --resume")
    return 0


def main(words=None):
    try:
        a = parse(words)
        if a.help:
            print(__doc__, end="")
            return 0
        suite = Suite(a.suite)
        if a.list:
            for r in suite.shard(*a.shard) if a.shard else suite.runs:
                print(f"{r.name}{f'  (x{r.repeat})' if r.repeat > 1 else ''}\n    smmu-vp run {' '.join(r.arguments)}")
            return 0
        if a.history:
            report.history(Store(results_of(a, suite), must_exist=True, lock=False), suite, a.history, sys.stdout)
            return 0
        if a.merge is not None:
            return merge(a, suite, a.merge)
        if a.slurm or a.slurm_script:
            return run_by_slurm(a, suite)
        return run(a, suite)
    except SuiteError as e:
        say(str(e))
        return 64
    except (OSError, sqlite3.Error) as e:
        say(f"cannot write results: {e}")
        return 70


if __name__ == "__main__":
    sys.exit(main())
