#!/usr/bin/env python3
"""Keeps docs/story.md true: its commands print the lines that it shows, and the files that it names are there.

usage: story.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import os
import re
import shlex
import subprocess

from e2e import check, main


def page(b):
    with open(os.path.join(b.source, "docs", "story.md"), encoding="utf-8") as f:
        return f.read()


def runs(b):
    """(command, lines) of each block."""
    blocks = re.findall(r"(?ms)^```console\n\$ (.*?)\n(.*?)^```$", page(b))
    check(len(blocks) >= 8, "docs/story.md has %d runs" % len(blocks))
    return blocks


def words_of(b, command):
    words = [w.replace("build/release/", b.build + "/") for w in shlex.split(command)]
    return [b.program, "run"] + words[2:] if words[:2] == ["./vp", "run"] else words


def masked(line):
    """Sizes, in lsmod's table and elsewhere, change with each edit of a module."""
    line = re.sub(r"^(\[ *[0-9.]+\] )?", "", line.rstrip())
    line = re.sub(r"^(\w+ +)\d{4,}(  \d)", r"\1SIZE\2", line)
    return re.sub(r"\b\d[\d ]*( KiB\b| bytes,)", r"N\1", line)


def pattern(line):
    return ".*".join(re.escape(part) for part in masked(line).split("..."))


def case_each_run_of_the_story_prints_what_the_page_shows(b):
    for command, shown in runs(b):
        r = subprocess.run(words_of(b, command), cwd=b.source, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           errors="replace", timeout=120)
        check(r.returncode == 0, command, r)
        printed = [masked(line) for line in (r.stdout.replace("\r", "") + r.stderr).splitlines()]
        at = 0
        for line in shown.splitlines():
            found = next((i for i in range(at, len(printed)) if re.fullmatch(pattern(line), printed[i])), None)
            check(found is not None, "%s: not printed, or not in this order: %s" % (command, line), r)
            at = found + 1


def case_the_files_that_the_story_names_are_there_and_each_row_has_its_run(b):
    text = page(b)
    names = {n for n in re.findall(r"`([\w./-]+/[\w./-]+)`", text)}
    check(len(names) > 10, "it names %s" % sorted(names))
    for name in names:
        check(os.path.exists(os.path.join(b.source, name)), "docs/story.md names %s" % name)
    headings = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in re.findall(r"(?m)^## (.*)$", text)}
    rows = re.findall(r"(?m)^\| 20(?:19|20), .*$", text)
    check(len(rows) == 12, "there are %d patches" % len(rows))
    for row in rows:
        for target in re.findall(r"\]\(#(.*?)\)", row) or [""]:
            check(target in headings, "no run %r in the row: %s" % (target, row))


if __name__ == "__main__":
    main(globals())
