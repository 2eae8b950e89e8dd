#!/usr/bin/env python3
"""The HTML report of runs, on platforms of stand-ins: what a guest says stays text, and how the file is written.

usage: page.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import base64
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import check, main  # noqa: E402
from html_page import Page  # noqa: E402

# Ends elements, comments and attributes; has entities, marks of the page's template, and controls.
HOSTILE = ("</script></style></title></pre><script>alert(1)</script><img src=x onerror=alert(2)> <!-- ]]> --!> <!--@DATA@-->"
           " \" ' onclick='x' & &lt; \\u003c \x1b[31m \x7f \u2028 \u202e")


def page_of(b, *options, code=0, **more):
    r = b.run("--html", b.path("page.html"), *options, **more)
    check(r.returncode == code, "expected exit code %d" % code, r)
    return r, Page(b.path("page.html"))


def scripts_of(page):
    return page.tags.count("script"), page.raw["script"][1]


def case_what_a_guest_and_a_command_line_say_stays_text(b):
    _, plain = page_of(b)
    for text in (HOSTILE, "KTAP version 1\n1..1\n# %s\nnot ok 1 %s # %s\nBUG: %s\n" % (HOSTILE, HOSTILE, HOSTILE, HOSTILE)):
        failed = text.startswith("KTAP")
        r, page = page_of(b, "--set", "cpu0.text=" + text, "--name", HOSTILE, "--fail-on", "alert", code=1)
        check(scripts_of(page) == scripts_of(plain), "a script more, or another one", r)
        check("img" not in page.tags, "markup of the guest", r)
        check(not any("alert" in str(value) for _, _, value in page.attributes), "text in attributes", r)
        check(("<img src=x onerror=alert(2)>" in page.shown) and "\\x1b[31m" in page.shown, "the text is shown", r)
        data = page.data
        check("<img src=x onerror=alert(2)>" in data["console"]["head"] and "\x1b" not in data["console"]["head"], "the console", r)
        check(data["report"]["name"] == HOSTILE, "the data have it unchanged", r)
        if failed:
            check("<img src=x" in data["report"]["tests"]["cases"][0]["name"], "the test's name", r)


def case_bytes_that_are_no_text_leave_a_page_in_utf_8(b):
    _, page = page_of(b, "--set", b"cpu0.text=\xff\xfe\x80 \xc3( \xed\xa0\x80 end\n")
    check("\\xff\\xfe\\x80 \\xc3(" in page.data["console"]["head"], "the bytes in words: %r" % page.data["console"]["head"])


def case_only_the_scripts_of_the_page_may_run_and_nothing_is_fetched(b):
    _, page = page_of(b)
    policy = next(v for t, n, v in page.attributes if t == "meta" and n == "content" and "default-src" in v)
    of_script = base64.b64encode(hashlib.sha256(page.raw["script"][1].encode()).digest()).decode()
    check("default-src 'none'" in policy and "script-src 'sha256-%s';" % of_script in policy, "the policy: %s" % policy)
    outside = re.findall(r"(?:https?:)?//[a-z]+\.[a-z.]+/\S*|@import|url\(", page.text)
    check([o for o in outside if "www.w3.org/2000/svg" not in o] == [], "addresses: %s" % outside)


def case_a_page_of_a_run_that_is_refused_says_why_and_none_of_an_earlier_run_stays(b):
    page_of(b)
    bad = b.edited(("[bus]", "[bus]\nno_such_key = 1"))
    r, page = page_of(b, config=bad, code=64)
    check("config (exit code 64)" in page.shown and "no_such_key" in page.shown, "the page: %s" % page.shown[:500], r)
    kept = b.write("notes.html", "<p>not a report</p>")
    b.run("--html", kept, config=bad)
    check(b.read("notes.html") == "<p>not a report</p>", "a file that holds no report stays as it is")


def case_a_page_can_go_to_standard_output_and_the_console_elsewhere(b):
    r = b.run("--html", "-", "--set", "cpu0.text=hello\n")
    check(r.returncode == 0 and r.stdout.startswith("<!DOCTYPE html>") and "hello\n" in r.stderr, "the page alone", r)
    r = b.run("--html", "-", "--json", "-")
    check(r.returncode == 64 and "cannot both have standard output" in r.stderr, "two on standard output", r)


def case_a_page_that_cannot_be_written_fails_the_run_and_the_other_reports_say_so(b):
    r = b.run("--html", "/dev/full", "--json", b.path("j"), "--junit", b.path("u"))
    check(r.returncode == 70 and "cannot write --html /dev/full" in r.stderr, "expected exit code 70", r)
    check('"verdict": "internal"' in b.read("j") and "cannot write --html" in b.read("u"), "the reports", r)
    r = b.run("--html", b.path("page.html"), "--junit", "/dev/full")
    check(r.returncode == 70 and "internal (exit code 70)" in Page(b.path("page.html")).shown, "the page", r)


def case_a_page_is_no_other_output_and_no_input(b):
    for other in (("--json", b.path("x")), ("--console-file", b.path("x"))):
        r = b.run("--html", b.path("x"), *other)
        check(r.returncode == 64 and "are the same file" in r.stderr, "expected to be refused", r)
    before = b.read("good.toml")
    r = b.run("--html", b.config)
    check(r.returncode == 64 and "are the same file" in r.stderr and b.read("good.toml") == before, "the configuration", r)


if __name__ == "__main__":
    main(globals())
