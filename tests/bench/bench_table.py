"""Rows of a benchmark's table, and their comparison with those of an earlier run."""
import json
import os

SCHEMA = "smmu-vp-bench-1"
WORSE = 1.10  # what --compare objects to


class Failed(Exception):
    """What ends the run, in words for the user."""


class Row:
    """What was measured of one piece of work.

    key           its name in files
    ratio         to a baseline of the same run, or None; less is better
    instructions  of the host, or None where nobody has counted them; less is better
    over          they are those that it takes more than its baseline
    met           whether the goal is, or None where there is none

    A row with neither ratio nor instructions says that the program cannot do the work.
    """

    def __init__(self, key, work, measured, goal="", met=None, ratio=None, instructions=None, over=False):
        self.key, self.work, self.measured, self.goal, self.met = key, work, measured, goal, met
        self.over = over
        # What noise makes less than nothing is nothing.
        self.ratio = None if ratio is None else round(max(ratio, 0), 4)
        self.instructions = None if instructions is None else round(max(instructions, 0), 2)


    def is_measured(self):
        return self.ratio is not None or self.instructions is not None


def columns(lines):
    """Text with columns that line up; the first line is their heads."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() + "\n" for line in lines)


def table(rows):
    counted = any(r.instructions is not None for r in rows)
    lines = [("work", "measured", *(["instructions"] if counted else []), "goal", "")]
    for r in rows:
        count = "" if r.instructions is None else ("+" if r.over else "") + "{:,.0f}".format(r.instructions)
        verdict = "" if r.met is None else "met" if r.met else "missed"
        lines.append((r.work, r.measured, *([count] if counted else []), r.goal, verdict))
    return columns(lines)


# ---- files of --save

def save(path, name, host, rows):
    """Leaves what was there if it cannot write all of it."""
    record = {"schema": SCHEMA, "bench": name, "host": host,
              "rows": {r.key: {"work": r.work, "ratio": r.ratio, "instructions": r.instructions}
                       for r in rows if r.is_measured()}}
    part = path + ".part"
    try:
        with open(part, "w") as f:
            json.dump(record, f, indent=1)
            f.write("\n")
        os.replace(part, path)
    except OSError as e:
        raise Failed("--save: cannot write %s: %s" % (path, e.strerror)) from e


def check_writable(path):
    """Before anything is measured."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path) or not os.access(folder, os.W_OK) or (os.path.exists(path) and not os.access(path, os.W_OK)):
        raise Failed("--save: cannot write %s: expected a file in a folder that is there and can be written" % path)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf")


def load(path, name):
    """A record of save(). @raise Failed with what is wrong and how to get another"""
    again = "; make another with ./vp bench %s --save %s" % (name, path)
    try:
        with open(path, encoding="utf-8") as f:
            record = json.load(f)
    except OSError as e:
        raise Failed("--compare: cannot read %s: %s%s" % (path, e.strerror, again)) from e
    except ValueError as e:
        raise Failed("--compare: %s is damaged, it is no JSON (%s)%s" % (path, e, again)) from e
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        raise Failed("--compare: %s has the schema %s, expected %r%s" % (path, json.dumps(schema), SCHEMA, again))
    if record.get("bench") != name:
        raise Failed("--compare: %s is of the benchmark %s, expected %r%s" %
                     (path, json.dumps(record.get("bench")), name, again))
    host, rows = record.get("host"), record.get("rows")
    if not isinstance(host, dict) or not isinstance(rows, dict):
        raise Failed("--compare: %s is damaged, it lacks \"host\" or \"rows\"%s" % (path, again))
    for key, row in rows.items():
        if not isinstance(row, dict) or not all(row.get(f) is None or is_number(row[f]) for f in ("ratio", "instructions")):
            raise Failed("--compare: %s is damaged at rows.%s: expected numbers that are not negative%s" % (path, key, again))
    return record


def compare(before, host, rows):
    """@param before  of load()
    @return what is to be said, and whether a row is worse"""
    rows = [r for r in rows if r.is_measured()]
    said = []
    for fact in sorted(set(before["host"]) | set(host)):
        was, now = before["host"].get(fact, "unknown"), host.get(fact, "unknown")
        if was != now:
            said.append("another %s: before %s, now %s" % (fact, was, now))
    lines = []
    worse = 0
    for r in rows:
        was = before["rows"].get(r.key)
        if was is None:
            said.append("only now: %s" % r.work)
            continue
        # Instructions hold on a busy machine; times do so only beside others of the same run.
        for unit, form in (("instructions", "{:,.0f}"), ("ratio", "{:.2f}x")):
            now = getattr(r, unit)
            if was.get(unit) is None or now is None:
                continue
            if now > was[unit] * WORSE:
                worse += 1
                change = "%+.0f %%" % ((now / was[unit] - 1) * 100) if was[unit] else "from nothing"
                lines.append((r.work, unit, form.format(was[unit]), form.format(now), change))
            break
        else:
            said.append("nothing that both runs have: %s" % r.work)
    now = {r.key for r in rows}
    for key, row in before["rows"].items():
        if key not in now:
            said.append("missing now: %s" % row.get("work", key))
    text = "".join(line + "\n" for line in said)
    if worse:
        text += "%d of %d are more than %.0f %% worse:\n" % (worse, len(rows), (WORSE - 1) * 100)
        text += columns([("work", "unit", "before", "now", "")] + lines)
    else:
        text += "none of %d is more than %.0f %% worse\n" % (len(rows), (WORSE - 1) * 100)
    return text, worse > 0
