#!/usr/bin/env python3
"""What a run leaves behind that is refused, stopped or killed, and what goes to standard output; on platforms of
stand-ins.

usage: ends.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: skipped, and it said why.
"""
import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from program import check, conforms, main  # noqa: E402
from terminal import start  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTS = ("--json", "j", "--junit", "u")


def reports(b):
    return [w if w.startswith("--") else b.path(w) for w in REPORTS]


def earlier_run_passed(b):
    r = b.run(*reports(b))
    check(r.returncode == 0 and json.loads(b.read("j"))["verdict"] == "pass", "the test's own assumption", r)


def told(b, verdict, code, where=""):
    """Both reports say how the run ended, in their own formats. Returns the reason."""
    report = json.loads(b.read("j"))
    with open(os.path.join(HERE, "..", "..", "docs", "report.schema.json")) as f:
        conforms(report, json.load(f), "report")
    check((report["verdict"], report["exit_code"]) == (verdict, code), "%s: %s %s" % (where, report["verdict"], report["exit_code"]))
    suite = xml.etree.ElementTree.parse(b.path("u")).getroot().find("testsuite")
    failures = [c.find("failure").get("message") for c in suite.findall("testcase") if c.find("failure") is not None]
    # XML 1.0, 3.3.3: a line end in an attribute is a blank.
    check(failures == [report["reason"].replace("\n", " ")], "%s: JUnit says %s" % (where, failures))
    return report["reason"]


# ---- refused

def case_a_run_that_is_refused_says_so_in_its_reports(b):
    edited = b.edited(("SPI 4", "SPI 1"))
    no_plugin = b.write("plugin.toml", b.text().replace('"fake-dma"', '"nosuch"'))
    broken = b.write("broken.toml", "[bus\n")
    for where, words, reason in (
            ("no configuration", ["run", b.path("none.toml")], "no such file"),
            ("syntax", ["run", broken], "TOML syntax"),
            ("wiring", ["run", edited], "wired twice"),
            ("plugin", ["run", no_plugin], "no plugin offers"),
            ("kernel", ["run", b.config, "--kernel", b.path("none")], "no such file"),
            ("parameter", ["run", b.config, "--set", "ram.sise=1"], "did you mean 'size'"),
            ("trace", ["run", b.config, "--trace", "nosuch"], "nosuch"),
            ("gdb", ["run", b.config, "--gdb", "x"], "gdb"),
            ("option", ["run", b.config, "--nosuch"], "unknown option"),
            ("value", ["run", b.config, "--timeout-sim", "soon"], "is no time"),
            ("two configurations", ["run", b.config, b.config], "expected: smmu-vp run CONFIG"),
            ("no value", ["run", b.config, "--timeout-sim"], "timeout-sim"),
            ("other output", ["run", b.config, "--console-file", "/no/such/folder/c"], "--console-file")):
        earlier_run_passed(b)
        options = reports(b)
        # An option without a value must be the last one.
        r = b.call(*(words[:2] + options + words[2:]))
        check(r.returncode == 64, "%s: expected exit code 64" % where, r)
        said = told(b, "config", 64, where)
        check(reason in said and said.splitlines()[0] in r.stderr, "%s: the reason is %r" % (where, said), r)
        for name in ("j", "u"):
            os.unlink(b.path(name))
        r = b.call(*(words[:2] + ["--json=" + b.path("j"), "--junit=" + b.path("u")] + words[2:]))
        told(b, "config", 64, where + ", no earlier run")
    check(json.loads(b.read("j"))["platform"] in ("good", "smmu-vp"), "another platform")


def case_an_internal_error_says_so_in_its_reports(b):
    earlier_run_passed(b)
    r = b.run(*reports(b), "--set", "cpu0.end=throw")
    check(r.returncode == 70, "expected exit code 70", r)
    told(b, "internal", 70)


