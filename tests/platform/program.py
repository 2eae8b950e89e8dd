#!/usr/bin/env python3
"""The program, seen from outside, on platforms of stand-ins.

usage: program.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: skipped, and it said why.
"""
import argparse
import gzip
import hashlib
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from terminal import decoder, start  # noqa: E402

CONFIG = """\
plugins = ["%(plugins)s"]
[boot]
kernel = "kernel.elf"
bootargs = "console=ttyAMA0"
[bus]
type = "router"
[ram]
type = "memory"
params = { size = "16MiB" }
map = [0x40000000]
[cpu0]
type = "fake-cpu"
interrupts = { timer_virt = "PPI 11", timer_phys = "PPI 14" }
[gic]
type = "fake-gic"
map.distributor = [0x08000000, "4KiB"]
map.cpu_interface = [0x08010000, "8KiB"]
map.v2m = [0x08020000, "4KiB"]
wires = { irq0 = "cpu0.irq" }
[uart0]
type = "fake-uart"
map = [0x09000000, "4KiB"]
interrupts = { irq = "SPI 1" }
[smmu0]
type = "fake-smmu"
map = { registers = [0x09050000, "128KiB"] }
interrupts = { eventq_irq = 74, gerror_irq = 75, cmdq-sync_irq = 76 }
[dma0]
type = "fake-dma"
map = [0x0a000000, "4KiB"]
interrupts = { irq = "SPI 4" }
behind = { smmu = "smmu0", tbu = 0, stream = 0x100, count = 2 }
"""


def elf(machine=183, size=0x100):
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, machine, 1, 0x40080000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0x80, 0x40080000, 0x40080000, size, size, 8)
    return (header + segment).ljust(0x80, b"\0") + b"\x14" * size


class Bench:
    def __init__(self, args, folder):
        self.program, self.plugins, self.folder = args.program, args.plugins, folder
        self.write("kernel.elf", elf())
        self.config = self.write("good.toml", self.text())

    def text(self):
        return CONFIG % {"plugins": self.plugins}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def edited(self, *edits):
        text = self.text()
        for old, new in edits:
            check(old in text, "the test's own assumption: the configuration has %r" % old)
            text = text.replace(old, new)
        return self.write("variant.toml", text)

    def call(self, *words, env=None, stdin=subprocess.DEVNULL, timeout=60):
        return subprocess.run([self.program, *words], timeout=timeout, capture_output=True, text=True, errors="replace",
                              stdin=stdin, env=dict(os.environ, **(env or {})))

    def run(self, *options, config=None, **more):
        return self.call("run", config or self.config, *options, **more)


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode)
        print("--- stdout\n" + result.stdout[-3000:] + "\n--- stderr\n" + result.stderr[-3000:])
    sys.exit(1)


def refused(b, config, *patterns, command="run"):
    """Exit code 64, each pattern on standard error, nothing on standard output."""
    r = b.call(command, config, *(["-o", b.path("x.dtb")] if command == "dtb" else []))
    check(r.returncode == 64, "expected exit code 64", r)
    check(r.stdout == "", "expected nothing on standard output", r)
    for p in patterns:
        check(re.search(p, r.stderr), "the message does not say: %s" % p, r)
    check("terminate called" not in r.stderr, "an exception escaped", r)
    return r


# ---- ends of a run

def case_a_power_off_exits_with_0_and_only_the_guest_writes_to_standard_output(b):
    r = b.run("--set", "cpu0.text=hello\n")
    check(r.returncode == 0, "expected exit code 0", r)
    check(r.stdout == "hello\n", "expected the guest's bytes and nothing else", r)
    for row in (r"verdict +pass \(exit code 0\)", r"simulated time +7 us", r"instructions +7", r"wall time"):
        check(re.search(row, r.stderr), "the summary does not show: %s" % row, r)
    starts = {re.match(r"  \S+( \S+)* +", line).end() for line in r.stderr.splitlines()}
    check(len(starts) == 1, "the summary's columns do not line up", r)
    check("\033" not in r.stderr, "colours without a terminal", r)


def case_the_summary_starts_a_line_of_its_own_where_both_outputs_are_one(b):
    for text, between in (("unfinished", "\n"), ("finished\n", "")):
        command = [b.program, "run", b.config, "--set", "cpu0.text=" + text]
        r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        check(r.stdout.startswith(text + between + "  "), "the summary does not follow the console: %r" % r.stdout[:60])
        r = b.run("--set", "cpu0.text=" + text)
        check(r.stdout == text and r.stderr.startswith("  "), "two pipes need no newline", r)


def case_quiet_leaves_standard_error_empty(b):
    r = b.run("--quiet", "--set", "cpu0.end=diagnostic")
    check(r.returncode == 0 and r.stderr == "", "expected nothing on standard error", r)


def case_each_end_of_a_run_has_its_exit_code(b):
    for end, code, *options in (("poweroff", 0), ("status", 0), ("status", 1, "--set", "cpu0.status=3"), ("reset", 1), ("sleep", 1),
                                ("internal", 70), ("throw", 70), ("spin", 65, "--timeout-sim", "5ms"), ("spin", 66, "--timeout-wall", "200ms"),
                                ("diagnostic", 0), ("diagnostic", 67, "--strict"), ("poweroff", 0, "--strict")):
        r = b.run("--set", "cpu0.end=" + end, *options)
        check(r.returncode == code, "end %s: expected exit code %d" % (end, code), r)


def case_an_error_of_the_host_is_told_and_strict_does_not_blame_the_guest_for_it(b):
    r = b.run("--strict", "--set", "cpu0.end=host_error", "--json", b.path("j"))
    check(r.returncode == 0, "expected exit code 0", r)
    check("cpu0: host error: a file has vanished" in r.stderr, "the error is not told", r)
    check("0 guest errors, 0 unimplemented, 1 host errors" in r.stderr, "the summary does not count it", r)
    report = json.loads(b.read("j"))
    check((report["guest_errors"], report["host_errors"]) == (0, 1), "the report counts otherwise", r)
    check([d["kind"] for d in report["diagnostics"]] == ["host-error"], "another kind", r)
    check(report["diagnostics_dropped"] == 0, "nothing was dropped", r)


def case_a_simulated_time_out_ends_at_the_given_time(b):
    r = b.run("--set", "cpu0.end=spin", "--timeout-sim", "1234567ns", "--json", b.path("j"))
    check(r.returncode == 65, "expected exit code 65", r)
    check(json.loads(b.read("j"))["sim_time_ps"] == 1234567000, "another time", r)


def case_time_outs_and_reset_come_from_the_configuration_and_options_override_them(b):
    config = b.edited(("[bus]", "[run]\ntimeout_sim = \"3ms\"\nreset = \"pass\"\n[bus]"))
    check(b.run("--set", "cpu0.end=spin", config=config).returncode == 65, "expected exit code 65")
    check(b.run("--set", "cpu0.end=reset", config=config).returncode == 0, "expected exit code 0")
    r = b.run("--set", "cpu0.end=spin", "--timeout-sim", "4ms", "--json", b.path("j"), config=config)
    check(json.loads(b.read("j"))["sim_time_ps"] == 4000000000, "another time", r)


def case_a_failed_or_missing_test_on_the_console_fails_the_run(b):
    for text, code in (("KTAP version 1\n1..1\nok 1 a\n", 0), ("KTAP version 1\n1..1\nnot ok 1 a\n", 1), ("KTAP version 1\n1..2\nok 1 a\n", 1)):
        r = b.run("--set", "cpu0.text=" + text)
        check(r.returncode == code, "expected exit code %d for %r" % (code, text), r)


