#!/usr/bin/env python3
"""Stands in for smmu-vp: ends as the words of its command line say, and writes a line to $FAKE_LOG when it begins and ends.

--set do.verdict=WORD    the verdict of its report; default: pass
--set do.console=TEXT    its console; %r is another text each time, from $FAKE_LOG's length
--set do.crash=1         SIGSEGV, without a report
--set do.mute=1          exit code 3, without a report
--set do.hang=1          until SIGKILL comes, and it heeds no SIGTERM
--set do.gate=FIFO       says that it has begun, by opening FIFO for writing, then waits for SIGTERM or SIGKILL;
                         if $FAKE_OPEN is set, goes on at once
"""
import hashlib
import json
import os
import signal
import sys

CODES = {"pass": 0, "fail": 1, "check": 71, "sim-timeout": 65, "interrupted": 143}
JUNIT = '<testsuites><testsuite name="%s" tests="1"><testcase classname="%s" name="run"/></testsuite></testsuites>\n'


def log(text):
    with open(os.environ["FAKE_LOG"], "a", encoding="utf-8") as f:
        f.write(text + "\n")


def options(words):
    found, sets = {}, {}
    for option, value in zip(words, words[1:]):
        if option == "--set":
            key, _, text = value.partition("=")
            sets[key] = text
        elif option.startswith("--"):
            found[option] = value
    return found, sets


def finish(found, sets, verdict):
    count = len(open(os.environ["FAKE_LOG"], encoding="utf-8").readlines())
    console = sets.get("do.console", "hello\n").replace("%r", str(count))
    with open(found["--console-file"], "w", encoding="utf-8") as f:
        f.write(console)
    digest = hashlib.sha256(console.encode()).hexdigest()
    same = hashlib.sha256(b"").hexdigest()
    report = {"schema": "smmu-vp-report-1", "verdict": verdict, "exit_code": CODES[verdict], "reason": "because", "digest": digest, "untimed_digest": digest,
              "digest_parts": {"console": digest, "events": same, "memory": same}, "sim_time_ps": 5, "instructions": 7, "events": [], "event_count": 0,
              "host": {"wall_seconds": 0.5}}
    with open(found["--json"], "w", encoding="utf-8") as f:
        json.dump(report, f)
    with open(found["--junit"], "w", encoding="utf-8") as f:
        f.write(JUNIT % (found["--name"], found["--name"]))
    if "--coverage" in found:
        with open(found["--coverage"], "w", encoding="utf-8") as f:
            json.dump({"schema": "smmu-vp-coverage-1", "version": "0", "points": "p", "runs": [found["--name"]], "hits": {"smmuv3/command/CMD_SYNC": 2}}, f)
    log(f"end {found['--name']}")
    sys.exit(CODES[verdict])


def main():
    found, sets = options(sys.argv[2:])
    log(f"begin {found['--name']}")
    if "do.crash" in sets:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "do.mute" in sets:
        print("smmu-vp: it has no tongue", file=sys.stderr)
        sys.exit(3)
    if "do.hang" in sets:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            signal.pause()
    if "do.gate" in sets and "FAKE_OPEN" not in os.environ:
        signal.signal(signal.SIGTERM, lambda n, f: finish(found, sets, "interrupted"))
        log(f"waits {os.getpid()}")
        with open(sets["do.gate"], "w", encoding="utf-8"):
            pass
        while True:
            signal.pause()
    finish(found, sets, sets.get("do.verdict", "pass"))


if __name__ == "__main__":
    main()
