#!/usr/bin/env python3
"""Which lines of the SMMUs' cores no test runs, and why.

usage: ./vp build coverage [--report] [--parts] [FILE ...]

Builds what tests/coverage/tests names into build/coverage, with gcc's counters, runs these tests, and prints a table by
file, then every line that was never run, with the reason that tests/coverage/never_run gives for it.

  FILE       print only these, or those in these folders: ./vp build coverage smmuv3/core/src/atos.cpp
             (the exit code is still that of all)
  --report   print again what the last run has counted; nothing is built or run: for edits of never_run
  --parts    print, too, the lines that were run in part: of "if (a) return b;" never the return
  --help     this text

A line counts as run if any test runs it, in any file that includes it and in any instance of its template. No lines are:
what only an exception would run, deleting destructors, what the compiler adds to a class by itself (gcov counts that in the
class's first line), and closing brackets. "In part": run, but with code that was never run.

A line that is never run wants, in this order:
  a test     that the specification could name (SPEC.md has a row for it), or
  to go      if nothing can run it: deleted, or an assertion of what makes it so, or
  a reason   in tests/coverage/never_run:

      smmuv3/core/src/some.cpp: Says why no test can, or need, run it.
          the line as it stands, indented by any blanks

             Lines that follow each other are one passage, which has to be there once in the file: take in the line before it
             if it is there more often. A passage may hold lines that are run. An empty line begins another passage of the
             same reason. Lines that begin with # are comments.

Exit code: 0: every line has been run or has a reason; 1: some have not, or a reason's passage is no longer there, or
there several times; 64: a wrong command line or list; 70: the build, a test or gcov failed. Reasons of lines that are all
run are told only, as compilers differ in what they count.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

FOLDERS = ("models/smmu/core", "smmuv2/core", "smmuv2/structures", "smmuv3/core", "smmuv3/structures")
LISTS = "tests/coverage"
STAMP = "coverage.stamp"  # written when the tests have run


def say(text):
    print("vp: " + text, file=sys.stderr, flush=True)


def end(code, text):
    say(text)
    sys.exit(code)


def read_lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().split("\n")


class Reason:
    """Why the lines of one passage are not run."""

    def __init__(self, file, text, at):
        self.file, self.text, self.at, self.lines = file, text, at, []

    def place(self, source):
        """The numbers of the lines where the passage begins in a file's lines."""
        stripped = [line.strip() for line in source]
        n = len(self.lines)
        return [i + 1 for i in range(len(stripped) - n + 1) if stripped[i:i + n] == self.lines]


def read_reasons(path):
    reasons, head, passage = [], None, None
    for number, line in enumerate(read_lines(path), 1):
        at = "%s:%d" % (os.path.relpath(path), number)
        if line.startswith("#"):
            continue
        if not line.strip():
            passage = None
        elif line[0] not in " \t":
            file, colon, text = line.partition(": ")
            if not colon or not text.strip() or " " in file:
                end(64, "%s: expected 'FILE: reason' or an indented line of the source, found '%s'" % (at, line))
            if head is not None and head.at not in {r.at for r in reasons}:
                end(64, "%s: no line of the source follows the reason; indent it below" % head.at)
            head, passage = Reason(file, text.strip(), at), None
        elif head is None:
            end(64, "%s: a line of the source before the first 'FILE: reason'" % at)
        else:
            if passage is None:
                passage = Reason(head.file, head.text, head.at)
                reasons.append(passage)
            passage.lines.append(line.strip())
    if head is not None and head.at not in {r.at for r in reasons}:
        end(64, "%s: no line of the source follows the reason; indent it below" % head.at)
    return reasons


class Counts:
    """What gcov says of the files in FOLDERS."""

    def __init__(self, top):
        self.top, self.files = top, {}  # file -> line -> [times, whether all of it has been run]

    def add(self, document):
        for file in document["files"]:
            path = os.path.join(document["current_working_directory"], file["file"])
            name = os.path.relpath(os.path.normpath(path), self.top)
            if not name.startswith(tuple(f + "/" for f in FOLDERS)):
                continue
            counts = self.files.setdefault(name, {})
            for line in file["lines"]:
                only_exceptions = line["count"] == 0 and not line["unexecuted_block"]
                if only_exceptions or line.get("function_name", "").endswith("D0Ev"):
                    continue
                entry = counts.setdefault(line["line_number"], [0, False])
                entry[0] += line["count"]
                entry[1] |= line["count"] > 0 and not line["unexecuted_block"]

    def leave_out_heads_and_brackets(self, source):
        no_line = re.compile(r"\s*((template <.*> )?(class|struct) \w|[])};, ]*$)")
        for name, counts in self.files.items():
            for number in [n for n in counts if no_line.match(source[name][n - 1])]:
                del counts[number]


