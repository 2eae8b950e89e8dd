"""Runs what is waiting, some at a time, and writes down each result as soon as it is there."""
import ctypes
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time

GRACE_SECONDS = 10  # from a run's time limit, or SIGTERM, to SIGKILL
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Stopped(Exception):
    """By a signal."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def die_with_parent():
    """In the child. A run whose regress is killed would go on unseen, and --resume would start it once more."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def read_report(folder):
    """The JSON report of a run, or None where there is no whole one."""
    try:
        with open(os.path.join(folder, "run.json"), encoding="utf-8") as f:
            report = json.load(f)
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and report.get("schema") == "smmu-vp-report-1" and "verdict" in report else None


def result_of(report, expect):
    parts = report.get("digest_parts", {})
    passed = report["verdict"] == expect
    reason = report["reason"] if passed or expect == "pass" else f"expected the verdict {expect}: {report['reason']}"
    return {"passed": int(passed), "verdict": report["verdict"], "exit_code": report["exit_code"], "reason": reason,
            "wall_seconds": report["host"]["wall_seconds"], "sim_time_ps": report["sim_time_ps"], "instructions": report["instructions"],
            "digest": report["digest"], "untimed_digest": report["untimed_digest"], "digest_console": parts.get("console"),
            "digest_events": parts.get("events"), "digest_memory": parts.get("memory")}


def first_difference(folder, other, part):
    """In words, of a part of two runs; empty: it cannot be shown."""
    if part == "console":
        lines = []
        for f in (folder, other):
            try:
                with open(os.path.join(f, "console.txt"), encoding="utf-8", errors="replace") as console:
                    lines.append(console.read().splitlines())
            except OSError:
                return ""
        for number, (a, b) in enumerate(zip(*lines), 1):
            if a != b:
                return f"line {number}: {a[:200]!r}, {b[:200]!r}"
        return f"{len(lines[0])} lines, {len(lines[1])} lines"
    if part == "events":
        reports = [read_report(folder), read_report(other)]
        if None in reports:
            return ""
        for number, (a, b) in enumerate(zip(reports[0]["events"], reports[1]["events"])):
            if a != b:
                return f"event {number}: {json.dumps(a)}, {json.dumps(b)}"
        return f"{reports[0]['event_count']} events, {reports[1]['event_count']} events"
    return ""


class Child:
    def __init__(self, row, run, program, suite, folder):
        self.row, self.run = row, run
        self.folder = os.path.join(folder, row["folder"])
        os.makedirs(self.folder, exist_ok=True)
        report = os.path.join(self.folder, "run.json")
        # What is left of a try that was broken off.
        if os.path.exists(report):
            os.unlink(report)
        words = [program, "run", *run.arguments, "--name", run.name, "--json", report,
                 "--junit", os.path.join(self.folder, "junit.xml"), "--console-file", os.path.join(self.folder, "console.txt"),
                 "--timeout-wall", f"{max(1, round(run.time_limit * 1000))}ms", "--color", "never"]
        if run.coverage:
            words += ["--coverage", os.path.join(self.folder, "coverage.json")]
        self.began = time.monotonic()
        self.kill_at = self.began + run.time_limit + GRACE_SECONDS
        self.killed = False
        with open(os.path.join(self.folder, "stderr.txt"), "wb") as err:
            self.process = subprocess.Popen(words, cwd=suite.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err,
                                            start_new_session=True, preexec_fn=die_with_parent,
                                            env=dict(os.environ, SYSTEMC_DISABLE_COPYRIGHT_MESSAGE="1"))
        self.descriptor = os.pidfd_open(self.process.pid)

    def kill(self):
        self.killed = True
        self.process.kill()

    def result(self):
        os.close(self.descriptor)
        code = self.process.wait()
        seconds = time.monotonic() - self.began
        report = read_report(self.folder)
        # Of one that regress has killed a report may be there, but is of no verdict of its own.
        if report and not self.killed and code >= 0:
            return result_of(report, self.run.expect)
        if self.killed:
            verdict, reason = "killed", f"it was still there {GRACE_SECONDS} s after its time limit of {self.run.time_limit:g} s"
        elif code < 0:
            verdict, reason = "crash", f"it was ended by {signal.Signals(-code).name}"
        else:
            verdict, reason = "crash", f"it has left no report, exit code {code}"
        try:
            with open(os.path.join(self.folder, "stderr.txt"), encoding="utf-8", errors="replace") as f:
                last = [line for line in f.read().splitlines() if line.strip()][-1:]
        except OSError:
            last = []
        return {"passed": 0, "verdict": verdict, "exit_code": code, "reason": reason + "".join(": " + line for line in last), "wall_seconds": seconds}


