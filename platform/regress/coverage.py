#!/usr/bin/env python3
"""usage: ./vp coverage-report FILE... [options]

Merges what runs with --coverage have counted, and tells what no run has used: of the structures, commands, events,
table formats, invalidations and registers of SMMUs, and of the clauses of SPEC.md. A FILE is one of a run, one that
--merge has written, or a folder, which stands for all coverage.json in it.

  --merge FILE      write the sum of all
  --uncovered KIND  list the points of a kind that no run has used: smmuv3/STE, smmuv2/register, all
  --spec smmuv3     list the clauses of smmuv3/SPEC.md (or smmuv2) that no run has exercised
  --fail-under N    exit code 1 if fewer percent of the points are used
  --points FILE     what 'smmu-vp coverage-points --json FILE' has written, instead of asking the program
  --program FILE    smmu-vp

Exit code 0; 1 by --fail-under; 64: a file or an option is wrong.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = "smmu-vp-coverage-1"


class CoverageError(Exception):
    pass


def load(file, schema):
    try:
        with open(file, encoding="utf-8") as f:
            data = json.load(f)
    except OSError as e:
        raise CoverageError(f"{file}: {e.strerror}") from e
    except (ValueError, RecursionError) as e:
        raise CoverageError(f"{file}: no JSON: {e}") from e
    if not isinstance(data, dict) or data.get("schema") != schema:
        raise CoverageError(f"{file}: this is no \"schema\": \"{schema}\"")
    return data


def load_hits(file):
    data = load(file, SCHEMA)
    hits = data.get("hits")
    if not isinstance(hits, dict) or not all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in hits.values()):
        raise CoverageError(f"{file}: \"hits\" is no table of counts")
    if not isinstance(data.get("runs"), list) or not all(isinstance(r, str) for r in data["runs"]) or not isinstance(data.get("points"), str):
        raise CoverageError(f"{file}: \"runs\" is no list of names, or \"points\" no text")
    return data


def files_of(words):
    for word in words:
        if os.path.isdir(word):
            yield from sorted(str(p) for p in pathlib.Path(word).rglob("coverage.json"))
        else:
            yield word


def merge(files):
    """@raises CoverageError also for files of programs whose points are others"""
    merged = None
    for file in files:
        data = load_hits(file)
        if merged is None:
            merged, first = {"schema": SCHEMA, "version": data.get("version", ""), "points": data["points"], "runs": [], "hits": {}}, file
        if data["points"] != merged["points"]:
            raise CoverageError(f"{file} and {first} are of programs that count other things; take files of one build")
        merged["runs"] += data["runs"]
        for name, count in data["hits"].items():
            merged["hits"][name] = merged["hits"].get(name, 0) + count
    if merged is None:
        raise CoverageError("there is no coverage file: run with --coverage FILE, or coverage = true in a suite")
    merged["runs"] = sorted(set(merged["runs"]))
    merged["hits"] = dict(sorted(merged["hits"].items()))
    return merged


def write(file, data):
    part = f"{file}.{os.getpid()}"
    with open(part, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1)
        f.write("\n")
    os.replace(part, file)


def points_of(program):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "points.json")
        r = subprocess.run([program, "coverage-points", "--json", file], capture_output=True, text=True, check=False)
        if r.returncode != 0:
            raise CoverageError(f"{program} coverage-points: exit code {r.returncode}: {r.stderr.strip()}")
        return load(file, "smmu-vp-coverage-points-1")


def kind_of(name):
    return "/".join(name.split("/")[:2])


# ---- SPEC.md: a table clause | rule | status | test

NOT_BUILT = ("not built", "RES0", "RAZ/WI", "cannot arise", "absent", "refused", "enforced", "CERROR_ILL", "0,", "they do not", "at most", "no effect")
CLAUSE = re.compile(r"(\d+(?:\.\d+)*)(?:\s*-\s*(\d+(?:\.\d+)*))?")
WORD = re.compile(r"\b[A-Z][A-Za-z0-9_]+\*?|\bTLBI_[A-Z0-9_]+\*?")


def clauses_of(text):
    """Pairs (first, last) of numbers; a clause alone is both."""
    def numbers(t):
        return tuple(int(n) for n in t.split("."))
    return [(numbers(a), numbers(b or a)) for a, b in CLAUSE.findall(text)]


def overlap(of_rule, of_point):
    """A rule of 7.3 is about 7.3.7, and one of 6.3.1-6.3.8 about 6.3.4; a point of 5.2 is about 5.2.2."""
    for first, last in of_rule:
        for point, _ in of_point:
            for n in {len(first), min(len(first), len(point))}:
                if len(point) >= n and first[:n] <= point[:n] <= last[:n]:
                    return True
    return False


def rules_of(spec):
    columns = None
    for number, line in enumerate(spec.read_text(encoding="utf-8").splitlines(), 1):
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else None
        if cells is None:
            columns = None
        elif "Status" in cells and "Rule" in cells:
            columns = cells
        elif columns and len(cells) == len(columns) and not set(line) <= set("|-: "):
            row = dict(zip(columns, cells))
            yield {"line": number, "clause": row.get("Clause", ""), "rule": row["Rule"], "built": not row["Status"].startswith(NOT_BUILT)}


def items_of(name):
    """What a point is about, as the specification calls it: 'S1DSS' of smmuv3/STE/S1DSS=1, 'CMD_SYNC' of smmuv3/command/CMD_SYNC/CS=1, 'S2CRn' and
    'TYPE' of smmuv2/field/SMMU_S2CRn[bypass mode]/TYPE=1."""
    _, kind, *rest = name.split("/")
    if kind in ("command", "event", "fault", "invalidation", "register"):
        rest = rest[:1]
    return tuple(re.sub(r"^SMMU_(CBn_)?|\[.*|!?=.*", "", word) for word in rest)


def item_of(name):
    return ".".join(items_of(name))


def names(pattern, items):
    """A rule writes CMD_TLBI_NH_ASID as 'ASID' behind another command, and several registers as 'TLBI_EL3_*'."""
    return any(fnmatch.fnmatchcase(item, pattern) or fnmatch.fnmatchcase(item, "*_" + pattern) for item in items)


def link(rules, points):
    """Which points a rule is about: those of its clauses that it names, or, if it names none, those of a clause of three numbers."""
    parsed = [(p["name"], items_of(p["name"]), clauses_of(p["clause"][9:] if p["clause"].startswith("IHI ") else "")) for p in points]
    for rule in rules:
        of_rule = clauses_of(rule["clause"])
        near = [p for p in parsed if p[2] and overlap(of_rule, p[2])]
        words = set(WORD.findall(rule["rule"]))
        found = [p[0] for p in near if any(names(w, p[1]) for w in words)]
        if not found:
            exact = [(a, b) for a, b in of_rule if len(a) > 2]
            found = [p[0] for p in near if exact and len(p[2][0][0]) > 2 and overlap(exact, p[2])]
        rule["points"] = found
    return rules


def spec_report(smmu, points, hits, spec=None):
    rules = link([r for r in rules_of(spec or TOP / smmu / "SPEC.md") if r["built"]], [p for p in points if p["name"].startswith(smmu + "/")])
    counted = [r for r in rules if r["points"]]
    open_rules = [r for r in counted if not any(p in hits for p in r["points"])]
    return rules, counted, open_rules


def not_built(points):
    """Points that SPEC.md names as not built and nowhere as built."""
    names_of = set()
    for smmu in ("smmuv3", "smmuv2"):
        own = [p for p in points if p["name"].startswith(smmu + "/")]
        rules = list(rules_of(TOP / smmu / "SPEC.md"))
        parsed = [(p["name"], items_of(p["name"]), clauses_of(p["clause"][9:])) for p in own]
        state = {}
        for rule in rules:
            of_rule, words = clauses_of(rule["clause"]), set(WORD.findall(rule["rule"]))
            for name, item, clauses in parsed:
                if overlap(of_rule, clauses) and any(names(w, item) for w in words):
                    state[name] = state.get(name, False) or rule["built"]
        names_of |= {name for name, built in state.items() if not built}
    return names_of


def bar(part, whole):
    return f"{100 * part / whole:5.1f} %" if whole else "      -"


def report(merged, points, out):
    hits = merged["hits"]
    unknown = [n for n in hits if n not in {p["name"] for p in points["list"]}]
    if points["points"] != merged["points"] or unknown:
        raise CoverageError("the program counts other things than the files have: take the smmu-vp that made them (--program)")
    without = not_built(points["list"]) - set(hits)
    listed = [p for p in points["list"] if p["name"] not in without]
    kinds = {}
    for p in listed:
        k = kinds.setdefault(kind_of(p["name"]), [0, 0])
        k[0] += p["name"] in hits
        k[1] += 1
    width = max(len(k) for k in kinds)
    out.write(f"{len(merged['runs'])} runs\n\n{'':{width}}   used    of\n")
    for kind, (used, of) in kinds.items():
        out.write(f"{kind:{width}}  {used:5} {of:5}  {bar(used, of)}\n")
    used, of = sum(k[0] for k in kinds.values()), sum(k[1] for k in kinds.values())
    out.write(f"{'all':{width}}  {used:5} {of:5}  {bar(used, of)}\n")
    if without:
        out.write(f"{len(without)} points of what SPEC.md calls not built are left out\n")
    for smmu in ("smmuv3", "smmuv2"):
        rules, counted, open_rules = spec_report(smmu, points["list"], hits)
        out.write(f"{smmu}/SPEC.md: {len(rules)} rules are built; runs can be seen to exercise {len(counted)} of them, and have exercised {len(counted) - len(open_rules)}\n")
    return 100 * used / of if of else 100.0


def uncovered(kind, merged, points, out):
    without = not_built(points["list"])
    kinds = sorted({kind_of(p["name"]) for p in points["list"]})
    if kind != "all" and kind not in kinds:
        raise CoverageError(f"there is no kind '{kind}'; there are all, {', '.join(kinds)}")
    rows = [p for p in points["list"] if p["name"] not in merged["hits"] and p["name"] not in without and kind in ("all", kind_of(p["name"]))]
    width = max((len(p["name"]) for p in rows), default=0)
    for p in rows:
        out.write(f"{p['name']:{width}}  {p['clause']}{': ' + p['meaning'] if p['meaning'] else ''}\n")


def unexercised(smmu, merged, points, out):
    for rule in spec_report(smmu, points["list"], merged["hits"])[2]:
        shown = ", ".join(sorted({item_of(p) for p in rule["points"]})[:6])
        out.write(f"{smmu}/SPEC.md:{rule['line']}: {rule['clause']}: {rule['rule'][:200]}\n    no run has used any of {len(rule['points'])} points: {shown}\n")


def main(words=None):
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1], add_help=False)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--merge")
    parser.add_argument("--uncovered")
    parser.add_argument("--spec", choices=("smmuv3", "smmuv2"))
    parser.add_argument("--fail-under", type=float)
    parser.add_argument("--points")
    parser.add_argument("--program", default=str(TOP / "build/release/bin/smmu-vp"))
    parser.error = lambda text: (_ for _ in ()).throw(CoverageError(f"{text}; --help lists the options"))
    try:
        a = parser.parse_args(words)
        if a.help:
            print(__doc__, end="")
            return 0
        merged = merge(files_of(a.files))
        points = load(a.points, "smmu-vp-coverage-points-1") if a.points else points_of(a.program)
        if a.merge:
            write(a.merge, merged)
        if a.uncovered:
            uncovered(a.uncovered, merged, points, sys.stdout)
        if a.spec:
            unexercised(a.spec, merged, points, sys.stdout)
        if not a.uncovered and not a.spec:
            part = report(merged, points, sys.stdout)
            if a.fail_under is not None and part < a.fail_under:
                print(f"fewer than {a.fail_under:g} percent are used (--fail-under)", file=sys.stderr)
                return 1
        return 0
    except (CoverageError, OSError) as e:
        print(f"coverage-report: {e}", file=sys.stderr)
        return 64


if __name__ == "__main__":
    sys.exit(main())