def gcov_program(build):
    """The gcov of the compiler that the build folder has."""
    for line in read_lines(os.path.join(build, "CMakeCache.txt")):
        if line.startswith("CMAKE_CXX_COMPILER:"):
            compiler = line.split("=", 1)[1]
    version = subprocess.run([compiler, "-dumpversion"], capture_output=True, text=True, check=True).stdout.split(".")[0].strip()
    for name in ("gcov-" + version, "gcov"):
        for folder in (os.path.dirname(compiler), *os.environ["PATH"].split(":")):
            if os.access(os.path.join(folder, name), os.X_OK):
                return os.path.join(folder, name)
    end(70, "there is no gcov beside %s: install the package gcc, which brings it" % compiler)


def objects(top, build):
    """The .gcda of all that ran, and the .gcno of what is linked into no test, but belongs to FOLDERS."""
    ran = sorted(glob.glob(os.path.join(build, "**", "*.gcda"), recursive=True))
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        commands = json.load(f)
    notes = []
    for command in commands:
        name = os.path.relpath(command["file"], top)
        if not name.startswith(tuple(f + "/" for f in FOLDERS)):
            continue
        stem = os.path.join(command["directory"], re.search(r" -o (\S+)\.o ", command["command"])[1])
        if stem + ".gcda" not in ran:
            if not os.path.exists(stem + ".gcno"):
                end(70, "%s is not compiled for any test that tests/coverage/tests names: name one that runs it" % name)
            notes.append(stem + ".gcno")
    return ran + notes