def case_a_model_that_hangs_is_ended_after_the_wall_time_out(b):
    r = b.run("--set", "cpu0.end=hang", "--timeout-wall", "100ms")
    check(r.returncode == 66 and "does not come back" in r.stderr, "expected exit code 66", r)


def case_a_model_that_computes_for_long_gives_way_to_the_wall_time_out_and_to_ctrl_c(b):
    # It never gives the simulation back by itself, so a report shows that it was asked to.
    r = b.run("--set", "cpu0.end=busy", "--timeout-wall", "100ms", "--json", b.path("j"))
    check(r.returncode == 66 and "does not come back" not in r.stderr, "expected an orderly exit code 66", r)
    check(json.loads(b.read("j"))["verdict"] == "wall-timeout", "another verdict", r)
    t = Terminal(b, "run", b.config, "--console", "--set", "cpu0.end=busy", "--set", "cpu0.text=ready\n")
    t.expect("ready")
    os.write(t.fd, b"\x03")
    check(t.exit_code() == 130, "expected exit code 130 after one Ctrl-C")


def case_a_second_ctrl_c_ends_a_model_that_hangs(b):
    t = Terminal(b, "run", b.config, "--console", "--set", "cpu0.end=hang", "--set", "cpu0.text=ready\n")
    t.expect("ready")
    # Two signals at once may arrive as one, and nothing shows that the first has arrived: press until it ends.
    for _ in range(100):
        try:
            os.write(t.fd, b"\x03")
        except OSError:
            break
        if select.select([t.fd], [], [], 0.1)[0] and not t.read():
            break
    code = t.exit_code()
    check(code == 130, "expected exit code 130, got %d" % code)


def case_colours_follow_terminal_option_and_no_color(b):
    check("\033[" in b.run("--color", "always").stderr, "no colours with --color always")
    for options, env, coloured in ((), {}, True), ((), {"NO_COLOR": "1"}, False), (("--color", "never"), {}, False):
        os.environ.pop("NO_COLOR", None)
        os.environ.update(env)
        t = Terminal(b, "run", b.config, *options)
        t.exit_code()
        check(("\033[" in t.seen) == coloured, "at a terminal with %r %r: %r" % (options, env, t.seen))


def case_a_long_run_shows_progress_at_a_terminal_only(b):
    options = ("--set", "cpu0.end=spin", "--timeout-wall", "2500ms", "--color", "never")
    t = Terminal(b, "run", b.config, *options)
    t.exit_code()
    check(" simulated, " in t.seen, "no progress at a terminal: %r" % t.seen)
    check(re.search(r"MIPS\r\x1b\[K", t.seen), "the progress line stays: %r" % t.seen)
    r = b.run(*options)
    check("\r" not in r.stderr, "progress without a terminal", r)


# ---- reports

def case_the_json_report_follows_its_schema(b):
    r = b.run("--set", "cpu0.end=event", "--set", "cpu0.text=KTAP version 1\n1..1\nok 1 a\n", "--json", b.path("j"))
    check(r.returncode == 0, "expected exit code 0", r)
    j = json.loads(b.read("j"))
    schema = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "report.schema.json")))
    conforms(j, schema, "report")
    check(j["verdict"] == "pass" and j["exit_code"] == 0, "verdict", r)
    check(j["events"] == [{"time_ps": 1000, "source": "cpu0", "sid": "0x100", "event": "F_TRANSLATION"}], "events %r" % j["events"])
    check(j["statistics"]["cpu0"] == {"bytes_sent": j["instructions"]}, "statistics %r" % j["statistics"])
    check(j["statistics_by_part"] == {"cpu0": {"core": {"0": {"wakeups": 3}, "1": {"wakeups": 3}}}}, "parts %r" % j["statistics_by_part"])
    check(j["tests"]["passed"] == 1, "tests %r" % j["tests"])


def case_the_report_has_a_checksum_of_each_thing_that_was_booted(b):
    b.write("m.ko", "module")
    b.write("init", "poweroff\n")
    config = b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["m.ko"]\ninit = "init"'))
    def run(*options):
        r = b.call("run", config, "--set", "cpu0.end=event", "--json", b.path("j"), *options)
        check(r.returncode == 0, "expected exit code 0", r)
        return [(p["what"], p.get("name"), p["bytes"], p["sha256"]) for p in json.loads(b.read("j"))["boot"]]
    def sum_of(path):
        with open(b.path(path), "rb") as f:
            data = f.read()
        return len(data), hashlib.sha256(data).hexdigest()
    parts = run()
    check([p[:2] for p in parts] == [("kernel", "kernel.elf"), ("initramfs", None), ("file", "/init"), ("file", "/lib/modules/m.ko"),
                                     ("device-tree", None)], "parts %r" % parts)
    check([parts[i][2:] for i in (0, 2, 3)] == [sum_of(f) for f in ("kernel.elf", "init", "m.ko")], "checksums %r" % parts)
    check(b.call("dtb", config, "-o", b.path("t.dtb")).returncode == 0 and parts[4][2:] == sum_of("t.dtb"), "the device tree's %r" % parts)
    b.write("m.ko", "nodule")
    changed = run()
    check([i for i in range(5) if changed[i] != parts[i]] == [1, 3], "another module changes %r" % changed)
    b.write("rd", "0123")
    whole = run("--initrd", b.path("rd"))
    check([p[0] for p in whole] == ["kernel", "initramfs", "device-tree"] and whole[1][2:] == sum_of("rd"), "a whole initramfs %r" % whole)
    r = b.call("run", b.path("gone.toml"), "--json", b.path("j"))
    check(r.returncode == 64 and json.loads(b.read("j"))["boot"] == [], "of a run that is refused", r)


def case_the_report_and_the_summary_tell_which_modules_the_guest_has_loaded(b):
    text = "modules: io-pgtable-arm, 28672 bytes, loaded\nmodules: io-pgtable-arm-v7s, 28673 bytes, not loaded\nmodules: x, 4096 bytes, not loaded\n"
    end = "modules: 1 of 3 loaded with 28672 bytes, 2 not loaded with 32769 bytes\n"
    r = b.run("--set", "cpu0.end=event", "--set", "cpu0.text=" + text + end, "--json", b.path("j"))
    check(r.returncode == 0, "expected exit code 0", r)
    modules = json.loads(b.read("j"))["modules"]
    check((modules["loaded"], modules["loaded_bytes"], modules["not_loaded"], modules["not_loaded_bytes"]) == (1, 28672, 2, 32769), "modules %r" % modules)
    check(modules["files"][1] == {"name": "io-pgtable-arm-v7s", "bytes": 28673, "loaded": False}, "modules %r" % modules)
    check("  modules         1 of 3 loaded, 28 KiB in memory; not loaded: io-pgtable-arm-v7s (29 KiB), x (4 KiB); 33 KiB saved\n" in r.stderr, "the summary", r)
    r = b.run("--set", "cpu0.end=event", "--set", "cpu0.text=" + text, "--json", b.path("j"))
    check(json.loads(b.read("j"))["modules"]["files"] == [] and "  modules " not in r.stderr, "a list without an end", r)


