#!/usr/bin/env python3
"""The commands "decode" and "walk", seen from outside: exit codes, channels, files that are no dumps.

usage: tables_program.py --program smmu-vp CASE
What they print is in the transcripts beside this file.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
from terminal import open_pair  # noqa: E402
from transcripts import dumps  # noqa: E402

WALK = ["walk", "ram.bin", "--base", "0x80000000", "--format", "lpae64-s1", "--ttbr0", "0x80010000", "--t0sz", "25"]
DECODE = ["decode", "pte", "--format", "lpae64-s1", "--level", "3"]
KINDS = {"l1std": 1, "ste": 8, "l1cd": 1, "cd": 8, "cmd": 2, "event": 4, "pri": 2, "vms": 8}  # and their words


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        for name, data in dumps().items():
            self.write(name, data)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)

    def call(self, *words, stdin="", **more):
        return subprocess.run([self.program, *words], cwd=self.folder, input=stdin, capture_output=True, text=True,
                              errors="replace", timeout=60, **more)


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode)
        print("--- stdout\n" + result.stdout[-3000:] + "\n--- stderr\n" + result.stderr[-3000:])
    sys.exit(1)


def refused(b, words, *texts, **more):
    r = b.call(*words, **more)
    check(r.returncode == 64, "expected exit code 64", r)
    check(r.stdout == "", "expected nothing on standard output", r)
    check(r.stderr.startswith("smmu-vp: "), "expected a message of the program", r)
    for t in texts:
        check(t in r.stderr, "the message does not say: %s" % t, r)


def case_exit_codes_tell_translated_from_faulted(b):
    check(b.call(*WALK, "0x1000").returncode == 0, "a translation")
    check(b.call(*WALK, "0x5000").returncode == 1, "a fault")
    check(b.call(*WALK, "0x1000", "0x5000", "0x1000").returncode == 1, "a fault among translations")
    check(b.call(*DECODE, "0x0").returncode == 0, "an invalid descriptor can be explained")


def case_help_teaches_with_examples(b):
    for words in (("decode", "--help"), ("walk", "--help"), ("help", "walk"), ("help", "decode")):
        r = b.call(*words)
        check(r.returncode == 0 and r.stderr == "", "help", r)
        check(r.stdout.count("\n  smmu-vp ") >= 3 and "Examples" in r.stdout and "Exit codes" in r.stdout, "examples", r)
    check("'(!)' marks" in b.call("walk", "--help").stdout, "marks are explained")
    r = b.call("--help")
    check("smmu-vp decode pte" in r.stdout and "smmu-vp decode KIND" in r.stdout and "smmu-vp walk DUMP" in r.stdout,
          "the program's help names them", r)


def case_examples_of_the_help_work(b):
    found = 0
    for command in ("decode", "walk"):
        text = b.call(command, "--help").stdout.replace("\\\n", " ")
        for line in text[text.index("Examples"):].splitlines():
            if "memory.elf" in line:
                continue  # which a run makes: tests/e2e/inside.py
            if line.startswith("  smmu-vp "):
                r = b.call(*line.split()[1:])
                check(r.returncode in (0, 1) and r.stderr == "", line, r)
                found += 1
    check(found == 7, "expected five examples of decode and two of walk")


def case_json_is_one_document_with_all_facts(b):
    r = b.call(*DECODE[:4], "--json", "0x0060000041203703", "0x0")
    d = json.loads(r.stdout)["descriptors"]
    check([e["levels"] for e in d[0]["explanations"]] == [[0, 1, 2], [3]], "levels", r)
    page = d[0]["explanations"][1]
    check(page["address"] == "0x41203000" and page["size"] == 4096 and not page["wrong"], "page", r)
    check(sum(f["high"] - f["low"] + 1 for f in page["fields"]) == 64, "all bits", r)
    check(d[1]["explanations"][0]["kind"] == "invalid", "second descriptor", r)

    r = b.call(*WALK, "--json", "--ha", "0x3000", "0x400000")
    walks = json.loads(r.stdout)["walks"]
    check(r.returncode == 1, "exit code", r)
    check(walks[0]["translation"]["output"] == "0x80102000", "output", r)
    update = walks[0]["steps"][-1]
    check(update["operation"] == "compare-and-swap" and update["done"] and
          int(update["before"], 16) | 1 << 10 == int(update["after"], 16), "hardware update", r)
    check(walks[1]["fault"]["kind"].startswith("external abort") and walks[1]["fault"]["table_address"] == "0xc0000000", "fault", r)
    check(json.loads(r.stdout)["config"]["stage1.tables[0].TxSZ"] == "25", "config", r)


def case_values_come_from_standard_input(b):
    r = b.call(*DECODE, "-", stdin="0x41203703 # a page\n\n0x0, 0x1\n")
    check(r.returncode == 0 and r.stdout.count("lpae64-s1") == 3, "three descriptors", r)
    r = b.call(*WALK, "-", "0x2000", stdin="0x1000\n")
    check(r.returncode == 0 and r.stdout.count("VA 0x") == 2, "two addresses", r)
    r = b.call(*DECODE, "-", stdin="0x41203703\n41203703\n")
    check(r.returncode == 64 and "standard input, line 2" in r.stderr, "the line is named", r)
    refused(b, [*WALK, "-"], "no hexadecimal number", stdin="\0\xff\n")


def case_colours_are_for_terminals(b):
    def seen(*words, **env):
        master, slave = open_pair()
        clean = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
        subprocess.run([b.program, *words], cwd=b.folder, stdin=subprocess.DEVNULL, stdout=slave, timeout=60, env=dict(clean, **env))
        os.close(slave)
        text = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            text += part
        os.close(master)
        return text.decode()
    for words in ([*WALK, "0x5000"], [*DECODE, "0x503"], ["decode", "l1cd", "0x2"]):
        check("\033[" not in b.call(*words).stdout, "colours in a pipe")
        check("\033[" in b.call(*words, "--color", "always").stdout, "no colours with --color always")
        check("\033[" in seen(*words), "no colours at a terminal")
        check("\033[" not in seen(*words, NO_COLOR="1"), "colours with NO_COLOR")
        check("\033[" not in seen(*words, "--color", "never"), "colours with --color never")


def case_columns_line_up(b):
    lines = b.call(*DECODE, "0x0060000041203703").stdout.splitlines()[1:]
    for name in ("field", "value"):
        column = lines[0].index(name)
        check(all(line[column - 1] == " " and line[column] != " " for line in lines), "column " + name)
    check(all(line == line.rstrip() for line in lines), "spaces at the end of a line")


def case_files_that_are_no_dumps_are_refused(b):
    b.write("empty", b"")
    os.mkfifo(b.path("pipe"))
    os.mkdir(b.path("folder"))
    rest = WALK[2:] + ["0x1000"]
    refused(b, ["walk", "missing", *rest], "cannot read missing")
    refused(b, ["walk", "empty", *rest], "empty is empty")
    for name in ("pipe", "folder", "/dev/zero"):
        refused(b, ["walk", name, *rest], name + " is no regular file")
    refused(b, ["walk", "ram.bin", "--base", "0xfffffffffff00000", *WALK[4:], "0x0"], "beyond the last address")
    refused(b, ["walk", "--dump", "ram.bin@0x80000000", "--dump", "ram.bin@0x80001000", *WALK[4:], "0x0"], "overlaps")


def case_a_dump_cut_anywhere_is_an_external_abort_and_no_crash(b):
    whole = dumps()["ram.bin"]
    for size in (1, 7, 0x10000, 0x10007, 0x11001, 0x12008, 0x1200f, 0x12010):
        b.write("cut", whole[:size])
        r = b.call("walk", "cut", *WALK[2:], "0x1000")
        expected = 0 if size >= 0x12010 else 1
        check(r.returncode == expected, "with %d bytes" % size, r)
        check(("no dump holds" in r.stdout) == (expected == 1), "an abort is shown as such", r)


def case_a_huge_dump_is_read_only_where_the_walk_looks(b):
    with open(b.path("huge"), "wb") as f:
        f.write(dumps()["ram.bin"])
        f.truncate(1 << 40)
    limit = "ulimit -v 1000000; exec \"$0\" \"$@\""
    r = subprocess.run(["sh", "-c", limit, b.program, "walk", "huge", *WALK[2:], "0x1000", "0x400000"], cwd=b.folder,
                       capture_output=True, text=True, timeout=60)
    check(r.returncode == 1 and "0x80100000" in r.stdout and "level 3" in r.stdout, "a sparse dump of 1 TiB", r)


def case_several_dumps_are_one_memory(b):
    whole = dumps()["ram.bin"]
    b.write("low", whole[:0x12000])
    b.write("high", whole[0x12000:])
    r = b.call("walk", "--dump", "low@0x80000000", "--dump", "high@0x80012000", *WALK[4:], "0x1000")
    check(r.returncode == 0 and "0x80100000" in r.stdout, "two dumps", r)


def case_output_that_cannot_be_written_is_told(b):
    with open("/dev/full", "w") as full:
        r = subprocess.run([b.program, *WALK, "0x5000"], cwd=b.folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    check(r.returncode == 70 and "cannot write" in r.stderr, "exit code %d: %s" % (r.returncode, r.stderr))


def case_mistakes_are_answered_with_what_to_do(b):
    refused(b, ["decode"], "smmu-vp decode pte --format")
    refused(b, ["decode", "sted", "0x1"], "did you mean 'ste'?", "pte", ", ".join(KINDS))
    refused(b, ["decode", "pte", "0x1"], "--format: lpae64-s1")
    refused(b, [*DECODE[:3], "lpae64_s1", "0x1"], "did you mean 'lpae64-s1'?")
    refused(b, [*DECODE, "41203703"], "did you mean '0x41203703'?")
    refused(b, [*DECODE, "0x1" + "0" * 16], "more than 64 bits")
    refused(b, [*DECODE[:4], "--level", "4", "0x1"], "0 to 3")
    refused(b, [*DECODE, "--tre", "0x1"], "it is of v7s")
    refused(b, [*DECODE, "--levl", "0x1"], "did you mean '--level'?")
    refused(b, ["walk"], "smmu-vp walk DUMP --base")
    refused(b, ["walk", "0x1000"], "where the dump's file name is expected")
    refused(b, ["walk", "ram.bin", "0x1000"], "--base 0x80000000")
    refused(b, WALK, "no address given")
    refused(b, [*WALK[:6], "0x1000"], "add --ttbr0")
    refused(b, [*WALK, "--access", "wirte", "0x0"], "did you mean 'write'?")
    refused(b, [*WALK, "--set", "stage1.wxn=1", "0x0"], "did you mean 'stage1.WXN'?")
    refused(b, [*WALK, "--set", "stage1.WXN=yes", "0x0"], "--set: stage1.WXN must be true or false, not 'yes'")
    refused(b, [*WALK, "--vttbr", "0x0", "0x0"], "--vttbr means nothing")
    refused(b, ["--json", "walk"], "")
    refused(b, ["wlak"], "did you mean 'walk'?")


def case_a_terminal_obeys_nothing_of_what_the_user_wrote(b):
    clear = "\x1b[2J\r\x9b"
    shown = "\\x1b[2J\\x0d\\u009b"
    b.write("e" + clear, b"")
    rest = [*WALK[4:], "0x1000"]
    mistakes = [
        [*DECODE[:3], clear, "0x1"], [*DECODE[:4], "--level", clear, "0x1"], [*DECODE, "--" + clear, "0x1"],
        [*DECODE, "-" + clear, "0x1"], [*DECODE, "--mair", clear, "0x1"], [*DECODE, "--granule", clear, "0x1"],
        [*DECODE, "--regime", clear, "0x1"], [*DECODE, "--color", clear, "0x1"], [*DECODE, clear],
        [*WALK, "--access", clear, "0x1"], [*WALK, "--set", clear, "0x1"], [*WALK, "--set", clear + "=1", "0x1"],
        [*WALK, "--set", "stage1.WXN=" + clear, "0x1"], [*WALK, "--t1sz", clear, "0x1"], [*WALK, "--" + clear, "0x1"],
        ["decode", clear], ["decode", "ste", "--" + clear], ["decode", "ste", "--file", clear],
        ["decode", "ste", "--file", "e" + clear], ["decode", "ste", "--count", clear, "0"],
        ["decode", "ste", "--color", clear, "0"],
        [*WALK, clear], [*WALK[:4], "--format", "lpae64-s2+lpae64-s1" + clear, "0x1"],
        ["walk", "0x" + clear, *rest], ["walk", clear, "0x1"], ["walk", clear, *WALK[2:], "0x1"],
        ["walk", "e" + clear, *WALK[2:], "0x1"], ["walk", "--dump", clear, *rest],
        ["walk", "--dump", clear + "@" + clear, *rest], ["walk", "--dump", clear + "@0x0", *rest],
        [clear], ["params", clear], ["run", clear], ["run", "--" + clear], ["run", "x", "--color", clear],
    ]
    for words in mistakes:
        refused(b, words, shown)
        raw = subprocess.run([b.program, *words], cwd=b.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        left = raw.stderr.decode().replace("\n", "")
        check(left.isprintable(), "control characters of %r in %r" % (words, left))
    refused(b, ["decode", "ste", clear], "\\x1b[2J")  # what ends a line ends a word
    b.write("d" + clear, dumps()["ram.bin"])
    r = b.call("walk", "d" + clear, *WALK[2:], "--json", "0x1000")
    check(r.returncode == 0 and "\x9b" not in r.stdout and "\x1b" not in r.stdout, "control characters in JSON", r)
    check(json.loads(r.stdout)["dumps"][0]["file"] == "d" + clear, "the name of the dump", r)
    refused(b, ["walk", "M\u00e4rz", *WALK[2:], "0x1"], "cannot read M\u00e4rz")


def case_standard_input_without_a_number_is_refused(b):
    for text in ("", "\n\n", "# nothing\n  , \n"):
        for more in ([], ["--json"]):
            refused(b, [*WALK, *more, "-"], "no address given", stdin=text)
            refused(b, [*DECODE, *more, "-"], "no descriptor given", stdin=text)
    check(b.call(*WALK, "0x1000", "-", stdin="").returncode == 0, "one address on the command line, none behind")


def case_a_bad_line_ends_text_and_leaves_no_json(b):
    for command in (WALK, DECODE):
        good = b.call(*command, "-", stdin="0x1000\n0x2000\n")
        bad = b.call(*command, "-", stdin="0x1000\n0x2000\n3000\n0x4000\n")
        check(bad.returncode == 64 and bad.stdout == good.stdout, "text up to the bad line", bad)
        check("standard input, line 3" in bad.stderr, "the line is named", bad)
        refused(b, [*command, "--json", "-"], "standard input, line 3", stdin="0x1000\n0x2000\n3000\n0x4000\n")
        check("--json prints nothing unless all are good" in b.call(command[0], "--help").stdout, "said in the help")


def case_a_value_that_a_field_cannot_be_is_answered_with_what_it_can_be(b):
    for option, value, legal in (("--t0sz", "999", "0 to 48"), ("--ips", "x", "32, 36, 40, 42, 44, 48 or 52"),
                                 ("--granule", "5k", "4k, 16k or 64k")):
        refused(b, [*WALK[:8], option, value, "0x0"], "%s must be %s, not '%s'" % (option, legal, value))
    for field, value, legal in (("stage1.tables[0].walk_attributes.IRGN", "4", "0 to 3"), ("stage1.v7s.N", "-1", "0 to 7"),
                                ("stage2.T0SZ", "200", "-8 to 48"), ("stage2.start_level", "x", "-1 to 3"),
                                ("stage1.MAIR", "x", "a number of 64 bits"), ("space", "x", "realm or root")):
        refused(b, [*WALK, "--set", field + "=" + value, "0x0"], "%s must be " % field, "%s, not '%s'" % (legal, value))


def case_every_kind_of_structure_says_how_many_words_it_takes(b):
    for kind, size in KINDS.items():
        r = b.call("decode", kind, *["0"] * size)
        check(r.returncode == 0 and r.stderr == "", kind, r)
        refused(b, ["decode", kind], "no words given", "%d word" % size)
        if size > 1:
            refused(b, ["decode", kind, *["0"] * (size - 1)], "each takes %d words" % size, "1 missing")
            refused(b, ["decode", kind, *["0"] * (size + 1)], "--count 1 takes the whole ones")
            check(b.call("decode", kind, "--count", "1", *["0"] * (size + 1)).returncode == 0, "--count 1 of " + kind)
        refused(b, ["decode", kind, "--count", "2", *["0"] * size], "--count 2 needs %d words, %d given" % (2 * size, size))
    help_text = b.call("decode", "--help").stdout
    check(all("    %-6s " % kind in help_text for kind in KINDS), "the help lists the kinds")


def case_words_of_structures_are_written_in_many_ways(b):
    expected = b.call("decode", "cmd", "0x0000000000000012", "0x0000000080001001").stdout
    for words in (["12", "80001001"], ["0X12,0x8000_1001"], ["12,", ",8000_1001"], ["12 80001001"]):
        r = b.call("decode", "cmd", *words)
        check(r.stdout == expected, "%r" % words, r)
    r = b.call("decode", "cmd", "-", stdin="# a command\n12 # opcode\n8000_1001\n")
    check(r.stdout == expected, "words from standard input", r)
    for option in (["--color", "never"], ["--color=never"]):
        check(b.call("decode", *option, "cmd", "12", "80001001").stdout == expected, "an option before the kind")
    refused(b, ["decode", "cmd", "12", "zz"], "'zz' is no hexadecimal number")
    refused(b, ["decode", "cmd", "12", "0x"], "'0x' is no hexadecimal number")
    refused(b, ["decode", "cmd", "12", "1" * 17], "more than 64 bits")
    refused(b, ["decode", "cmd", "-", "1"], "standard input, line 2", stdin="12\nx\n")
    refused(b, ["decode", "cmd", "-"], "2 words", stdin="")


DMESG = """\
[    1.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]
[    4.200000] arm-smmu-v3 9050000.iommu: event 0x10 received:
[    4.200001] arm-smmu-v3 9050000.iommu: \t0x0000002a00000010
[    4.200001] arm-smmu-v3 9060000.iommu: event 0x02 received:
[    4.200002] arm-smmu-v3 9050000.iommu: \t0x0000020800000000
[    4.200002] usb 1-1: at 0x0000000000000042
[    4.200002] other driver: 0x0000000000000043
[    4.200003] arm-smmu-v3 9060000.iommu: \t0x0000ffff00000002
[    4.200003] arm-smmu-v3 9050000.iommu: \t0x0000000000001000
[    4.200004] arm-smmu-v3 9060000.iommu: \t0x0000000000000000
[    4.200004] arm-smmu-v3 9060000.iommu: \t0x0000000000000000
[    4.200004] arm-smmu-v3 9060000.iommu: \t0x0000000000000000
[    4.200005] arm-smmu-v3 9050000.iommu: \t0x0000000000000000
[    4.200006] arm-smmu-v3 9050000.iommu: event: F_TRANSLATION client: 0000:00:01.0 sid: 0x2a ssid: 0x0 iova: 0x1000 ipa: 0x0
dead
"""


def titles(r):
    return [line for line in r.stdout.splitlines() if line and not line.startswith((" ", "!"))]


def case_events_are_found_in_a_kernel_log_however_its_lines_are_mixed(b):
    r = b.call("decode", "event", "--nonzero", "-", stdin=DMESG)
    check(r.returncode == 0 and titles(r) == ["line 4: C_BAD_STREAMID (IHI 0070 7.3.3)", "line 2: F_TRANSLATION (IHI 0070 7.3.13)"],
          "other events: %s" % titles(r), r)
    for row in (r"StreamID +0x2a\n", r"InputAddr +0x1000\n", r"StreamID +0xffff\n"):
        check(re.search(row, r.stdout), "no %s" % row, r)
    j = json.loads(b.call("decode", "event", "--json", "-", stdin=DMESG).stdout)
    check([s["line"] for s in j["structures"]] == [4, 2] and "notes" not in j, "other lines in JSON: %s" % j)
    r = b.call("decode", "event", "--count", "1", "-", stdin=DMESG)
    check(titles(r) == ["line 4: C_BAD_STREAMID (IHI 0070 7.3.3)"], "--count 1", r)


def case_an_event_that_a_log_cuts_off_is_told_and_the_next_one_is_whole(b):
    head, tail = DMESG.splitlines(True)[:3], DMESG.splitlines(True)[1:]
    r = b.call("decode", "event", "-", stdin="".join(head + tail))
    check(len([t for t in titles(r) if t.startswith("line ")]) == 2, "the events that are whole", r)
    check("note: line 2 (arm-smmu-v3 9050000.iommu): 1 of 4 words, left out\n" in r.stdout, "the one that is cut", r)
    r = b.call("decode", "event", "-", stdin="".join(head))
    check(r.returncode == 64 and "no whole structure; line 2 (arm-smmu-v3 9050000.iommu): 1 of 4 words" in r.stderr, "nothing whole", r)


def case_times_and_hosts_before_a_line_of_a_log_do_not_matter(b):
    expected = b.call("decode", "event", "--nonzero", "-", stdin=DMESG).stdout
    syslog = "".join("Nov 29 14:07:%02d host kernel: %s" % (i, line) for i, line in enumerate(DMESG.splitlines(True)))
    bare = re.sub(r"(?m)^\[ +[0-9.]+\] ", "", DMESG)
    for text in (syslog, bare, DMESG.replace("\n", "\r\n")):
        check(b.call("decode", "event", "--nonzero", "-", stdin=text).stdout == expected, "another result of:\n" + text)


def case_commands_are_found_behind_what_linux_says_of_them(b):
    r = b.call("decode", "cmd", "-", stdin="arm-smmu-v3 9050000.iommu: CMDQ error (cons 0x01000002): Illegal command\n"
               "arm-smmu-v3 9050000.iommu: skipping command in error state:\n"
               "arm-smmu-v3 9050000.iommu: \t0x0001000000000012\narm-smmu-v3 9050000.iommu: \t0x0000000080001001\n")
    check(titles(r) == ["line 2: CMD_TLBI_NH_VA (IHI 0070 4.4.2.4)"], "the command", r)


def case_structures_are_found_in_what_a_monitor_or_debugger_shows_of_memory(b):
    expected = b.call("decode", "event", "0x0000002a00000010", "0x0000020800000000", "0x1000", "0").stdout
    xp = "0000000040200000: 0x0000002a00000010 0x0000020800000000\n0000000040200010: 0x0000000000001000 0x0000000000000000\n"
    gdb = "0x40200000:\t0x0000002a00000010\t0x0000020800000000\n0x40200010 <queue+16>:\t0x0000000000001000\t0x0000000000000000\n"
    for text in (xp, "QEMU 7.2.9 monitor\n(qemu) xp /4gx 0x40200000\n" + xp, gdb):
        r = b.call("decode", "event", "-", stdin=text)
        check(r.stdout.partition(": ")[2] == expected, "another event of:\n" + text, r)


def case_a_log_without_such_words_is_told(b):
    r = b.call("decode", "event", "-", stdin="[    1.0] hello\n")
    check(r.returncode == 64 and "nor is it a log with the words of a" in r.stderr, "the message", r)


def image(smmus=None, base=0x40000000, size=0x10000, words=None, raw_note=None):
    """A memory image as "run --dump-memory" makes it: words at physical addresses."""
    memory = bytearray(size)
    for address, value in (words or {}).items():
        struct.pack_into("<Q", memory, address - base, value)
    text = raw_note if raw_note is not None else json.dumps({"smmus": smmus or []}).encode()
    note = struct.pack("<III", 8, len(text), 1) + b"smmu-vp\0" + text
    offset = 0x2000
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 183, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 4, 6, 176, 0, 0, len(note), len(note), 4)
    head += struct.pack("<IIQQQQQQ", 1, 6, offset, base, base, size, size, 4096)
    return (head + note).ljust(offset, b"\0") + bytes(memory)


# Stream 5: an STE that leads to a CD, and tables of three levels, T0SZ 25: 0x1000 is at 0x40009000.
STREAM = {0x40000140: 0x4000100b, 0x40000148: 1 << 44, 0x40001000: 0x40000000 | 0x1 << 48 | 0x3 << 45 | 1 << 41 | 4 << 32 | 1 << 31 | 1 << 30 | 25,
          0x40001008: 0x40002000, 0x40001018: 0xff, 0x40002000: 0x40003003, 0x40003000: 0x40004003, 0x40004008: 0x40009743}
SMMU = {"name": "smmu7", "type": "smmuv3", "parameters": {"SIDSIZE": "10"},
        "registers": {"SMMU_CR0": "0xd", "SMMU_CR2": "0x2", "SMMU_STRTAB_BASE": "0x40000000", "SMMU_STRTAB_BASE_CFG": "0x8", "SMMU_EVENTQ_BASE": "0x40008003"}}
WALK_STREAM = ["walk", "--sid", "5"]


def case_a_stream_is_walked_by_the_registers_of_an_image(b):
    b.write("m.elf", image([SMMU], words=STREAM))
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "0x1010")
    check(r.returncode == 0, "it is translated", r)
    for p in (r"^smmu7: stream 0x5, address 0x1010: read, unprivileged\n", r"STE at 0x40000140\n", r"CD at 0x40001000\n.*\n    legal\n",
              r"stage 1 level 3, VA 0x1010: descriptor at 0x40004008\n", r"the access goes on to 0x40009010\n"):
        check(re.search(p, r.stdout), "the walk does not show %r" % p, r)
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--json", "0x1010", "0x3000")
    walks = json.loads(r.stdout)["walks"]
    check(r.returncode == 1 and walks[0]["output"] == "0x40009010", "the first address", r)
    check((walks[1]["outcome"], walks[1]["event"], walks[1]["recorded"]) == ("abort", "F_TRANSLATION", True), "the second address", r)
    r = b.call("walk", "--sid", "0x100", "--dump", "m.elf", "0x1010")
    check(r.returncode == 1 and "event C_BAD_STREAMID" in r.stdout, "a stream beyond the table", r)


def case_options_stand_over_the_registers_of_an_image(b):
    b.write("m.elf", image([SMMU], words=STREAM))
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--register", "SMMU_CR0=0x0", "0x1010")
    check(r.returncode == 0 and "ABORT 0: everything bypasses" in r.stdout and "goes on to 0x1010" in r.stdout, "an SMMU that is off", r)
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--strtab-base-cfg", "0x2", "0x1010")
    check("event C_BAD_STREAMID" in r.stdout, "a smaller table", r)
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--param", "OAS=32", "0x1010")
    check(r.returncode == 0, "a parameter", r)
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "--register", "SMMU_CRO=0x0", "0x1010"], "there is no 'SMMU_CRO'", "SMMU_CR0")
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "--param", "SIDSIZE=99", "0x1010"], "SIDSIZE")
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "--register", "SMMU_CR2", "0x1010"], "no NAME=VALUE")


def case_a_stream_is_walked_in_raw_memory_by_registers_that_are_given(b):
    data = image(words=STREAM)
    b.write("raw", data[0x2000:])
    base = ["--strtab-base", "0x40000000", "--strtab-base-cfg", "0x8"]
    r = b.call(*WALK_STREAM, "--dump", "raw@0x40000000", *base, "0x1010")
    check(r.returncode == 0 and "goes on to 0x40009010" in r.stdout, "raw memory", r)
    b.write("other.elf", image(words=STREAM, raw_note=b"{}"[:0]))
    r = b.call(*WALK_STREAM, "--dump", "other.elf", *base, "0x1010")
    check(r.returncode == 0 and "goes on to 0x40009010" in r.stdout, "a core file of another program", r)
    refused(b, [*WALK_STREAM, "--dump", "raw@0x40000000", "0x1010"], "--strtab-base")
    refused(b, [*WALK_STREAM, "0x1010"], "--dump")
    refused(b, [*WALK_STREAM, "--dump", "raw@0x40000000", *base], "no address given")


def case_an_image_of_several_smmus_asks_which(b):
    b.write("m.elf", image([SMMU, dict(SMMU, name="smmu8", registers={})], words=STREAM))
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "0x1010"], "--smmu", "smmu7, smmu8")
    check(b.call(*WALK_STREAM, "--dump", "m.elf", "--smmu", "smmu7", "0x1010").returncode == 0, "the one that is named")
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "--smmu", "smmu9", "0x1010"], "no SMMU 'smmu9'", "smmu7, smmu8")


# An SMMUv2 whose stream 5 has those tables, in context bank 1, and which is not reset to zeros.
SMMUV2 = {"name": "smmu2", "type": "smmuv2", "parameters": {"NUMCB": "8", "NUMSMRG": "8", "reset_fill": "1"},
          "registers": {"SMMU_sCR0": "0x400", "SMMU_SMR3": "0x80000005", "SMMU_S2CR3": "0x1", "SMMU_CBAR1": "0x1f300", "SMMU_CBA2R1": "0x1",
                        "SMMU_CB1_SCTLR": "0x61", "SMMU_CB1_TTBR0": "0x40002000", "SMMU_CB1_TCR": "0x800019", "SMMU_CB1_TCR2": "0x5",
                        "SMMU_CB1_PRRR/SMMU_CB1_MAIR0": "0xff"}}


def case_a_stream_of_an_smmuv2_is_walked_by_the_registers_of_an_image(b):
    b.write("m.elf", image([SMMUV2], words=STREAM))
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "0x1010")
    check(r.returncode == 0, "it is translated", r)
    for p in (r"^note: .*caches.*\nsmmu2: stream 0x5, address 0x1010: read, unprivileged", r"group 3: context bank 1\n", r"SMMU_CB1_MAIR0 = 0xff\n",
              r"stage 1 level 3, VA 0x1010: descriptor at 0x40004008", r"the access goes on to 0x40009010, Normal"):
        check(re.search(p, r.stdout), "the walk does not show %r" % p, r)
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--json", "--access", "write", "--privileged", "0x1010", "0x3000")
    walks = json.loads(r.stdout)["walks"]
    check(r.returncode == 1 and walks[0]["output"] == "0x40009010", "the first address", r)
    check((walks[1]["outcome"], walks[1]["faults"][0]["fault"], walks[1]["recorded"]) == ("abort", "SMMU_CB1_FSR.TF", True), "the second address", r)
    syndrome = {f["register"]: f["value"] for f in walks[1]["faults"][0]["registers"]}
    check((syndrome["SMMU_CB1_FSYNR0"], syndrome["SMMU_CBFRSYNRA1"]) == ("0x33", "0x5"), "a privileged write at level 3", r)
    r = b.call("walk", "--sid", "6", "--dump", "m.elf", "0x1010")
    check(r.returncode == 1 and "fault SMMU_GFSR.USF" in r.stdout, "a stream of no group: elements that an image lacks are 0", r)


def case_options_stand_over_the_registers_of_an_smmuv2_in_an_image(b):
    b.write("m.elf", image([SMMUV2], words=STREAM))
    walk = [*WALK_STREAM, "--dump", "m.elf"]
    r = b.call(*walk, "--register", "SMMU_sCR0=0x401", "0x1010")
    check(r.returncode == 0 and "CLIENTPD is 1: everything bypasses" in r.stdout, "an SMMU that is off", r)
    r = b.call(*walk, "--register", "SMMU_S2CR3=0x1", "--register", "SMMU_S2CR3=0x20000", "0x1010")
    check(r.returncode == 1 and "fault SMMU_GFSR.ICF" in r.stdout, "the last of two", r)
    r = b.call(*walk, "--param", "NUMCB=4", "0x1010")
    check(r.returncode == 0 and "note: SMMU_IDR1" not in r.stdout, "a parameter, where the image has no ID registers", r)
    b.write("id.elf", image([dict(SMMUV2, registers=dict(SMMUV2["registers"], SMMU_IDR1="0x8"))], words=STREAM))
    r = b.call(*WALK_STREAM, "--dump", "id.elf", "0x1010")
    check("note: SMMU_IDR1 is 0x8 in the image" in r.stdout, "ID registers of another SMMU", r)
    b.write("secure.elf", image([dict(SMMUV2, parameters={"SES": "true", "SSDTP": "1", "NUMSSDNDXB": "6"})], words=STREAM))
    r = b.call(*WALK_STREAM, "--dump", "secure.elf", "0x1010")
    check(r.returncode == 0 and "SMMU_SSDRn is Secure" in r.stdout and "SSD_Index 0x5 is Non-secure" in r.stdout, "what an image lacks", r)
    r = b.call(*walk, "--register", "SMMU_CB1_FSR=0x40000002", "0x1010")
    check(r.returncode == 1 and "waits" in r.stdout, "a bank that holds what comes, by its record of an access that stalls", r)
    r = b.call(*walk, "--register", "SMMU_S2CR3=0xffff0001", "--register", "SMMU_CBAR1=0xfff1f300", "0x1010")
    check(r.returncode in (0, 1), "bits that no register has", r)
    refused(b, [*walk, "--register", "SMMU_CB9_TCR=0x0", "0x1010"], "there is no 'SMMU_CB9_TCR'")
    refused(b, [*walk, "--param", "NUMCB=999", "0x1010"], "NUMCB")
    refused(b, [*walk, "--ssid", "1", "0x1010"], "--ssid is of an SMMUv3", "'smmu2'")
    refused(b, [*walk, "--strtab-base", "0x40000000", "0x1010"], "--strtab-base is of an SMMUv3")


def case_an_image_of_both_smmus_asks_which(b):
    b.write("m.elf", image([SMMU, SMMUV2], words=STREAM))
    refused(b, [*WALK_STREAM, "--dump", "m.elf", "0x1010"], "--smmu", "smmu7, smmu2")
    r = b.call(*WALK_STREAM, "--dump", "m.elf", "--smmu", "smmu2", "0x1010")
    check(r.returncode == 0 and "smmu2: stream 0x5" in r.stdout, "the one that is named", r)


def case_a_damaged_image_is_refused_by_what_is_wrong(b):
    good = image([SMMU], words=STREAM)
    for name, data, why in (("cut", good[:0x3000], "ends before its memory"), ("head", good[:40], "ends before its header"),
                            ("32", good[:4] + b"\1" + good[5:], "no little-endian ELF file of 64 bits"),
                            ("exec", good[:16] + b"\2" + good[17:], "no core file"),
                            ("empty", good[:56] + b"\1" + good[57:], "holds no memory"),
                            ("note", image(raw_note=b'{"smmus": [7]}'), "note of SMMUs is damaged"),
                            ("note2", image(raw_note=b"\xff"), "note of SMMUs is damaged"),
                            ("table", good[:32] + b"\xff" * 8 + good[40:], "ends before its table of segments")):
        b.write(name, data)
        refused(b, [*WALK_STREAM, "--dump", name, "0x1010"], why)


def case_structures_come_from_files_of_raw_bytes(b):
    whole = dumps()["events.bin"]
    from_file = b.call("decode", "event", "--file", "events.bin")
    check(from_file.returncode == 0 and "0: F_TRANSLATION" in from_file.stdout and "1: C_BAD_STREAMID" in from_file.stdout,
          "two records", from_file)
    with open(b.path("events.bin"), "rb") as f:
        r = subprocess.run([b.program, "decode", "event", "--file", "-"], stdin=f, capture_output=True, text=True, timeout=60)
    check(r.stdout == from_file.stdout, "the same from standard input", r)
    r = b.call("decode", "event", "--file", "events.bin", "--count", "1")
    check("F_TRANSLATION" in r.stdout and "C_BAD_STREAMID" not in r.stdout, "--count 1", r)
    b.write("cut", whole[:40])
    refused(b, ["decode", "event", "--file", "cut"], "each takes 32 bytes", "40 given", "--count 1")
    check(b.call("decode", "event", "--file", "cut", "--count", "1").returncode == 0, "--count 1 of a file that is cut")
    refused(b, ["decode", "event", "--file", "cut", "--count", "2"], "needs 64 bytes, 40 given")
    b.write("empty", b"")
    refused(b, ["decode", "event", "--file", "empty"], "32 bytes", "0 given")
    refused(b, ["decode", "event", "--file", "missing"], "cannot read missing")
    os.mkfifo(b.path("pipe"))
    for name in (b.folder, "/dev/zero", b.path("pipe")):
        refused(b, ["decode", "event", "--file", name], "is no regular file")
    refused(b, ["decode", "event", "--file", "cut", "0"], "give one of them")
    with open(b.path("huge"), "wb") as f:
        f.truncate(1 << 40)
    refused(b, ["decode", "event", "--file", "huge"], "more than 64 MiB", "--count")
    check(b.call("decode", "event", "--file", "huge", "--count", "3").returncode == 0, "--count 3 of a huge file")


def case_a_structures_json_has_all_fields_and_the_verdict(b):
    r = b.call("decode", "ste", "--json", "0x8000000f", "0x1000000000d4", *["0"] * 6)
    ste = json.loads(r.stdout)["structures"][0]
    check(ste["kind"] == "ste" and ste["words"][0] == "0x8000000f" and len(ste["fields"]) == 78, "the STE", r)
    config = ste["fields"][1]
    check(config == {"name": "Config", "high": 3, "low": 1, "value": "0x7", "text": "0b111",
                     "meaning": "both stages translate", "ignored": False, "wrong": False}, "Config", r)
    check(ste["verdict"]["word"] == "ILLEGAL" and ste["verdict"]["clause"] == "IHI 0070 5.2.2", "verdict", r)
    r = b.call("decode", "event", "--json", "--file", "events.bin")
    check([e["title"] for e in json.loads(r.stdout)["structures"]] == ["F_TRANSLATION", "C_BAD_STREAMID"], "events", r)
    check("verdict" not in json.loads(r.stdout)["structures"][0], "an event has no verdict", r)


def case_fields_that_are_0_can_be_left_out(b):
    r = b.call("decode", "ste", "--nonzero", "0x8000000b", "0x1000000000d4", *["0"] * 6)
    names = [line.split()[1] for line in r.stdout.splitlines()[2:-1]]
    check(names == ["V", "Config", "S1ContextPtr", "S1CIR", "S1COR", "S1CSH", "SHCFG"], "fields that are set", r)


def case_columns_of_structures_line_up(b):
    for kind, size in KINDS.items():
        lines = b.call("decode", kind, *["ffffffffffffff10"] * size).stdout.splitlines()[1:]
        lines = [line for line in lines if "the model" not in line]
        for name in ("field", "value"):
            column = lines[0].index(name)
            check(all(line[column - 1] == " " and line[column] != " " for line in lines), kind + ": column " + name)
        check(all(line == line.rstrip() for line in lines), "spaces at the end of a line")


def case_the_help_of_the_program_names_each_kind_of_decode(b):
    r = b.call("--help")
    for kind in ("pte", "KIND", "smmuv2"):
        check("smmu-vp decode %s " % kind in r.stdout, "no line for decode " + kind, r)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + args.case](Bench(os.path.abspath(args.program), folder))


if __name__ == "__main__":
    main()