def case_a_refused_run_keeps_what_is_no_report(b):
    for content in ("precious", "{}", '{"schema": "mine"}', "<xml/>"):
        b.write("j", content)
        b.write("u", content)
        r = b.run(*reports(b), "--nosuch")
        check(r.returncode == 64, "expected exit code 64", r)
        check((b.read("j"), b.read("u")) == (content, content), "%r is gone" % content)
    before = b.text()
    r = b.run("--json", b.config, "--nosuch")
    check(r.returncode == 64 and b.read("good.toml") == before, "the configuration has changed", r)
    earlier_run_passed(b)
    passed = b.read("j")
    b.call("check", b.config, "--json", b.path("j"))
    check(b.read("j") == passed, "check is no run")


def case_a_killed_run_leaves_no_report_of_an_earlier_one(b):
    earlier_run_passed(b)
    p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    p.stdout.readline()
    p.kill()
    p.communicate(timeout=30)
    check(b.read("j") == "" and b.read("u") == "", "an earlier run's report looks like this one's")


def case_help_beside_a_run_touches_no_report(b):
    earlier_run_passed(b)
    before = b.read("j"), b.read("u")
    for words in (["--help"], ["-h"], ["--version"], ["--help", "--timeout-sim", "soon"]):
        r = b.run(*words, *reports(b))
        check(r.returncode == (64 if "soon" in words else 0), "%s: another exit code" % words, r)
        check((b.read("j"), b.read("u")) == before, "%s: the report of an earlier run is gone" % words)


# ---- signals

def case_a_signal_exits_with_128_and_its_number_and_the_reports_say_the_same(b):
    for number, again in ((signal.SIGINT, signal.SIGTERM), (signal.SIGHUP, signal.SIGINT), (signal.SIGTERM, None)):
        p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        p.stdout.readline()
        # One request may come twice, and the run comes to its end all the same. Both wait while the program is
        # stopped, so that no time lies between them however busy the machine is; the lower number comes first.
        p.send_signal(signal.SIGSTOP)
        os.waitpid(p.pid, os.WUNTRACED)
        p.send_signal(number)
        if again is not None:
            p.send_signal(again)
        p.send_signal(signal.SIGCONT)
        said = p.communicate(timeout=30)[1]
        check(p.returncode == 128 + number and "exit code %d" % (128 + number) in said, "%s: exit code %d: %s" % (number.name, p.returncode, said))
        check(told(b, "interrupted", 128 + number, number.name) == "interrupted", number.name)
        check(json.loads(b.read("j"))["sim_time_ps"] > 0, "the report is not the run's own")


def case_nohup_keeps_a_run_alive(b):
    p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n", "--timeout-sim", "1s"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    p.stdout.readline()
    p.send_signal(signal.SIGHUP)
    p.communicate(timeout=60)
    check(p.returncode == 65, "expected exit code 65, got %d" % p.returncode)