def conforms(value, schema, where):
    """The part of JSON Schema that docs/report.schema.json uses."""
    types = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float)}
    check(isinstance(value, types[schema["type"]]), "%s is no %s" % (where, schema["type"]))
    if "enum" in schema:
        check(value in schema["enum"], "%s is %r" % (where, value))
    if "pattern" in schema:
        check(re.search(schema["pattern"], value), "%s is %r" % (where, value))
    for name in schema.get("required", []):
        check(name in value, "%s has no %s" % (where, name))
    if schema["type"] == "object":
        rest = schema.get("additionalProperties", True)
        for name, v in value.items():
            if name in schema.get("properties", {}):
                conforms(v, schema["properties"][name], where + "." + name)
            elif isinstance(rest, dict):
                conforms(v, rest, where + "." + name)
            else:
                check(rest, "%s has the undocumented %s" % (where, name))
    if schema["type"] == "array":
        for i, v in enumerate(value):
            conforms(v, schema["items"], "%s[%d]" % (where, i))


def case_two_runs_give_the_same_report_apart_from_the_hosts_part(b):
    reports = []
    for name in ("one", "two"):
        b.run("--set", "cpu0.end=event", "--set", "cpu0.text=hello", "--json", b.path(name))
        j = json.loads(b.read(name))
        del j["host"]
        reports.append(j)
    check(reports[0] == reports[1], "the reports differ")
    for change in (("cpu0.text=hallo", "cpu0.end=event"), ("cpu0.text=hello", "cpu0.end=poweroff")):
        b.run("--set", change[0], "--set", change[1], "--json", b.path("three"))
        check(json.loads(b.read("three"))["digest"] != reports[0]["digest"], "the digest ignores %s" % (change,))


def case_the_junit_report_is_xml_with_each_test_and_the_run(b):
    b.run("--set", "cpu0.text=KTAP version 1\n1..2\nok 1 a\nnot ok 2 b<c\n", "--junit", b.path("u"))
    suite = xml.etree.ElementTree.parse(b.path("u")).getroot().find("testsuite")
    names = {c.get("name"): c.find("failure") is not None for c in suite.findall("testcase")}
    check(names == {"a": False, "b<c": True, "run": True}, "cases %r" % names)
    check(suite.get("tests") == "3" and suite.get("failures") == "2", "counts %r" % suite.attrib)


def case_console_and_trace_go_to_their_files(b):
    r = b.run("--set", "cpu0.end=event", "--set", "cpu0.text=hello\n", "--console-file", b.path("c"), "--trace", "smmu.*", "--trace-file", b.path("t"))
    check(b.read("c") == "hello\n" and r.stdout == "hello\n", "another console", r)
    check(b.read("t") == "1000 cpu0 smmu.event sid=0x100 event=F_TRANSLATION\n", "another trace: %r" % b.read("t"))


def case_an_unknown_trace_point_is_refused_with_the_nearest_name(b):
    for words, pattern in (("nope", r"no component of this platform has the trace point 'nope'; 'smmu-vp trace-points' lists them"),
                           ("smmu.evnt", r"'smmu\.evnt'; did you mean 'smmu\.event'\?"), ("smmu.*,smu.*", r"'smu\.\*'; did you mean 'smmu\.\*'\?"),
                           (",", r"names no trace point")):
        r = b.run("--trace", words)
        check(r.returncode == 64 and r.stdout == "" and re.search(pattern, r.stderr), "expected exit code 64 and: %s" % pattern, r)
    for words in ("smmu.event", "smmu.*", "*"):
        check(b.run("--trace", words).returncode == 0, "expected exit code 0 for " + words)


def case_a_trace_file_without_trace_takes_all_points(b):
    b.run("--set", "cpu0.end=event", "--trace-file", b.path("t"))
    check("cpu0 smmu.event" in b.read("t") and "bus router.access" in b.read("t"), "not all points: %r" % b.read("t"))
    check("without --trace, all points" in " ".join(b.call("--help").stdout.split()), "--help does not say so")


def case_trace_points_lists_name_fields_and_meaning(b):
    r = b.call("trace-points", "fake-cpu", env={"SMMU_VP_PLUGIN_PATH": b.plugins})
    check(r.returncode == 0 and re.search(r"name +fields +meaning\n +smmu\.event +sid event +a made-up event\n", r.stdout), "table", r)
    r = b.call("trace-points", env={"SMMU_VP_PLUGIN_PATH": b.plugins})
    check("fake-uart: A serial port.\n  no trace points" in r.stdout and "router.access" in r.stdout, "all types", r)


def case_a_report_that_cannot_be_written_is_refused_before_the_run(b):
    for option in OUTPUTS:
        r = b.run(option, "/no/such/folder/file")
        check(r.returncode == 64 and option in r.stderr and r.stdout == "", "expected exit code 64", r)


def case_output_that_cannot_be_written_is_told_and_does_not_pass(b):
    for option in OUTPUTS:
        r = b.run("--set", "cpu0.end=event", "--set", "cpu0.text=hello\n", option, "/dev/full")
        check(r.returncode == 70 and "cannot write %s /dev/full: No space" % option in r.stderr, "expected exit code 70 for " + option, r)
        r = b.run("--set", "cpu0.end=reset", "--set", "cpu0.text=hello\n", option, "/dev/full")
        check(r.returncode == 1, "a guest that fails keeps its exit code", r)
    with open("/dev/full", "w") as full:
        for words in (("run", b.config, "--set", "cpu0.text=" + "hello\n" * 1000), ("--help",)):
            r = subprocess.run([b.program, *words], timeout=60, stdout=full, stderr=subprocess.PIPE, text=True)
            told = re.findall(r"(?m)^smmu-vp: cannot write .*to standard output: No space", r.stderr)
            check(r.returncode == 70 and len(told) == 1, "expected exit code 70 and one message: " + r.stderr)


