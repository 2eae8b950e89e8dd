#!/usr/bin/env python3
"""The HTML report of whole runs (docs/html-report.md): what is in it, and in a browser how it looks and is used.

usage: page.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed. Those that begin with nightly_ need
Chromium.
"""
import json
import os

from e2e import EXIT, check, main
from html_page import Page
from webdriver import Browser


def report(b, config, *options, name="page.html", code="pass"):
    """The result, and the page."""
    path = os.path.join(b.folder, name)
    r = b.run(config if config is None or os.path.isabs(config) else os.path.join(b.source, "vp-configs", config),
              "--html", path, *options)
    check(r.returncode == EXIT[code], "expected exit code %d" % EXIT[code], r)
    return r, Page(path)


def text_of(page, index):
    return page.data["strings"][index]


def sections(page, section):
    """All titles below one, and itself."""
    yield page.data["strings"][section["t"]]
    for below in section.get("s", []):
        yield from sections(page, below)


# ---- what is in it

def case_a_run_is_the_same_with_a_page_and_two_pages_are_the_same(b):
    path = os.path.join(b.folder, "report.json")
    b.run(None, "--json", path)
    with open(path, encoding="utf-8") as f:
        without = json.load(f)
    r, page = report(b, None)
    told = page.data["report"]
    for key in without:
        if key != "host":
            check(told[key] == without[key], "%s differs with --html" % key, r)
    first = page.text
    check(report(b, None)[1].text == first, "two pages of one run differ", r)
    check(len(first.encode()) < 2_000_000, "the page has %d bytes" % len(first.encode()), r)


def case_the_page_has_records_in_words_counts_over_time_and_what_was_set_up(b):
    r, page = report(b, None, "--check", "note")
    data = page.data
    events, records = data["report"]["events"], data["records"]
    check(len(events) == len(records) > 500, "a record for each event", r)
    known = [(e, x) for e, x in zip(events, records) if x]
    check(len(known) > 0.9 * len(events), "records that are known: %d of %d" % (len(known), len(events)), r)
    for event, record in known:
        fields = [data["strings"][i] for i in record[4]]
        check(event["sid"] == "0x0" or fields[fields.index("StreamID") + 1] == event["sid"], "the StreamID of %s: %s" % (event, fields), r)
    t = data["timeline"]
    accesses = t["counters"].index("accesses")
    for scope in t["scopes"]:
        by_time = sum(sum(run[1:]) for run in scope["counts"][accesses])
        stats = data["report"]
        final = stats["statistics"]["smmu0"] if not scope["kind"] else stats["statistics_by_part"]["smmu0"][scope["kind"]][scope["name"]]
        check(by_time == final["accesses"], "accesses of %s: %d" % (scope["kind"] + scope["name"], by_time), r)
    check(sum(sum(run[1:]) for c in t["commands"] for run in c["counts"]) == data["report"]["statistics"]["smmu0"]["commands"], "commands", r)
    when = [s["when"] for s in data["snapshots"]]
    check(len(when) == 3 and when[0] == "first fault" and when[2] == "end of the run", "snapshots: %s" % when, r)
    for snapshot in data["snapshots"][:2]:
        titles = list(sections(page, snapshot["contents"]))
        check("stream 0x100" in titles and "stream 0x110" in titles, "streams of: %s" % snapshot["when"], r)
        check(any(title.startswith("CD at") for title in titles), "CDs of: %s" % snapshot["when"], r)
    end = list(sections(page, data["snapshots"][2]["contents"]))
    check(not any(title.startswith("CD at") for title in end), "drivers are unloaded at the end", r)
    check([w["name"] for w in data["memory_map"] if w["kind"] == "memory"] == ["ram"], "the memory", r)
    check("smmu0" in [w["name"] for w in data["memory_map"] if w["kind"] == "SMMU"], "the SMMU", r)
    for shown in ("pass (exit code 0)", data["report"]["digest"], "F_TRANSLATION", "The checker has found nothing."):
        check(shown in page.shown, "shown without scripts: %s" % shown, r)


def case_an_smmuv2_is_shown_by_its_stream_mapping_groups_and_its_faults(b):
    r, page = report(b, "gki-smmuv2.toml")
    data = page.data
    fullest = next(s for s in data["snapshots"] if s["when"] not in ("first fault", "end of the run"))
    titles = list(sections(page, fullest["mapping"]))
    check(any(t.startswith("stream mapping group") and "StreamID 0x100, context bank" in t for t in titles), "groups: %s" % titles[:9], r)
    check(any(": Translation Control Register, AArch64" in t for t in titles), "registers of banks: %s" % titles, r)
    faults = data["faults"]["list"]
    check(len(faults) > 100 and {"TF", "PF"} <= {f["event"] for f in faults}, "faults", r)


def case_a_guest_that_crashes_is_told_first(b):
    r, page = report(b, b.crash("null"), code="fail")
    check("fail (exit code 1)" in page.shown and "crash_null" in page.shown[:600], "the reason: %s" % page.shown[:600], r)