def case_a_terminal_that_hangs_up_ends_the_run_and_loses_no_report(b):
    pid, fd = start([b.program, "run", b.config, "--console", *reports(b), "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n"])
    seen = b""
    while b"ready" not in seen:
        seen += os.read(fd, 4096)  # fails if the program has ended
    os.close(fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    check(code == 129, "expected exit code 129, got %d" % code)
    told(b, "interrupted", 129)


def case_a_model_that_hangs_is_ended_and_the_reports_say_how(b):
    r = b.run(*reports(b), "--set", "cpu0.end=hang", "--timeout-wall", "100ms")
    check(r.returncode == 66, "expected exit code 66", r)
    check("does not come back" in told(b, "wall-timeout", 66), "another reason", r)
    for number in (signal.SIGINT, signal.SIGTERM):
        p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=hang", "--console", "--set", "cpu0.text=ready\n"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        p.stdout.readline()
        p.send_signal(number)
        while True:
            p.send_signal(number)
            try:
                p.communicate(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                continue
        check(p.returncode == 128 + number, "%s: exit code %d" % (number.name, p.returncode))
        check("second signal" in told(b, "interrupted", 128 + number, number.name), "another reason")


# ---- outputs that cannot be written

def case_a_pipe_that_nobody_reads_is_refused_at_once(b):
    pipe = b.path("pipe")
    os.mkfifo(pipe)
    for option in ("--json", "--junit", "--console-file", "--trace-file", "--perfetto", "--vcd"):
        r = b.run(option, pipe, timeout=30)
        check(r.returncode == 64 and "nobody reads this pipe" in r.stderr, option, r)
    r = b.call("dtb", b.config, "-o", pipe, timeout=30)
    check(r.returncode == 64 and "nobody reads this pipe" in r.stderr, "-o", r)


def case_a_pipe_with_a_reader_gets_the_report(b):
    pipe = b.path("pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    r = b.run("--json", pipe)
    with open(reader, "rb") as f:
        check(r.returncode == 0 and json.loads(f.read())["verdict"] == "pass", "another report", r)


def full_pipe():
    """Both ends of a pipe that has no room for a byte more."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, b"x")
    except BlockingIOError:
        os.set_blocking(into, True)
    return out, into


def case_a_reader_of_standard_error_that_is_stuck_keeps_no_run_from_ending(b):
    out, into = full_pipe()
    p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=spin", "--timeout-wall", "100ms"],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=into)
    try:
        check(p.wait(timeout=30) == 66, "a limit: exit code %d" % p.returncode)
        told(b, "wall-timeout", 66)
        p = subprocess.Popen([b.program, "run", b.config, *reports(b), "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=into)
        p.stdout.readline()
        for _ in range(100):
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(timeout=0.1)
                break
            except subprocess.TimeoutExpired:
                continue
        check(p.poll() == 143, "a request to terminate: exit code %s" % p.returncode)
        told(b, "interrupted", 143)
    finally:
        p.kill()


def case_a_reader_of_both_outputs_that_is_stuck_keeps_no_run_from_ending(b):
    out, into = full_pipe()
    for options in ((), ("--json", "-")):
        p = subprocess.Popen([b.program, "run", b.config, *options, "--set", "cpu0.end=spin", "--set", "cpu0.text=hello\n", "--timeout-wall",
                              "100ms"], stdin=subprocess.DEVNULL, stdout=into, stderr=into)
        try:
            check(p.wait(timeout=30) == 66, "%s: exit code %d" % (options, p.returncode))
        finally:
            p.kill()


def case_one_report_that_cannot_be_written_fails_the_run_in_the_other_one_too(b):
    for lost, kept, verdict in (("--json", "--junit", None), ("--junit", "--json", "internal")):
        r = b.run(lost, "/dev/full", kept, b.path("kept"))
        check(r.returncode == 70, "expected exit code 70", r)
        check(r.stderr.count("cannot write") - r.stderr.count("(exit code 70): cannot write") == 1, "told more than once", r)
        if verdict:
            report = json.loads(b.read("kept"))
            check((report["verdict"], report["exit_code"]) == (verdict, 70), "--json says %s" % report["verdict"], r)
        else:
            check("<failure message=\"cannot write --json" in b.read("kept"), "--junit says pass", r)


def case_standard_output_that_is_closed_or_full_is_told_and_does_not_pass(b):
    commands = (["run", b.config, "--set", "cpu0.text=hello\n"], ["run", b.config, "--console", "--set", "cpu0.text=hello\n"],
                ["--help"], ["help"], ["--version"], ["params"], ["components"], ["trace-points"], ["decode", "--help"],
                ["walk", "--help"], ["dtb", b.config, "-o", "/dev/stdout"],
                ["decode", "pte", "--format", "lpae64-s1", "--level", "3", "0x41203703"])
    for words in commands:
        for to in (">&-", ">/dev/full"):
            if to == ">&-" and "/dev/stdout" in words:
                continue
            r = subprocess.run(["sh", "-c", '"$@" ' + to, "sh", b.program, *words], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=60, env=dict(os.environ, SMMU_VP_PLUGIN_PATH=b.plugins))
            check(r.returncode == 70 and r.stderr.count("smmu-vp: cannot write ") == 1, "%s %s: expected exit code 70" % (words, to), r)
    # Nothing was to be written, so nothing is lost.
    r = subprocess.run(["sh", "-c", '"$@" >&-', "sh", b.program, "run", b.config], stdin=subprocess.DEVNULL, timeout=60)
    check(r.returncode == 0, "a silent guest: expected exit code 0, got %d" % r.returncode)


def case_messages_that_nobody_can_get_do_not_change_the_end(b):
    for to in ("2>&-", "2>/dev/full"):
        for words, code in ((["--set", "cpu0.end=diagnostic"], 0), (["--nosuch"], 64), (["--set", "cpu0.end=throw"], 70)):
            r = subprocess.run(["sh", "-c", '"$@" ' + to, "sh", b.program, "run", b.config, *reports(b), *words],
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
            check(r.returncode == code and json.loads(b.read("j"))["exit_code"] == code, "%s %s: exit code %d" % (words, to, r.returncode))


# ---- standard output by name

def case_a_minus_is_standard_output_and_the_console_goes_to_standard_error(b):
    text = ("--set", "cpu0.text=hello\n", "--set", "cpu0.end=event")
    for option, holds in (("--json", lambda t: json.loads(t)["verdict"] == "pass"),
                          ("--junit", lambda t: xml.etree.ElementTree.fromstring(t).find("testsuite") is not None),
                          ("--trace-file", lambda t: "cpu0 smmu.event" in t and "hello" not in t),
                          ("--perfetto", lambda t: "F_TRANSLATION" in t and "hello" not in t),
                          ("--vcd", lambda t: t.startswith("$version") and "$enddefinitions" in t)):
        r = subprocess.run([b.program, "run", b.config, option, "-", *text], cwd=b.folder, capture_output=True, text=True,
                           errors="replace", stdin=subprocess.DEVNULL, timeout=60)
        check(r.returncode == 0 and holds(r.stdout), option, r)
        check(r.stderr.startswith("hello\n  verdict"), "%s: the console is not on standard error" % option, r)
        check(not os.path.exists(b.path("-")), "%s makes a file" % option)
    r = b.run("--json", "-", "--nosuch")
    check(r.returncode == 64 and json.loads(r.stdout)["exit_code"] == 64, "a refused run", r)
    r = b.call("dtb", b.config, "-o", "-")
    d = subprocess.run([b.program, "dtb", b.config, "-o", b.path("a.dtb")], capture_output=True)
    same = subprocess.run([b.program, "dtb", b.config, "-o", "-"], capture_output=True).stdout
    with open(b.path("a.dtb"), "rb") as f:
        check(d.returncode == 0 and f.read() == same, "dtb -o -")


def case_what_standard_output_cannot_hold_is_refused(b):
    for options, said in ((("--json", "-", "--junit", "-"), "--json - and --junit - cannot both"),
                          (("--junit", "-", "--trace-file", "-"), "--junit - and --trace-file - cannot both"),
                          (("--perfetto", "-", "--vcd", "-"), "--perfetto - and --vcd - cannot both"),
                          (("--console-file", "-"), "the guest's console is on standard output without it")):
        r = b.run(*options)
        check(r.returncode == 64 and said in r.stderr, "expected exit code 64 and: " + said, r)
    # Appended to, not written over.
    b.write("log", "before\n")
    subprocess.run(["sh", "-c", '"$@" >>"$0"', b.path("log"), b.program, "run", b.config, "--quiet", "--json", "-"], timeout=60)
    check(b.read("log").startswith("before\n{"), "what was there is gone: %r" % b.read("log")[:40])
    os.mkdir(b.path("folder"))
    r = subprocess.run([b.program, "run", b.config, "--json", "./-"], cwd=b.path("folder"), capture_output=True, text=True, timeout=60)
    check(r.returncode == 0 and r.stdout == "" and os.path.exists(b.path("folder/-")), "./- is a file", r)


if __name__ == "__main__":
    main(globals())