class Runner:
    def __init__(self, store, suite, invocation, program, jobs, progress):
        self.store, self.suite, self.invocation, self.program, self.jobs, self.progress = store, suite, invocation, program, jobs, progress
        self.by_number = {run.number: run for run in suite.runs}
        self.children = {}

    def go(self):
        """@raises Stopped"""
        rows = self.store.runs(self.invocation)
        for row in rows:
            if row["state"] == "running":
                self.adopt(row)
        waiting = [row for row in self.store.runs(self.invocation) if row["state"] == "waiting"]
        self.progress.begin(len(rows), len(rows) - len(waiting), self.jobs,
                            {(r["number"], r["repeat"]): self.store.typical_seconds(r["name"]) for r in waiting})
        stop_read, stop_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        stops = []
        before = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, lambda n, _: (stops.append(n), os.write(stop_write, b"x")))
        began = time.monotonic()
        selector = selectors.DefaultSelector()
        selector.register(stop_read, selectors.EVENT_READ)
        try:
            self.loop(waiting, selector, stops, stop_read)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            selector.close()
            os.close(stop_read)
            os.close(stop_write)
            self.store.took(self.invocation, time.monotonic() - began, False)
            self.progress.end()
        self.store.took(self.invocation, 0, True)

    def adopt(self, row):
        """Of an invocation that was killed: a run that had come to its end counts, any other is run again."""
        report = read_report(os.path.join(self.store.folder, row["folder"]))
        # 129 and above: it was asked to end.
        if report and report["exit_code"] < 128:
            self.store.done(row, result_of(report, self.by_number[row["number"]].expect))
            self.compare(row)
        else:
            self.store.set_state(row, "waiting")

    def loop(self, waiting, selector, stops, stop_read):
        waiting = waiting[::-1]
        stopping = None
        while waiting or self.children:
            while waiting and not stops and len(self.children) < self.jobs:
                self.start(waiting.pop(), selector)
            if stops and stopping is None:
                stopping = time.monotonic() + GRACE_SECONDS
                self.progress.line("stopping: " + ", ".join(sorted(c.run.name for c in self.children.values())) if self.children else "stopping")
                for child in self.children.values():
                    child.process.terminate()
            now = time.monotonic()
            if stopping and (now >= stopping or len(stops) > 1):
                for child in self.children.values():
                    child.kill()
            if stopping and not self.children:
                raise Stopped(stops[0])
            until = min([c.kill_at for c in self.children.values()] + ([stopping] if stopping else []))
            for key, _ in selector.select(min(max(0.0, until - now), self.progress.interval)):
                if key.fd == stop_read:
                    os.read(stop_read, 100)
                elif key.fd in self.children:
                    selector.unregister(key.fd)
                    self.ended(self.children.pop(key.fd), bool(stops))
            for child in self.children.values():
                if time.monotonic() >= child.kill_at:
                    child.kill()
            self.progress.tick()
        if stops:
            raise Stopped(stops[0])

    def start(self, row, selector):
        # Written down first: what is killed in between has no report, and is run again.
        self.store.set_state(row, "running")
        child = Child(row, self.by_number[row["number"]], self.program, self.suite, self.store.folder)
        self.children[child.descriptor] = child
        selector.register(child.descriptor, selectors.EVENT_READ)
        self.progress.started(child.run.name)

    def ended(self, child, stopping):
        result = child.result()
        if stopping and (result["verdict"] in ("crash", "killed", "interrupted")):
            self.store.set_state(child.row, "waiting")
            return
        self.store.done(child.row, result)
        differs = self.compare(child.row)
        self.progress.ended(child.run.name, child.row["number"], child.row["repeat"], result, differs)

    def compare(self, row):
        """Of repeats: with the first one. @return the parts of the digest that differ, of the row or of others that were waiting for it"""
        rows = [r for r in self.store.runs(self.invocation) if r["number"] == row["number"] and r["state"] == "done"]
        first = next((r for r in rows if r["repeat"] == 1), None)
        told = []
        for r in rows:
            if first is None or r["repeat"] == 1 or r["differs"] is not None or not r["digest"] or not first["digest"] or r["digest"] == first["digest"]:
                continue
            parts = [p for p in ("console", "events", "memory") if r[f"digest_{p}"] != first[f"digest_{p}"]] or ["digest"]
            self.store.differ(r, ", ".join(parts))
            told = parts
        return told


