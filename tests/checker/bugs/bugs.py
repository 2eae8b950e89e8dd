#!/usr/bin/env python3
"""Bugs that were put into copies of the bundled drivers, and what the checker says of them.

usage: bugs.py list                  the bugs: name, the rule that names it, what its author did
       bugs.py run NAME [--quiet]    builds the driver with the bug, boots the guest under --check, and shows what is told
                                     first; exit code 0 if the right rule is named first

options: --source DIR   the checkout        --build DIR   what is built of it        --program FILE   smmu-vp
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

KEYS = ("name", "rule", "says", "source", "function", "module", "file", "config", "expect", "options")


def read(path):
    """Those of a file."""
    found = []
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        bug = {"old": "", "new": "", "config": "vp-configs/gki-smmuv3.toml"}
        for line in lines:
            word, _, rest = line.partition(" ")
            if word in KEYS:
                bug[word] = rest
            else:
                bug["old" if line[0] == "-" else "new"] += line[1:] + "\n"
        found.append(bug)
    return found


def bugs(source):
    return [bug for path in sorted((source / "tests/checker/bugs").glob("*.txt")) for bug in read(path)]


def build_module(bug, source, build, folder):
    """The module with the bug in it, by the kit of the guest that is built."""
    drivers = source / "sw/drivers/iommu"
    copy = folder / "driver"
    shutil.copytree(drivers, copy, ignore=shutil.ignore_patterns("Kconfig", "*.o"))
    parts = re.search(r"^%s-y := \\\n(?:\t.*\n)+" % re.escape(bug["module"]),
                      (drivers / "Makefile").read_text(encoding="utf-8"), re.M).group(0)
    (copy / "Makefile").write_text(f"obj-m += {bug['module']}.o\n{parts}", encoding="utf-8")
    text = (copy / bug["file"]).read_text(encoding="utf-8")
    if text.count(bug["old"]) != 1:
        sys.exit(f"{bug['name']}: {bug['file']} does not hold these lines once:\n{bug['old']}")
    (copy / bug["file"]).write_text(text.replace(bug["old"], bug["new"]), encoding="utf-8")
    made = subprocess.run(["make", "-C", str(build / "sw/kit"), f"M={copy}"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f"{bug['name']}: the module does not compile\n{made.stdout}{made.stderr}")
    return copy / f"{bug['module']}.ko"


def place(writer):
    callers = writer.get("callers", [])
    return f"{writer['name']} in {writer.get('symbol', writer.get('pc', '-'))}" + \
        (", called by " + ", ".join(callers) if callers else "")


def run(bug, arguments):
    source, build = arguments.source, arguments.build
    with tempfile.TemporaryDirectory(prefix="bug-") as name:
        folder = pathlib.Path(name)
        module = build_module(bug, source, build, folder)
        report = folder / "run.json"
        command = [str(arguments.program), "run", str(source / bug["config"]), "--module", str(module), "--check", "error",
                   "--console-file", str(folder / "console.txt"), "--json", str(report), "--quiet", "--timeout-sim", "5s"]
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if not report.exists() or not report.read_text(encoding="utf-8"):
            sys.exit(f"{' '.join(command)}: exit code {ended.returncode}\n{ended.stderr}")
        told = json.loads(report.read_text(encoding="utf-8"))
    errors = [f for f in told["check"]["findings"] if f["severity"] != "note"]
    if not arguments.quiet:
        print(f"{bug['name']}: the driver {bug['says']} ({bug['file']})")
        print("".join(f"  -{line}\n" for line in bug["old"].splitlines()), end="")
        print("".join(f"  +{line}\n" for line in bug["new"].splitlines()), end="")
        print(f"the guest says: {told['verdict']}: {told['reason'][:160]}")
        print(f"the checker has told of {len(errors)} mistakes, and of these first:")
        for f in errors[:3]:
            print(f"  {f['severity']}: {f['rule']}: {f['title']} ({f['clause']})\n    {f['text']}")
            for who, what in (("issuer", "asked for by"), ("remover", "taken away by"), ("writer", "last stored to by")):
                if who in f:
                    print(f"    {what} {place(f[who])}")
    if bug["rule"] == "-":
        return
    if not errors:
        sys.exit(f"{bug['name']}: nothing is told, and {bug['rule']} should be")
    if errors[0]["rule"] != bug["rule"]:
        sys.exit(f"{bug['name']}: {errors[0]['rule']} is named first, and {bug['rule']} should be: {errors[0]['text']}")


def main():
    here = pathlib.Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--source", type=pathlib.Path, default=here)
    parser.add_argument("--build", type=pathlib.Path, default=here / "build/release")
    parser.add_argument("--program", type=pathlib.Path)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("command", choices=("list", "run"))
    parser.add_argument("name", nargs="?")
    arguments = parser.parse_args()
    arguments.program = arguments.program or arguments.build / "bin/smmu-vp"
    every = bugs(arguments.source)
    if arguments.command == "list":
        wide = max(len(b["name"]) for b in every)
        for b in every:
            print(f"{b['name']:{wide}}  {b['rule']:22}  the driver {b['says']}")
        return
    chosen = [b for b in every if b["name"] == arguments.name]
    if not chosen:
        sys.exit(f"there is no bug '{arguments.name}'; these are: {', '.join(b['name'] for b in every)}")
    os.chdir(arguments.source)
    run(chosen[0], arguments)


if __name__ == "__main__":
    main()