def count(top, build):
    gcov, counts, work = gcov_program(build), Counts(top), objects(top, build)

    def ask(some):
        return subprocess.run([gcov, "--json-format", "--stdout", *some], cwd=build, capture_output=True, text=True)

    batches = [work[i:i + 8] for i in range(0, len(work), 8)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, r in enumerate(pool.map(ask, batches), 1):
            if r.returncode != 0 or "mismatch" in r.stderr:
                sys.stderr.write(r.stderr)
                end(70, "%s failed; if the build has changed meanwhile: run ./vp build coverage again" % gcov)
            for line in r.stdout.splitlines():
                if line.strip():
                    counts.add(json.loads(line))
            if sys.stderr.isatty():
                print("\rvp: reading counters: %d of %d" % (min(8 * done, len(work)), len(work)),
                      end="\n" if done == len(batches) else "", file=sys.stderr, flush=True)
    return counts


def run_tests(top, build):
    names = [line.split()[0] for line in read_lines(os.path.join(top, LISTS, "tests")) if line.strip() and line[0] != "#"]
    for path in glob.glob(os.path.join(build, "**", "*.gcda"), recursive=True):
        os.remove(path)
    stamp = os.path.join(build, STAMP)
    if os.path.exists(stamp):
        os.remove(stamp)
    say("running %d test programs" % len(names))
    r = subprocess.run(["ctest", "-j%d" % os.cpu_count(), "--output-on-failure", "--no-tests=error",
                        "-R", "^(%s)$" % "|".join(names)], cwd=build, stdout=sys.stderr)
    if r.returncode != 0:
        end(70, "a test failed, so that nothing can be said of coverage; what it said is above")
    with open(stamp, "w", encoding="utf-8"):
        pass


def percent(run, lines):
    """Rounded down: 100.0 is all."""
    return "%.1f" % ((1000 * run // lines) / 10 if lines else 100)


def table(counts):
    rows = [("file", "lines", "run", "percent", "in part")]
    sums = [0, 0, 0]
    for name in sorted(counts.files):
        lines = counts.files[name].values()
        run, part = sum(c > 0 for c, _ in lines), sum(c > 0 and not whole for c, whole in lines)
        if lines:
            rows.append((name, str(len(lines)), str(run), percent(run, len(lines)), str(part)))
            sums = [a + b for a, b in zip(sums, (len(lines), run, part))]
    rows.append(("total", str(sums[0]), str(sums[1]), percent(sums[1], sums[0]), str(sums[2])))
    widths = [max(len(row[i]) for row in rows) for i in range(5)]
    for row in rows:
        print("%-*s  %*s  %*s  %*s  %*s" % tuple(x for pair in zip(widths, row) for x in pair))


def passages(counts, numbers):
    """Runs of these lines with no other code between them."""
    groups, last = [], None
    code = sorted(counts)
    wanted = set(numbers)
    for number in code:
        if number not in wanted:
            last = None
        elif last is None:
            groups.append([number])
            last = number
        else:
            groups[-1].append(number)
    return groups


def print_lines(source, group):
    for number in group:
        print("    %5d  %s" % (number, source[number - 1]))


class Report:
    def __init__(self, top, counts, reasons, shown):
        self.counts, self.shown, self.problems, self.notes = counts, shown, [], []
        self.source = {name: read_lines(os.path.join(top, name)) for name in counts.files}
        counts.leave_out_heads_and_brackets(self.source)
        self.reason_of = {}  # (file, line) -> reason
        for r in reasons:
            self.place(top, r)

    def place(self, top, r):
        if r.file not in self.source:
            what = "has no code" if os.path.exists(os.path.join(top, r.file)) else "does not exist"
            self.problems.append("%s: %s %s: take the reason out" % (r.at, r.file, what))
            return
        found = r.place(self.source[r.file])
        first = "'%s'" % r.lines[0]
        if len(found) != 1:
            self.problems.append(
                "%s: the passage that begins with %s is %s in %s: %s" %
                (r.at, first, "no longer" if not found else "%d times" % len(found), r.file,
                 "take it out, or give the lines as they are now" if not found else "begin it with the line before it"))
            return
        counts = self.counts.files[r.file]
        lines = [n for n in range(found[0], found[0] + len(r.lines)) if n in counts]
        for n in lines:
            self.reason_of[r.file, n] = r.text
        if lines and all(counts[n][1] for n in lines):
            self.notes.append("%s: the passage that begins with %s in %s is run by now: take its reason out" % (r.at, first, r.file))

    def lines_of(self, name, has_reason, wanted):
        counts = self.counts.files[name]
        return passages(counts, [n for n, c in counts.items() if wanted(*c) and ((name, n) in self.reason_of) == has_reason])

    def list(self, title, has_reason, wanted):
        """How many lines there are of a kind in all files; prints those of the files to show."""
        total, first = 0, True
        for name in sorted(self.source):
            groups = self.lines_of(name, has_reason, wanted)
            total += sum(map(len, groups))
            if not groups or not self.shown(name):
                continue
            if first:
                print("\n%s:" % title)
                first = False
            print(name)
            for group in groups:
                if has_reason:
                    for reason in dict.fromkeys(self.reason_of[name, n] for n in group):
                        print("  %s" % reason)
                print_lines(self.source[name], group)
        return total

    def print(self, parts):
        table(self.counts)

        def never(times, _):
            return times == 0

        def in_part(times, whole):
            return times > 0 and not whole
        self.list("Never run, with a reason", True, never)
        if parts:
            self.list("Run in part, with a reason", True, in_part)
            self.list("Run in part", False, in_part)
        missing = self.list("Never run, without a reason", False, never)
        sys.stdout.flush()
        for text in self.notes + self.problems:
            say(text)
        if missing:
            say("%d line%s never run and without a reason: write a test that runs %s, delete what nothing can run, or give the "
                "reason in %s/never_run; ./vp build coverage --help says how" %
                (missing, " is" if missing == 1 else "s are", "it" if missing == 1 else "them", LISTS))
        return 1 if missing or self.problems else 0


def check_unchanged(top, build):
    stamp = os.path.join(build, STAMP)
    if not os.path.exists(stamp):
        end(64, "no run has counted yet: run ./vp build coverage without --report")
    for folder in FOLDERS:
        for path in glob.glob(os.path.join(top, folder, "**", "*.*"), recursive=True):
            if os.path.getmtime(path) > os.path.getmtime(stamp):
                end(64, "%s is newer than what was counted: run ./vp build coverage without --report" % os.path.relpath(path, top))


def main():
    if {"--help", "-h"} & set(sys.argv):
        print(__doc__.strip())
        return 0
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("files", nargs="*")
    parser.error = lambda text: end(64, "build coverage: %s; see ./vp build coverage --help" % text)
    args = parser.parse_args()
    top, build = os.path.realpath(args.source), os.path.realpath(args.build)
    reasons = read_reasons(os.path.join(top, LISTS, "never_run"))
    wanted = [os.path.normpath(f) for f in args.files]
    for name in wanted:
        if not (name + "/").startswith(tuple(f + "/" for f in FOLDERS)) or not os.path.exists(os.path.join(top, name)):
            end(64, "build coverage: '%s' is no file or folder of %s" % (name, ", ".join(FOLDERS)))
    if args.report:
        check_unchanged(top, build)
    else:
        run_tests(top, build)
    counts = count(top, build)
    return Report(top, counts, reasons, lambda name: not wanted or any((name + "/").startswith(w + "/") for w in wanted)).print(args.parts)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