def case_a_slow_reader_of_a_non_blocking_pipe_gets_every_byte(b):
    text = "".join("line %d\n" % i for i in range(12000))
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    p = subprocess.Popen([b.program, "run", b.config, "--quiet", "--set", "cpu0.text=" + text], stdout=writing)
    # The text is more than a pipe holds. Nothing is read until it is full and the program waits, or has ended.
    def waits():
        with open("/proc/%d/stat" % p.pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "S"
    while p.poll() is None and (select.select([], [writing], [], 0)[1] or not waits()):
        pass
    os.close(writing)
    with open(reading, "rb") as f:
        seen = f.read()
    check(p.wait(timeout=60) == 0, "expected exit code 0")
    check(seen.decode() == text, "%d of %d bytes arrived" % (len(seen), len(text)))


def case_a_reader_that_closes_its_pipe_does_not_fail_the_run(b):
    reading, writing = os.pipe()
    os.close(reading)
    r = subprocess.run([b.program, "run", b.config, "--set", "cpu0.text=hello\n"], timeout=60, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    check(r.returncode == 0 and "cannot write" not in r.stderr, "expected exit code 0: " + r.stderr)


def case_a_closed_standard_descriptor_does_not_spoil_a_report(b):
    for closed, verdict in (("<&-", "pass"), (">&-", "internal"), ("2>&-", "pass"), (">&- 2>&-", "internal"), ("<&- >&- 2>&-", "internal")):
        command = '"$0" run "$1" --set cpu0.text=hello --json "$2" ' + closed
        r = subprocess.run(["sh", "-c", command, b.program, b.config, b.path("j")], timeout=60, capture_output=True, text=True)
        text = b.read("j")
        check(text.startswith("{") and json.loads(text)["verdict"] == verdict, "with %s: %s" % (closed, text[:200]))
        check(r.returncode == json.loads(text)["exit_code"] == {"pass": 0, "internal": 70}[verdict], "with %s" % closed, r)
        if closed == ">&-":
            check("cannot write the guest's console to standard output" in r.stderr, "the loss is not told", r)


def case_a_flood_of_nested_results_keeps_the_report_small(b):
    text = "KTAP version 1\n  KTAP version 1\n" + "  ok\n" * 2000 + "ok 1 " + "x" * 50000 + "\n"
    r = b.run("--quiet", "--set", "cpu0.text=" + text, "--json", b.path("j"))
    check(r.returncode == 0 and len(b.read("j")) < 2000000, "a report of %d bytes" % len(b.read("j")), r)


def case_one_file_for_two_outputs_is_refused(b):
    os.symlink(b.path("one"), b.path("two"))
    for first, second in (("--json", "--junit"), ("--json", "--console-file"), ("--console-file", "--trace-file"), ("--trace-file", "--perfetto"),
                          ("--perfetto", "--vcd")):
        for name in ("one", "two"):
            r = b.run(first, b.path("one"), second, b.path(name))
            check(r.returncode == 64 and re.search("%s .*%s .*same file" % (first, second), r.stderr), "expected exit code 64", r)
    r = b.run("--json", "/dev/null", "--junit", "/dev/null")
    check(r.returncode == 0, "/dev/null keeps nothing", r)


OUTPUTS = ("--json", "--junit", "--console-file", "--trace-file", "--perfetto", "--vcd")


def case_an_output_that_is_an_input_is_refused_and_the_input_keeps_its_bytes(b):
    b.write("m.ko", "module")
    b.write("init", "poweroff\n")
    b.write("notes", "text")
    config = b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["m.ko"]\ninit = "init"\nfiles = { "/etc/notes" = "notes" }'))
    b.write("second.elf", elf())
    b.write("rd", "0123")
    b.write("text", "hello\n")
    check(b.call("dtb", b.config, "-o", b.path("own.dtb")).returncode == 0, "dtb")
    given = ("--kernel", b.path("second.elf"), "--initrd", b.path("rd"), "--dtb", b.path("own.dtb"), "--set", "cpu0.file=" + b.path("text"))
    os.symlink(b.path("kernel.elf"), b.path("link"))
    os.link(b.path("m.ko"), b.path("hard"))
    names = (("variant.toml", ()), ("kernel.elf", ()), ("link", ()), ("m.ko", ()), ("hard", ()), ("init", ()), ("notes", ()),
             ("second.elf", given), ("rd", given), ("own.dtb", given), ("text", given))
    before = {name: open(b.path(name), "rb").read() for name, _ in names}
    for name, options in names:
        for output in OUTPUTS if name in ("variant.toml", "text") else ("--json",):
            r = b.run(output, b.path(name), *options, config=config)
            check(r.returncode == 64 and re.search("%s \\S+/%s and .* are the same file" % (output, re.escape(name)), r.stderr), "expected exit code 64", r)
        if name != "text":
            r = b.call("dtb", config, "-o", b.path(name), *[o for o in options])
            check(r.returncode == 64 and "are the same file" in r.stderr, "dtb: expected exit code 64", r)
        check(open(b.path(name), "rb").read() == before[name], "%s has changed" % name)


def case_a_run_that_is_refused_leaves_its_outputs_as_they_were(b):
    outputs = [word for name in OUTPUTS for word in (name, b.path("old" + name))]
    absent = [word for name in OUTPUTS for word in (name, b.path("new" + name))]
    for name in OUTPUTS:
        b.write("old" + name, "precious")
    for options in (("--trace", "nosuch"), ("--set", "ram.sise=1"), ("--kernel", b.path("missing")), ("--gdb", "x"), ("--set", "ram.size=1")):
        for files in (outputs, absent):
            r = b.run(*files, *options)
            check(r.returncode == 64, "expected exit code 64 for %s" % (options,), r)
        for name in OUTPUTS:
            check(b.read("old" + name) == "precious", "%s is not what it was after %s" % (name, options))
            new = b.path("new" + name)
            if name in ("--json", "--junit"):  # these tell of the refusal; ends.py
                os.unlink(new)
            check(not os.path.exists(new), "%s is left over after %s" % (name, options))


def case_an_output_replaces_all_that_its_file_held(b):
    for name in OUTPUTS:
        b.write("o" + name, "x" * 1000000)
    options = [word for name in OUTPUTS for word in (name, b.path("o" + name))]
    r = b.run("--set", "cpu0.text=hello\n", "--trace", "smmu.*", *options)
    check(r.returncode == 0, "expected exit code 0", r)
    check(json.loads(b.read("o--json"))["verdict"] == "pass", "the JSON report is no JSON")
    xml.etree.ElementTree.parse(b.path("o--junit"))
    check(b.read("o--console-file") == "hello\n", "another console")
    check(b.read("o--trace-file") == "" and b.read("o--perfetto") == "", "a trace without a record")
    check(b.read("o--vcd").startswith("$version smmu-vp") and "x" * 9 not in b.read("o--vcd"), "another dump")
    b.write("o--json", "x" * 1000000)
    r = b.run("--set", "cpu0.end=hang", "--timeout-wall", "100ms", "--json", b.path("o--json"))
    check(r.returncode == 66 and json.loads(b.read("o--json"))["verdict"] == "wall-timeout", "another report", r)


# ---- commands

def case_help_and_version_go_to_standard_output(b):
    r = b.call("--help")
    check(r.returncode == 0 and "Examples" in r.stdout and "130" in r.stdout, "help", r)
    r = b.call("--version")
    check(r.returncode == 0 and re.match(r"smmu-vp \d+\.\d+\.\d+ \(SystemC", r.stdout), "version", r)


def case_paths_start_at_the_configuration_and_those_of_the_command_line_at_the_working_directory(b):
    for written, shown in (("sub/../a.img", b.path("a.img")), ("/abs/x", "/abs/x"), ("", "")):
        r = b.run(config=b.edited(('type = "fake-cpu"', 'type = "fake-cpu"\nparams = { file = "%s" }' % written)))
        check(r.returncode == 0 and r.stdout == shown, "%r became %r" % (written, r.stdout), r)
    r = b.run("--set", "cpu0.file=sub/a.img")
    check(r.returncode == 0 and r.stdout == "sub/a.img", "a path of --set became %r" % r.stdout, r)
    r = b.call("params", "fake-cpu", env={"SMMU_VP_PLUGIN_PATH": b.plugins})
    check(re.search(r'file +path +"" +Sent', r.stdout), "the type is not shown", r)

    # What cannot be opened is told with the place that named it.
    disk = b.write("disk.toml", b.text() + '[disk0]\ntype = "virtio-blk"\nmap.registers = [0x0b000000, "4KiB"]\n'
                   'params = { image = "none.img" }\nbehind = { smmu = "smmu0", tbu = 1, port = "dma", stream = 1 }\n')
    refused(b, disk, r"disk\.toml:\d+:\d+: \[disk0\] disk image '%s'" % re.escape(b.path("none.img")))
    r = b.run("--set", "disk0.image=other.img", config=disk)
    check(r.returncode == 64 and "--set disk0.image=other.img: [disk0] disk image 'other.img'" in r.stderr, "the place is not told", r)
    check("names another" not in r.stderr, "the user has named another already", r)


def case_what_a_configuration_leaves_open_is_told_with_its_hint(b):
    hint = 'hint = "make one with mke2fs"'
    disk = b.write("disk.toml", b.text().replace("[boot]", "[boot]\n" + hint) + '[disk0]\ntype = "virtio-blk"\n'
                   'map.registers = [0x0b000000, "4KiB"]\nparams = { image = "none.img" }\n'
                   'behind = { smmu = "smmu0", tbu = 1, port = "dma", stream = 1 }\n')
    no_kernel = b.edited(('kernel = "kernel.elf"', hint))
    for command in ("run", "check", "dtb"):
        refused(b, disk, r"--set disk0\.image=FILE names another file\n  make one with mke2fs\n", command=command)
        refused(b, no_kernel, r"\[boot\] has no 'kernel'; --kernel FILE gives one\n  make one with mke2fs\n", command=command)
    r = b.run("--set", "disk0.image=other.img", config=disk)
    check("mke2fs" not in r.stderr, "the hint is not for what the user has named", r)


def case_params_lists_type_default_range_and_meaning(b):
    r = b.call("params", "fake-smmu", env={"SMMU_VP_PLUGIN_PATH": b.plugins})
    check(r.returncode == 0, "expected exit code 0", r)
    check(re.search(r"name +type +default +range +meaning\n +SIDSIZE +uint +16 +0\.\.32 +StreamID bits", r.stdout), "table", r)
    r = b.call("params", env={"SMMU_VP_PLUGIN_PATH": b.plugins})
    check("fake-cpu:" in r.stdout and "memory:" in r.stdout, "all types", r)


def case_components_lists_types_and_refused_files(b):
    r = b.call("components", env={"SMMU_VP_PLUGIN_PATH": b.plugins + ":" + b.plugins + "/bad"})
    check(r.returncode == 0, "expected exit code 0", r)
    for p in (r"fake-uart +A serial port", r"refused .*old_abi.*plugin ABI", r"refused .*no_entry.*smmuvp_plugin"):
        check(re.search(p, r.stdout), "components does not show: %s" % p, r)


def case_check_finds_no_mistake_in_a_good_configuration_and_simulates_nothing(b):
    r = b.call("check", b.config, "--set", "cpu0.text=hello")
    check(r.returncode == 0 and r.stdout == "" and "no mistakes" in r.stderr, "check", r)


def case_dtc_takes_the_device_tree_without_a_warning(b):
    b.write("m.ko", "module")
    b.write("init", "poweroff\n")
    config = b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["m.ko"]\ninit = "init"'))
    r = b.call("dtb", config, "-o", b.path("a.dtb"), "--append", "quiet")
    check(r.returncode == 0, "expected exit code 0", r)
    d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", b.path("a.dtb")], capture_output=True, text=True)
    check(d.returncode == 0 and d.stderr == "", "dtc: " + d.stderr)
    for p in (r'bootargs = "console=ttyAMA0 quiet";', r'stdout-path = "/serial@9000000";', r"linux,initrd-start = <0x00 0x40400000>;",
              r"memory@40000000 \{\s+device_type = \"memory\";\s+reg = <0x00 0x40000000 0x00 0x1000000>;",
              r'enable-method = "psci";', r'method = "hvc";',
              r"interrupts = <0x01 0x0d 0x104 0x01 0x0e 0x104 0x01 0x0b 0x104 0x01 0x0a 0x104>;",
              r"v2m@8020000 \{", r"reg = <0x00 0x8000000 0x00 0x1000 0x00 0x8010000 0x00 0x2000>;",
              # dtc writes a list of texts with zeros between them until version 1.6, and as a list from 1.7 on.
              r'interrupts = <0x00 0x4a 0x01 0x00 0x4b 0x01 0x00 0x4c 0x01>;'
              r'\s+interrupt-names = "eventq(\\0|", ")gerror\1cmdq-sync";',
              r"iommus = <(0x\d+) 0x100 \1 0x101>;\s+dma-coherent;", r"interrupts = <0x00 0x04 0x04>;"):
        check(re.search(p, d.stdout), "the device tree lacks: %s\n%s" % (p, d.stdout))


def case_what_sends_messages_names_the_frame_that_they_go_to(b):
    sends = 'type = "fake-smmu"', 'type = "fake-smmu"\nparams = { MSI = true }'
    no_frame = 'map.v2m = [0x08020000, "4KiB"]', ""

    def tree(*edits):
        r = b.call("dtb", b.edited(*edits), "-o", b.path("a.dtb"))
        check(r.returncode == 0, "expected exit code 0", r)
        d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", b.path("a.dtb")], capture_output=True, text=True)
        check(d.returncode == 0, "dtc: " + d.stderr)
        return d.stdout

    text = tree(sends)
    frame = re.search(r"v2m@8020000 \{[^}]*\bphandle = <(0x\w+)>;", text)
    check(frame and "msi-parent = <%s>;" % frame[1] in text, "no msi-parent, or another:\n" + text)
    check(text.count("phandle = <%s>" % frame[1]) == 1, "its phandle is another node's:\n" + text)
    for edits in ([], [sends, no_frame]):
        check("msi-parent" not in tree(*edits), "a msi-parent that leads nowhere")


def case_a_pci_host_has_its_maps_in_the_device_tree(b):
    pci = ('[pci0]\ntype = "pcie"\nparams = { topology = "dma", buses = 2, mmio_base = 0x20000000 }\n'
           'map.mmio = [0x10000000, "32MiB"]\nmap.ecam = [0x3f000000, "2MiB"]\n'
           'interrupts = { intd = "SPI 19", inta = "SPI 16" }\n'
           'behind = { smmu = "smmu0", tbu = 1, stream = 0x1000, count = 0x180 }\n')

    def tree(*edits):
        text = pci
        for old, new in edits:
            check(old in text, "the test's own assumption: %r" % old)
            text = text.replace(old, new)
        r = b.call("dtb", b.write("pci.toml", b.text() + text), "-o", b.path("a.dtb"))
        check(r.returncode == 0, "expected exit code 0", r)
        d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", b.path("a.dtb")], capture_output=True, text=True)
        check(d.returncode == 0 and d.stderr == "", "dtc: " + d.stderr)
        return d.stdout, re.search(r"pcie@3f000000 \{[^}]*\}", d.stdout)[0]

    text, node = tree()
    gic, frame, smmu = (re.search(name + r"@\w+ \{[^}]*?\bphandle = <0x(\w+)>;", text)[1] for name in ("interrupt-controller", "v2m", "iommu"))
    # The GIC's own phandle stands before its children, and the children of its node have addresses of two cells.
    for p in (r'compatible = "pci-host-ecam-generic";', r'device_type = "pci";', r"#address-cells = <0x03>;", r"#size-cells = <0x02>;",
              r"bus-range = <0x00 0x01>;", r"reg = <0x00 0x3f000000 0x00 0x200000>;",
              r"ranges = <0x2000000 0x00 0x20000000 0x00 0x10000000 0x00 0x2000000>;",
              r"iommu-map = <0x00 0x%s 0x1000 0x180>;" % smmu, r"msi-map = <0x00 0x%s 0x00 0x180>;" % frame,
              r"#interrupt-cells = <0x01>;", r"interrupt-map-mask = <0x00 0x00 0x00 0x07>;",
              r"interrupt-map = <0x00 0x00 0x00 0x01 0x{0} 0x00 0x00 0x00 0x10 0x04 0x00 0x00 0x00 0x04 0x{0} 0x00 0x00 0x00 0x13 0x04>;".format(gic),
              r"dma-coherent;"):
        check(re.search(p, node), "the node lacks: %s\n%s" % (p, text))
    for p in ("iommus", r"\binterrupts =", "interrupt-names", "msi-parent"):
        check(not re.search(p, node), "the node has %s\n%s" % (p, node))

    node = tree(('behind = { smmu = "smmu0", tbu = 1, stream = 0x1000, count = 0x180 }\n', ""), ('interrupts = { intd = "SPI 19", inta = "SPI 16" }\n', ""))[1]
    check("iommu-map" not in node and "interrupt-map" not in node and re.search(r"msi-map = <0x00 0x\w+ 0x00 0x200>", node), "alone:\n" + node)

    def refuses(pattern, old, new):
        check(old in pci, "the test's own assumption: %r" % old)
        refused(b, b.write("pci.toml", b.text() + pci.replace(old, new)), pattern)

    refuses(r"pci\.toml:\d+:\d+: \[pci0\] behind\.identity: .* a PCI host", "0x180 }", '0x180, identity = [0x40f00000, "64KiB"] }')
    refuses(r"pci\.toml:\d+:\d+: \[pci0\] behind: StreamIDs 0x0 to 0x17f overlap those of \[dma0\]", "stream = 0x1000", "stream = 0")
    refuses(r"pci\.toml:\d+:\d+: \[pci0\] topology: 'dna' is unknown; did you mean 'dma'", '"dma"', '"dna"')
    refuses(r"pci\.toml:\d+:\d+: \[pci0\] the topology needs 3 buses, and the configuration space has 2", '"dma"', '"port[], port[]"')
    refuses(r"pci\.toml:\d+:\d+: \[pci0\] map: .* too small for port 'ecam'", '"2MiB"', '"1MiB"')


def case_kernel_initrd_and_dtb_of_the_command_line_replace_the_configurations(b):
    config = b.edited(('kernel = "kernel.elf"', 'kernel = "gone.elf"\ninit = "gone"'))
    kernel = b.write("kernel.gz", gzip.compress(elf()))
    initrd = b.write("my.cpio", b"0123456789")
    b.write("init", "poweroff\n")
    own = b.call("dtb", b.config, "-o", b.path("own.dtb"))
    check(own.returncode == 0, "dtb", own)
    options = ["--kernel", kernel, "--initrd", initrd, "--dtb", b.path("own.dtb"), "--append", "mine"]
    r = b.run(*options, config=config)
    check(r.returncode == 0, "expected exit code 0", r)
    r = b.call("dtb", config, "-o", b.path("a.dtb"), *options)
    d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", b.path("a.dtb")], capture_output=True, text=True)
    for p in (r'bootargs = "console=ttyAMA0 mine";', r"linux,initrd-start = <0x00 0x40400000>;", r"linux,initrd-end = <0x00 0x4040000a>;"):
        check(re.search(p, d.stdout), "the device tree lacks: %s\n%s" % (p, d.stdout))
    for option in ("--kernel", "--initrd", "--dtb"):
        bad = options[:]
        bad[bad.index(option) + 1] = b.path("missing")
        r = b.run(*bad, config=config)
        check(r.returncode == 64 and re.search(option + r" \S+missing: .*no such file", r.stderr), option + " with a missing file", r)
    r = b.run("--kernel", b.write("cut.gz", gzip.compress(elf())[:-9]))
    check(r.returncode == 64 and "truncated gzip" in r.stderr, "a truncated gzip file", r)
    r = b.run("--dtb", b.write("bad.dtb", b"x" * 100))
    check(r.returncode == 64 and "no device tree" in r.stderr, "a file that is no device tree", r)


# ---- refusals

def case_a_missing_configuration_is_refused(b):
    refused(b, "/no/such/file.toml", r"no such file: /no/such/file\.toml")
    refused(b, b.folder, r"is a folder")


def case_a_syntax_error_is_refused_with_file_line_and_column(b):
    refused(b, b.write("bad.toml", "[bus]\ntype = \"router\n"), r"bad\.toml:2:\d+: TOML syntax")


def case_an_unknown_key_is_refused_with_the_nearest_known_one(b):
    refused(b, b.edited(("kernel =", "kernal =")), r"variant\.toml:3:1: unknown key 'kernal'.*'kernel'")


def case_an_unknown_parameter_is_refused_with_the_nearest_known_one(b):
    refused(b, b.edited(("params = { size", "params = { sise")), r"variant\.toml:9:12: \[ram\] unknown parameter 'sise'; did you mean 'size'")
    r = b.run("--set", "ram.sise=1MiB")
    check(r.returncode == 64 and "did you mean 'size'" in r.stderr, "expected exit code 64", r)


def case_a_parameter_out_of_range_is_refused(b):
    refused(b, b.edited(('type = "fake-smmu"', 'type = "fake-smmu"\nparams = { SIDSIZE = 33 }')), r"'SIDSIZE'.*outside")


def case_all_parameters_that_cannot_be_are_refused_at_once_each_at_its_place(b):
    config = b.edited(('type = "fake-smmu"', 'type = "fake-smmu"\nparams.SIDSIZE = 33\nparams.sidsize = 3'))
    r = b.run("--set", "smmu0.SIDSIZES=1", config=config)
    lines = r.stderr.splitlines()
    check(r.returncode == 64 and len(lines) == 3 and all(line.startswith("smmu-vp: ") for line in lines), "expected three lines", r)
    for line, place, text in zip(lines, (r"variant\.toml:\d+", r"variant\.toml:\d+", "--set smmu0.SIDSIZES=1"),
                                 ("'SIDSIZE': 33 is outside", "'sidsize'; did you mean 'SIDSIZE'", "'SIDSIZES'; did you mean 'SIDSIZE'")):
        check(re.search(place, line) and text in line, "expected %s at %s" % (text, place), r)


def case_overlapping_regions_are_refused_with_both_names(b):
    refused(b, b.edited(("0x0a000000", "0x09050000")), r"region dma0\.registers .* overlaps smmu0\.registers")
    refused(b, b.edited(("0x0a000000", "0x40fff000")), r"overlaps")


def case_an_interrupt_wired_twice_is_refused(b):
    refused(b, b.edited(("SPI 4", "SPI 1")), r"variant\.toml:\d+:\d+: SPI 1 is wired twice: to uart0\.irq and to dma0\.irq")


def case_an_interrupt_that_messages_raise_cannot_be_wired(b):
    refused(b, b.edited(("SPI 4", "SPI 95")), r"variant\.toml:\d+:\d+: dma0\.irq cannot be wired to SPI 95: it is one of the MSI frame's")
    refused(b, b.edited(('interrupts = { irq = "SPI 4" }', 'wires = { irq = "gic.spi95" }')), r"dma0\.irq cannot be wired to gic\.spi95: it is one")


def case_a_region_smaller_than_its_registers_is_refused(b):
    refused(b, b.edited(("128KiB", "64KiB")), r"variant\.toml:\d+:\d+: \[smmu0\] map: 64KiB is too small for port 'registers' .*: it takes 128KiB")


def case_a_region_that_does_not_begin_with_a_page_of_registers_is_refused(b):
    uart = '[0x09000000, "4KiB"]'
    for base in ("0x09000001", "0x09000004", "0x09000800"):
        refused(b, b.edited((uart, uart.replace("0x09000000", base))),
                r"variant\.toml:\d+:7: \[uart0\] map: %s is no multiple of 4KiB" % base.replace("0x0", "0x"))
    disk = '[disk0]\ntype = "virtio-blk"\nmap.registers = [0x0b000%s, "512"]\ninterrupts = { irq = 5 }\nparams = { image = "disk.img" }\n'
    b.write("disk.img", "\0" * 512)
    refused(b, b.write("variant.toml", b.text() + disk % "100"), r"\[disk0\] map: 0xb000100 is no multiple of 512 bytes")
    r = b.call("check", b.write("variant.toml", b.text() + disk % "200"))
    check(r.returncode == 0, "expected exit code 0", r)


def case_an_interrupt_that_the_controller_has_not_got_is_refused(b):
    refused(b, b.edited(("SPI 4", "SPI 500")), r"\[gic\] has no SPI 500")


def case_a_stream_id_out_of_range_is_refused(b):
    refused(b, b.edited(("0x100", "0xffff")), r"StreamID 0x10000 is out of range.*SIDSIZE 16")


def case_a_device_whose_streams_its_tbu_is_not_fixed_to_is_refused(b):
    fixed = lambda params: ('type = "fake-smmu"', 'type = "fake-smmu"\nparams = { tbu0_fixed = true%s }' % params)
    one = (", count = 2", "")
    refused(b, b.edited(fixed("")), r"\[dma0\] behind: StreamIDs 0x100 to 0x101, but tbu0_fixed of \[smmu0\] says .* StreamID 0x100; leave tbu0_fixed out")
    refused(b, b.edited(fixed(", tbu0_stream_id = 7"), one), r"\[dma0\] behind: StreamIDs 0x100 to 0x100, but tbu0_fixed .* StreamID 0x7;")
    r = b.call("run", b.edited(fixed(""), one))
    check(r.returncode == 0, "its one stream is taken from it", r)


def case_streams_of_two_devices_that_overlap_are_refused(b):
    more = '[dma1]\ntype = "fake-dma"\nmap = [0x0b000000, "4KiB"]\ninterrupts = { irq = 5 }\nbehind = { smmu = "smmu0", tbu = 1, stream = 0x101 }\n'
    refused(b, b.write("variant.toml", b.text() + more), r"StreamIDs 0x101 to 0x101 overlap those of \[dma0\]")
    refused(b, b.write("variant.toml", b.text() + more.replace("tbu = 1, stream = 0x101", "stream = 0x200")), r"tbu0_in already serves dma0\.dma")
    refused(b, b.write("variant.toml", b.text() + more.replace("tbu = 1", "tbu = 2")), r"no port 'tbu2_in'")


def case_a_kernel_that_is_no_aarch64_elf_or_image_is_refused(b):
    whole = elf()
    for name, data, pattern in (("noise", bytes(range(256)) * 64, "neither"), ("empty", b"", "empty"), ("x86", elf(62), "machine 62"),
                                ("cut", whole[:-1], "truncated"), ("header", whole[:20], "truncated"), ("large", elf(size=0x1000000), "begins in ram and does not end there")):
        b.write("kernel.elf", data)
        refused(b, b.config, r"good\.toml:3:10: kernel .*kernel\.elf: .*" + pattern)
    refused(b, b.edited(("kernel.elf", "missing.elf")), r"no such file: .*missing\.elf")
    refused(b, b.edited(('kernel = "kernel.elf"\n', "")), r"\[boot\] has no 'kernel'")


def case_a_module_that_is_not_there_is_refused(b):
    refused(b, b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["gone.ko"]')), r"variant\.toml:4:12: modules = \"gone\.ko\": no such file")


def case_a_folder_of_modules_stands_for_its_files_in_the_order_of_their_names(b):
    os.mkdir(b.path("modules"))
    for name in ("b.ko", "a-b.ko", "a.ko", "a.ko.debug", "notes", "Z.ko"):
        b.write("modules/" + name, name)
    b.write("own.ko", "own")
    config = b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["own.ko", "modules/"]'))
    def names(*options):
        r = b.call("run", config, "--set", "cpu0.end=event", "--json", b.path("j"), *options)
        check(r.returncode == 0, "expected exit code 0", r)
        return [p["name"].rsplit("/")[-1] for p in json.loads(b.read("j"))["boot"] if p["what"] == "file"]
    check(names() == ["own.ko", "Z.ko", "a-b.ko", "a.ko", "b.ko"], "the folder's files")
    b.write("a.ko", "another")
    check(names("--module", b.path("a.ko")) == ["own.ko", "Z.ko", "a-b.ko", "b.ko", "a.ko"], "with one of them replaced")
    b.write("modules/own.ko", "own")
    refused(b, config, r"variant\.toml:4:\d+: modules: '/lib/modules/own\.ko' is there twice")


def case_a_folder_without_modules_is_refused(b):
    os.mkdir(b.path("empty"))
    for folder, why in (("empty/", r"no \.ko is in the folder \S+/empty/"), ("gone/", r"cannot read the folder \S+/gone/: No such file"),
                        ("kernel.elf/", r"cannot read the folder \S+: Not a directory"), ("empty", r"\S+/empty is a folder")):
        refused(b, b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = ["%s"]' % folder)), r"variant\.toml:4:12: modules = .*" + why)


def case_a_missing_plugin_is_refused_with_where_it_was_looked_for(b):
    refused(b, b.edited(('"fake-dma"', '"fake-dmb"')), r"\[dma0\] no plugin offers the type 'fake-dmb'; did you mean 'fake-dma'", re.escape(b.plugins))


def case_a_plugin_of_another_abi_is_refused_with_what_differs(b):
    refused(b, b.edited((b.plugins, b.plugins + "/bad"), ('"fake-cpu"', '"old_abi"')),
            r"libsmmuvp-old_abi\.so for type 'old_abi' cannot be used: it has plugin ABI \d+, this program needs \d+")


def case_a_file_that_is_no_plugin_is_refused_by_name(b):
    b.write("libsmmuvp-text.so", "not a shared object")
    refused(b, b.edited((b.plugins, b.folder), ('"fake-cpu"', '"text"')), r"libsmmuvp-text\.so .*no ELF shared object")
    refused(b, b.edited((b.plugins, b.plugins + "/bad"), ('"fake-cpu"', '"no_entry"')), r"libsmmuvp-no_entry\.so .*no 'smmuvp_plugin'")


def case_a_truncated_plugin_is_refused(b):
    with open(os.path.join(b.plugins, "libsmmuvp-fake.so"), "rb") as f:
        whole = f.read()
    for size in (20, 64, 200, 1000, 5000, 9000, 20000):
        b.write("libsmmuvp-cut.so", whole[:size])
        r = b.call("components", env={"SMMU_VP_PLUGIN_PATH": b.folder})
        check(r.returncode == 0 and re.search(r"refused .*libsmmuvp-cut\.so: it is truncated", r.stdout), "%d bytes" % size, r)
    refused(b, b.edited((b.plugins, b.folder), ('"fake-cpu"', '"cut"')), r"libsmmuvp-cut\.so .*truncated")


def case_a_pipe_or_a_device_is_refused_where_a_file_is_expected(b):
    os.mkfifo(b.path("pipe"))
    os.mkfifo(b.path("libsmmuvp-pipe.so"))
    for path in (b.path("pipe"), "/dev/zero"):
        refused(b, b.edited(('"kernel.elf"', '"%s"' % path)), re.escape(path) + " is no regular file")
        refused(b, b.edited(('"kernel.elf"', '"kernel.elf"\nmodules = ["%s"]' % path)), re.escape(path) + " is no regular file")
        refused(b, path, re.escape(path) + " is no regular file")
    r = b.call("components", env={"SMMU_VP_PLUGIN_PATH": b.folder})
    check(r.returncode == 0 and re.search(r"refused .*libsmmuvp-pipe\.so: .* is no regular file", r.stdout), "a pipe as plugin", r)


def case_a_module_that_is_listed_twice_is_refused_before_any_is_read(b):
    modules = ", ".join(['"gone.ko"'] * 2)
    refused(b, b.edited(('kernel = "kernel.elf"', 'kernel = "kernel.elf"\nmodules = [%s]' % modules)), r"variant\.toml:4:\d+: modules: '/lib/modules/gone\.ko' is there twice")


def case_a_memory_that_the_cpu_refuses_is_refused_at_its_place(b):
    refused(b, b.edited(("map = [0x40000000]", "map = [0x40000001]")), r"variant\.toml:10:\d+: \[ram\] map: memory does not start at a page")


def case_memory_that_a_master_keeps_is_in_the_device_tree_and_nothing_boots_there(b):
    def keeps(*regions):
        masters = "".join('[dma%d]\ntype = "fake-dma"\nmap = [%#x, "4KiB"]\ninterrupts = { irq = %d }\n'
                          'behind = { smmu = "smmu0", tbu = %d, stream = %d, identity = %s }\n'
                          % (i, 0x0b000000 + 0x1000 * i, 10 + i, i, 0x200 + i, r) for i, r in enumerate(regions, 1))
        return b.write("keeps.toml", b.text() + masters)
    r = b.call("dtb", keeps('[0x40f00000, "64KiB"]'), "-o", b.path("a.dtb"))
    check(r.returncode == 0, "expected exit code 0", r)
    d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", b.path("a.dtb")], capture_output=True, text=True)
    check(d.returncode == 0 and d.stderr == "", "dtc: " + d.stderr)
    region = re.search(r"reserved-memory \{\s+#address-cells = <0x02>;\s+#size-cells = <0x02>;\s+ranges;\s+dma@40f00000 \{\s+"
                       r"reg = <0x00 0x40f00000 0x00 0x10000>;\s+iommu-addresses = <(0x\w+) 0x00 0x40f00000 0x00 0x10000>;\s+"
                       r"no-map;\s+phandle = <(0x\w+)>;", d.stdout)
    check(region, "the device tree has no such region:\n" + d.stdout)
    master = re.search(r"dma@b001000 \{[^}]*memory-region = <(0x\w+)>;\s+phandle = <(0x\w+)>;", d.stdout)
    check(master and (master[2], master[1]) == region.groups(), "the phandles differ:\n" + d.stdout)

    refused(b, keeps('[0x40f00000, 4096]'), r"keeps\.toml:\d+:\d+: \[dma1\] behind\.identity: .* no multiple of 64 KiB")
    refused(b, keeps("[0x40f00000]"), r"\[dma1\] behind\.identity must be \[address, size\]")
    for outside in ('[0x50000000, "64KiB"]', '[0x40ff0000, "128KiB"]', '[0x3fff0000, "128KiB"]', '["0xffffffffffff0000", "64KiB"]'):
        refused(b, keeps(outside), r"\[dma1\] behind\.identity: .* in no memory")
    refused(b, keeps('[0x40f00000, "128KiB"]', '[0x40f10000, "64KiB"]'), r"\[dma2\] behind\.identity: .* overlap those of \[dma1\]")
    refused(b, keeps('[0x40080000, "64KiB"]'), r"\[dma1\] behind\.identity: .* lie where kernel, device tree and initramfs do")


def case_a_component_behind_itself_is_refused(b):
    refused(b, b.edited(('smmu = "smmu0"', 'smmu = "dma0"')), r"\[dma0\] behind: a component cannot be behind itself")


def case_a_plugin_that_throws_anything_is_refused(b):
    for what in ("exception", "number"):
        refused(b, b.edited(('type = "fake-smmu"', 'type = "fake-smmu"\nparams = { throws = "%s" }' % what)), r"\[smmu0\] .*" + what.replace("number", "no std::exception"))


def case_a_plugin_folder_that_is_not_there_is_refused(b):
    refused(b, b.edited(('plugins = ["', 'plugins = ["no-such", "')), r"variant\.toml:1:12: plugins: no such folder: .*no-such")


def case_a_mandatory_port_that_is_not_wired_is_refused(b):
    refused(b, b.edited(('interrupts = { irq = "SPI 4" }\n', "")), r"port dma0\.irq is not wired")
    refused(b, b.edited(('map = [0x09000000, "4KiB"]\n', "")), r"port uart0\.registers is not wired")
    refused(b, b.edited(("map = [0x40000000]\n", "")), r"\[ram\] is a memory and needs an address")


def case_an_unknown_port_is_refused_with_the_nearest_known_one(b):
    refused(b, b.edited(("{ irq = \"SPI 4\" }", "{ irk = \"SPI 4\" }")), r"\[dma0\] has no port 'irk'; did you mean 'irq'")
    refused(b, b.edited(("map.distributor", "map.distribotor")), r"\[gic\] has no port 'distribotor'; did you mean 'distributor'")
    refused(b, b.edited(("cpu0.irq", "cpu0.irk")), r"\[cpu0\] has no port 'irk'; did you mean 'irq'")
    refused(b, b.edited(("cpu0.irq", "cpu1.irq")), r"there is no component 'cpu1'")
    refused(b, b.edited(('smmu = "smmu0"', 'smmu = "smmu"')), r"there is no SMMU 'smmu'; did you mean 'smmu0'")


def case_check_and_dtb_refuse_what_run_refuses(b):
    for command in ("check", "dtb"):
        refused(b, b.edited(("SPI 4", "SPI 1")), r"wired twice", command=command)


# ---- at a terminal

class Terminal:
    """The program at a pseudo-terminal; waits for text, never for time alone."""

    def __init__(self, b, *words, command=None):
        self.seen = ""
        self.decoder = decoder()
        self.pid, self.fd = start(command or [b.program, *words])

    def read(self):
        if not select.select([self.fd], [], [], 30)[0]:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            return False
        self.seen += self.decoder.decode(data)
        return bool(data)

    def expect(self, text):
        while text not in self.seen:
            if not self.read():
                print("FAILED: the terminal does not show %r; it shows:\n%r" % (text, self.seen))
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(1)

    def exit_code(self):
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def case_the_console_passes_bytes_both_ways_and_ctrl_c_exits_with_130(b):
    t = Terminal(b, "run", b.config, "--console", "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n")
    t.expect("ready")
    os.write(t.fd, "gr\u00fc\u00dfe\x04\x1a\r".encode())  # UTF-8, Ctrl-D and Ctrl-Z reach the guest, which echoes
    t.expect("gr\u00fc\u00dfe\x04\x1a\r")
    os.write(t.fd, b"\x03")
    code = t.exit_code()
    check(code == 130, "expected exit code 130, got %d" % code)
    check("interrupted" in t.seen, "the summary does not say interrupted: %r" % t.seen)


def case_the_terminal_is_given_back_after_an_interactive_run(b):
    command = "stty -g > {0}/before; '{1}' run '{2}' --console {3}; echo code $?; stty -g > {0}/after; echo done"
    t = Terminal(b, command=["/bin/sh", "-c", "trap : INT; " + command.format(b.folder, b.program, b.config, "--set cpu0.end=spin --set cpu0.text=ready")])
    t.expect("ready")
    os.write(t.fd, b"\x03")
    t.expect("code 130")
    t.expect("done")
    check(t.exit_code() == 0, "the shell failed")
    check(b.read("before") == b.read("after"), "the terminal's settings differ: %r, %r" % (b.read("before"), b.read("after")))


def case_with_console_the_kernel_gets_shell_1(b):
    r = b.run("--console", "--set", "cpu0.end=bootargs", "--append", "more=2", "--quiet")
    check(r.returncode == 0 and r.stdout == "console=ttyAMA0 more=2 shell=1\n", "other bootargs", r)
    r = b.run("--set", "cpu0.end=bootargs", "--quiet")
    check(r.returncode == 0 and r.stdout == "console=ttyAMA0\n", "other bootargs", r)


def main(cases):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--plugins", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    case = cases.get("case_" + args.case)
    if case is None:
        sys.exit("no such case: " + args.case)
    with tempfile.TemporaryDirectory() as folder:
        case(Bench(args, folder))


if __name__ == "__main__":
    main(globals())