def clean_name(text):
    """For one line of a terminal or a log."""
    return re.sub(r"[^\x20-\x7e]", "?", text)


class Progress:
    """A line that changes at a terminal, else a line for each run."""

    def __init__(self, stream=sys.stderr):
        self.stream, self.terminal = stream, stream.isatty()
        self.interval = 0.5 if self.terminal else 60.0
        self.colour = self.terminal and not os.environ.get("NO_COLOR")
        self.shown = ""

    def begin(self, total, done, jobs, typical):
        self.total, self.count, self.jobs, self.typical = total, done, jobs, typical
        self.failed, self.running, self.taken = 0, [], []
        if done:
            self.line(f"{done} of {total} are done already")

    def started(self, name):
        self.running.append(name)
        self.tick()

    def ended(self, name, number, repeat, result, differs):
        self.count += 1
        self.running.remove(name)
        self.typical.pop((number, repeat), None)
        self.taken.append(result["wall_seconds"])
        passed = result["passed"] and not differs
        self.failed += not passed
        word = result["verdict"] if not differs else "differs"
        # A verdict may be the one that is expected, although it is not "pass".
        mark = ("\033[32m%s\033[0m" if passed else "\033[31m%s\033[0m") % f"{word:13}" if self.colour else f"{word:13}"
        why = "" if passed else f": {', '.join(differs)} of its repeats" if differs else f": {result['reason'][:160]}"
        self.line(f"[{self.count:{len(str(self.total))}}/{self.total}] {mark} {result['wall_seconds']:6.1f} s  {name}{f' #{repeat}' if repeat > 1 else ''}{clean_name(why)}")

    def left(self):
        """Seconds, by what runs took before; of those that never ran, by the others."""
        known = [s for s in self.typical.values() if s is not None]
        if not known and not self.taken:
            return None
        mean = sum(self.taken or known) / len(self.taken or known)
        return sum(s if s is not None else mean for s in self.typical.values()) / self.jobs

    def tick(self):
        if not self.terminal:
            return
        left = self.left()
        estimate = "" if left is None else f", {left / 60:.0f} min left" if left >= 90 else f", {left:.0f} s left"
        text = f"[{self.count}/{self.total}] {self.failed} failed, {len(self.running)} running{estimate}: {', '.join(self.running)}"
        try:
            width = os.get_terminal_size(self.stream.fileno()).columns or 80
        except OSError:
            width = 80
        text = clean_name(text)[: max(20, width - 1)]
        if text != self.shown:
            self.stream.write("\r\033[K" + text)
            self.stream.flush()
            self.shown = text

    def line(self, text):
        self.stream.write(("\r\033[K" if self.shown else "") + text + "\n")
        self.stream.flush()
        self.shown = ""

    def end(self):
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()
            self.shown = ""