# ---- in a browser

CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
  if (c !== 'rgba(0, 0, 0, 0)' && c !== 'transparent') return rgb(c); } return [255, 255, 255]; };
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
  const style = getComputedStyle(e);
  const [a, b] = [light(rgb(e.namespaceURI.endsWith('svg') ? style.fill : style.color)), light(ground(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) bad.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2));
}
return bad;
"""

REACHED = """
const e = document.activeElement;
const style = getComputedStyle(e);
return [e.tagName, e.id, e.textContent.slice(0, 30), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1];
"""

FOCUSABLE = """
return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter((e) => !e.disabled && e.checkVisibility()).length;  // not in what is closed
"""


def page_in(browser, b, *options):
    r, page = report(b, None, *options)
    browser.open(os.path.join(b.folder, "page.html"))
    return page


def clean(browser):
    log = browser.log()
    check(log == [], "the browser's console: %s" % log)


def case_nightly_a_browser_draws_the_page_without_errors_and_with_contrast_in_light_dark_and_print(b):
    with Browser() as browser:
        page_in(browser, b, "--check", "note")
        for scheme, media in (("light", ""), ("dark", ""), ("light", "print"), ("dark", "print")):
            browser.prefer(scheme, media)
            check(browser.run(CONTRAST) == [], "contrast below 4.5 in %s %s: %s" % (scheme, media, browser.run(CONTRAST)[:9]))
        browser.prefer("light")
        for name in ("light", "dark"):  # the button: as the system, light, dark
            browser.run("document.getElementById('theme').click();")
            ground = browser.run("return getComputedStyle(document.documentElement).backgroundColor;")
            check((ground == "rgb(255, 255, 255)") == (name == "light"), "%s: %s" % (name, ground))
            check(browser.run(CONTRAST) == [], "contrast, chosen: " + name)
        browser.resize(390, 800)
        wide = browser.run("return [document.documentElement.scrollWidth, innerWidth];")
        check(wide[0] <= wide[1], "a narrow window scrolls sideways: %s" % wide)
        clean(browser)


def case_nightly_the_keyboard_alone_reaches_everything_and_drives_the_timeline(b):
    with Browser() as browser:
        page_in(browser, b)
        count = browser.run(FOCUSABLE)
        seen = []
        for _ in range(count + 5):
            browser.press("tab")
            at = browser.run(REACHED)
            if at[0] == "BODY":
                break
            check(at[3], "the focus is not visible: %s" % at)
            seen.append(at)
        check(len(seen) == count, "the keyboard reaches %d of %d" % (len(seen), count))
        check(seen[0][2] == "Skip to the report", "the first: %s" % seen[0])
        title = "return document.querySelector('#timeline .chart svg').textContent;"
        browser.run("document.querySelector('#timeline .chart').focus();")
        before = browser.run(title)
        browser.press("+")
        check(browser.run(title) != before, "+ zooms")
        browser.press("0")
        check(browser.run(title) == before, "0 shows the whole run")
        browser.press("n")
        check("F_TRANSLATION" in browser.run("return document.querySelector('#timeline [role=status]').textContent;"), "n tells of a mark")
        browser.press("enter")
        row = browser.run("const e = document.activeElement; return [e.textContent, e.getAttribute('aria-expanded')];")
        check(row == ["Details", "true"], "Enter opens its row: %s" % row)
        browser.run("document.querySelectorAll('#events tbody tr:not([hidden]) button')[1].click();")
        check("chart" in browser.run("return document.activeElement.className;"), "the time of an event leads to the timeline")
        browser.press("0")
        browser.drag("#timeline .chart", 0.3, 0.6)
        check(browser.run(title) != before, "dragging zooms")
        clean(browser)


def case_nightly_what_a_guest_prints_stays_text_in_a_browser(b):
    bad = "</script><img/src=x/onerror=document.title=1><svg/onload=document.title=2><b>bold</b>"
    config = b.variant(init="echo %s\necho KTAP version 1\necho 1..1\necho not ok 1 %s\npoweroff\n" % (bad, bad))
    r, page = report(b, config, "--name", bad, code="fail")
    with Browser() as browser:
        browser.open(os.path.join(b.folder, "page.html"))
        found = browser.run("return [document.title, document.querySelectorAll('img, b, svg[onload], script').length];")
        check(found[1] == 2 and "onerror" in found[0], "markup of the guest: %s" % found, r)
        check(bad in browser.run("return document.getElementById('console').textContent;"), "the console shows it", r)
        clean(browser)


def case_nightly_without_scripts_verdict_events_and_findings_are_there(b):
    with Browser() as browser:
        browser.scripts(False)
        page_in(browser, b, "--check", "note")
        browser.scripts(True)
        shown = browser.run("return document.body.innerText;")
        for words in ("pass (exit code 0)", "F_TRANSLATION", "The checker has found nothing."):
            check(words in shown, "not shown: %s" % words)
        check(browser.run("return document.documentElement.className;") == "", "no script ran")


if __name__ == "__main__":
    main(globals())
