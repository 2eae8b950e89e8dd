"""What regress tells: JUnit XML, the summary, the history."""
import os
import time
import xml.etree.ElementTree as ET

from runner import clean_name, first_difference


def xml_text(text):
    """Without what XML 1.0 has no place for."""
    return "".join(c if c in "\t\n" or 0x20 <= ord(c) <= 0xd7ff or 0xe000 <= ord(c) <= 0xfffd or ord(c) > 0xffff else "\ufffd" for c in text)


def failure_text(store, row, first):
    lines = [row["reason"] or ""]
    for part in (row["differs"] or "").split(", "):
        if part and first is not None:
            lines.append(f"{part}: {first_difference(os.path.join(store.folder, first['folder']), os.path.join(store.folder, row['folder']), part)}")
    for name in ("stderr.txt",):
        try:
            with open(os.path.join(store.folder, row["folder"], name), encoding="utf-8", errors="replace") as f:
                lines += ["", name + ":", *f.read().splitlines()[-40:]]
        except OSError:
            pass
    return xml_text("\n".join(lines))


def case_of(store, suite, row, first):
    name = row["name"] + (f" #{row['repeat']}" if row["repeat"] > 1 else "")
    case = ET.Element("testcase", classname=f"{suite.name}.{row['name'].split('/')[0]}", name=name, time=f"{row['wall_seconds'] or 0:.3f}")
    if row["state"] != "done":
        ET.SubElement(case, "error", message="it was not run")
    elif not row["passed"]:
        message = f"not deterministic: {row['differs']} of repeat {row['repeat']} differs from the first" if row["differs"] else f"{row['verdict']}: {row['reason']}"
        failure = ET.SubElement(case, "failure", type=row["verdict"] if not row["differs"] else "differs", message=xml_text(message))
        failure.text = failure_text(store, row, first)
    return case


def junit(store, suite, invocation, file):
    """A suite of all runs, and the suites that they have written themselves. @raises OSError"""
    root = ET.Element("testsuites")
    own = ET.SubElement(root, "testsuite", name=suite.name)
    rows = store.runs(invocation)
    firsts = {r["number"]: r for r in rows if r["repeat"] == 1}
    for row in rows:
        own.append(case_of(store, suite, row, firsts.get(row["number"])))
    for row in rows:
        # Of repeats the first tells all.
        if row["repeat"] != 1:
            continue
        try:
            root.extend(ET.parse(os.path.join(store.folder, row["folder"], "junit.xml")).getroot().findall("testsuite"))
        except (OSError, ET.ParseError):
            pass  # it has left none, which its own case tells
    own.set("time", f"{sum(r['wall_seconds'] or 0 for r in rows):.3f}")
    for suite_element in root:
        cases = suite_element.findall("testcase")
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite_element.set(key, str(sum(1 for c in cases if c.find(tag) is not None)))
        suite_element.set("tests", str(len(cases)))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(s.get(key)) for s in root)))
    ET.indent(root)
    part = f"{file}.{os.getpid()}"
    with open(part, "wb") as f:
        ET.ElementTree(root).write(f, encoding="utf-8", xml_declaration=True)
        f.write(b"\n")
    os.replace(part, file)


def table(rows, out):
    widths = [max(len(str(r[i])) for r in rows) for i in range(len(rows[0]))]
    for r in rows:
        out.write("  ".join(f"{str(c):>{w}}" if str(c).isdigit() else f"{str(c):<{w}}" for c, w in zip(r, widths)).rstrip() + "\n")


def summary(store, suite, invocation, out):
    """@return whether all has passed"""
    rows = store.runs(invocation)
    failed = [r for r in rows if r["state"] == "done" and not r["passed"]]
    missing = [r for r in rows if r["state"] != "done"]
    for r in failed[:50]:
        what = f"differs from its first run: {r['differs']}" if r["differs"] else f"{r['verdict']}: {r['reason']}"
        out.write(f"failed  {r['name']}{' #%d' % r['repeat'] if r['repeat'] > 1 else ''}: {clean_name(what)[:300]}\n        {os.path.join(store.folder, r['folder'])}\n")
    if len(failed) > 50:
        out.write(f"and {len(failed) - 50} more\n")
    for r in missing[:10]:
        out.write(f"missing {r['name']}\n")
    seconds = store.db.execute("SELECT seconds FROM invocation WHERE id = ?", (invocation,)).fetchone()["seconds"]
    out.write(f"{suite.name}: {len(rows)} runs: {len(rows) - len(failed) - len(missing)} passed, {len(failed)} failed, {len(missing)} missing; {seconds:.0f} s; results in {store.folder}\n")
    return not failed and not missing


MARKS = {None: " ", "pass": ".", "fail": "F", "differs": "D", "missing": "-"}


def history(store, suite, most, out):
    invocations = store.history(suite, most)
    if not invocations:
        out.write(f"{suite.name} was never run\n")
        return
    table([("", "began", "what", "shard", "runs", "failed", "differ", "missing", "s", "state")] +
          [(i["id"], time.strftime("%Y-%m-%d %H:%M", time.localtime(i["started"])), i["kind"], i["shard"] or "-", i["runs"], i["failed"], i["differing"],
            i["missing"], round(i["seconds"]), i["state"]) for i in invocations], out)
    results = {}
    for column, i in enumerate(invocations):
        for row in store.runs(i["id"]):
            marks = results.setdefault(row["name"], [None] * len(invocations))
            mark = "missing" if row["state"] != "done" else "differs" if row["differs"] else "pass" if row["passed"] else "fail"
            if marks[column] in (None, "pass"):
                marks[column] = mark
    shown = {name: marks for name, marks in results.items() if any(m in ("fail", "differs") for m in marks)}
    if shown:
        out.write("\nruns that have failed (F) or differed (D); - missing, . passed; the newest is on the right\n")
        for name, marks in sorted(shown.items()):
            out.write("  " + "".join(MARKS[m] for m in marks) + f"  {name}\n")
