#!/usr/bin/env python3
"""Looking into a run: dumps when it ends and while it runs; on platforms of stand-ins.

usage: inside.py --program smmu-vp --plugins DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: skipped, and it said why.
"""
import json
import os
import re
import signal
import struct
import subprocess

from program import Terminal, check, main

DUMP = "a made-up SMMU\n  registers\n    one of them\n    register  value\n    SMMU_CR0  0x1\n"


def case_a_dump_of_the_end_of_a_run_goes_to_standard_error(b):
    r = b.run("--dump-on-exit", "--set", "cpu0.text=hello\n")
    check(r.returncode == 0 and r.stdout == "hello\n", "the run does not pass", r)
    check("==== dump at 7 us (end of the run)\n" + DUMP in r.stderr, "the dump is not on standard error", r)
    r = b.run()
    check("==== dump" not in r.stderr, "there is a dump that nobody has asked for", r)


def case_a_dump_goes_to_the_file_that_the_option_names(b):
    r = b.run("--dump-on-exit=" + b.path("d.txt"))
    check(r.returncode == 0 and "==== dump" not in r.stderr, "the dump is on standard error", r)
    check(b.read("d.txt") == "==== dump at 1 us (end of the run)\n" + DUMP, "another dump: %r" % b.read("d.txt"))


def case_a_dump_on_standard_output_has_it_alone(b):
    r = b.run("--dump-on-exit=-", "--set", "cpu0.text=hello\n")
    check(r.stdout == "==== dump at 7 us (end of the run)\n" + DUMP, "something else is on standard output", r)
    check("hello\n" in r.stderr, "the console is not on standard error", r)
    r = b.run("--dump-on-exit=-", "--json", "-")
    check(r.returncode == 64 and "cannot both have standard output" in r.stderr, "both had standard output", r)


def case_a_dump_in_json_is_a_document_a_line(b):
    b.run("--dump-on-exit=" + b.path("d.json"), "--dump-json")
    lines = b.read("d.json").splitlines()
    check(len(lines) == 1, "expected one line, got %d" % len(lines))
    dump = json.loads(lines[0])
    check(dump["time_ps"] == 1000000 and dump["reason"] == "end of the run", "another time or reason: %s" % dump)
    smmu = dump["components"][0]
    check((smmu["name"], smmu["type"], smmu["title"]) == ("smmu0", "fake-smmu", "a made-up SMMU"), "another SMMU: %s" % smmu)
    check(smmu["sections"] == [{"title": "registers", "notes": ["one of them"], "rows": [{"register": "SMMU_CR0", "value": "0x1"}]}],
          "other sections: %s" % smmu["sections"])


def case_a_file_for_dumps_that_cannot_be_written_is_refused_before_the_run(b):
    r = b.run("--dump-on-exit=/nosuch/folder/d", "--set", "cpu0.text=hello\n")
    check(r.returncode == 64 and r.stdout == "" and "--dump-on-exit" in r.stderr, "the run took place", r)


def case_sigusr1_shows_a_running_guest_and_lets_it_run_on(b):
    p = subprocess.Popen([b.program, "run", b.config, "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n"] , stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        check(p.stdout.readline() == "ready\n", "the guest did not begin")
        for _ in range(2):
            p.send_signal(signal.SIGUSR1)
            heading = p.stderr.readline()
            check(heading.startswith("==== dump at ") and heading.endswith("(asked for)\n"), "no dump: %r" % heading)
            shown = "".join(p.stderr.readline() for _ in DUMP.splitlines())
            check(shown == DUMP, "another dump: %r" % shown)
        p.send_signal(signal.SIGINT)
        _, rest = p.communicate(timeout=60)
    finally:
        p.kill()
        p.wait()
    check(p.returncode == 130 and "interrupted" in rest, "the run did not end as usual: %d %r" % (p.returncode, rest))


def case_ctrl_circumflex_at_a_terminal_asks_for_a_dump_and_does_not_reach_the_guest(b):
    t = Terminal(b, "run", b.config, "--console", "--set", "cpu0.end=spin", "--set", "cpu0.text=ready\n")
    t.expect("ready")
    os.write(t.fd, b"<\x1e>")
    t.expect("(asked for)")
    t.expect("SMMU_CR0")
    t.expect(">")  # as the guest echoes it
    check("\x1e" not in t.seen, "the guest has got the key: %r" % t.seen)
    os.write(t.fd, b"\x03")
    check(t.exit_code() == 130, "expected exit code 130")


def case_ctrl_circumflex_of_a_pipe_reaches_the_guest(b):
    r = subprocess.run([b.program, "run", b.config, "--console", "--set", "cpu0.end=sleep"], input="a\x1eb", capture_output=True,
                       text=True, timeout=60)
    check(r.stdout == "a\x1eb" and "==== dump" not in r.stderr, "the byte was taken", r)


def case_a_memory_image_is_an_elf_core_file_of_the_memories(b):
    r = b.run("--dump-memory", b.path("memory.elf"), "--set", "smmu0.SIDSIZE=10")
    check(r.returncode == 0, "the run does not pass", r)
    with open(b.path("memory.elf"), "rb") as f:
        data = f.read()
    check(data[:7] == b"\x7fELF\x02\x01\x01" and struct.unpack_from("<HH", data, 16) == (4, 183), "no core file of AArch64")
    note, load = (struct.unpack_from("<IIQQQQQQ", data, 64 + 56 * i) for i in range(2))
    check(load[0] == 1 and load[3:7] == (0x40000000, 0x40000000, 16 << 20, 16 << 20), "another segment: %s" % (load,))
    check(len(data) == load[2] + (16 << 20), "another length: %d" % len(data))
    check(data[load[2] + 0x100] == 0x5a, "memory is not what the processor has written")
    text = data[note[2] + 20:note[2] + 12 + 8 + struct.unpack_from("<I", data, note[2] + 4)[0]]
    smmu = json.loads(text)["smmus"][0]
    check(smmu == {"name": "smmu0", "type": "fake-smmu", "parameters": {"SIDSIZE": "10"}, "registers": {"SMMU_CR0": "0x1"}},
          "another note: %s" % smmu)


def case_a_memory_image_that_cannot_be_written_fails_the_run(b):
    r = b.run("--dump-memory", "-")
    check(r.returncode == 64 and "memory goes to a file" in r.stderr, "standard output was taken", r)
    r = b.run("--dump-memory", "/dev/full")
    check(r.returncode == 70 and "cannot write --dump-memory /dev/full" in r.stderr, "the run passes", r)


# ---- StreamIDs

def mismatches(r):
    return [line for line in r.stderr.splitlines() if "behind" in line and line.startswith("smmu-vp: ")]


def case_a_device_tree_with_other_stream_ids_than_the_wiring_is_told_with_the_line_to_fix(b):
    check(b.call("dtb", b.config, "-o", b.path("good.dtb")).returncode == 0, "the test's own assumption")
    with open(b.path("good.dtb"), "rb") as f:
        good = f.read()
    # iommus: a phandle before each StreamID
    at = 4 + next(i for i in range(len(good)) if good[i + 4:i + 8] == struct.pack(">I", 0x100)
                  and good[i:i + 4] + struct.pack(">I", 0x101) == good[i + 8:i + 16])
    line = 1 + b.read("good.toml").splitlines().index(next(t for t in b.read("good.toml").splitlines() if t.startswith("behind = ")))
    r = b.run("--dtb", b.path("good.dtb"))
    check(r.returncode == 0 and not mismatches(r), "the platform's own device tree", r)
    bad = b.write("bad.dtb", good[:at] + struct.pack(">I", 0x300) + good[at + 4:])
    r = b.run("--dtb", bad)
    check(r.returncode == 0 and len(mismatches(r)) == 1, "expected one message, and a run", r)
    for part in ("good.toml:%d:" % line, "[dma0] behind: the device has StreamIDs 0x100 to 0x101 of [smmu0], but /", "has StreamID 0x300, StreamID 0x101",
                 "set stream = 0x300, or mend the device tree"):
        check(part in mismatches(r)[0], "the message does not say %r" % part, r)
    r = b.call("check", b.config, "--dtb", bad)
    check(r.returncode == 0 and len(mismatches(r)) == 1, "check does not tell", r)


def case_parameters_that_say_otherwise_than_behind_are_told(b):
    r = b.run("--set", "dma0.stream_base=0x300")
    check(r.returncode == 0 and len(mismatches(r)) == 1, "expected one message, and a run", r)
    check(re.search(r"\[dma0\] stream_base is 0x300, but \[dma0\] is behind \[smmu0\] with StreamIDs 0x100 to 0x101 \(.*good\.toml:\d+.*\); set it to 0x100, or leave it out",
                    r.stderr), "another message", r)
    r = b.run("--set", "smmu0.tbu0_stream_id=7")
    check(r.returncode == 0 and "[smmu0] tbu0_stream_id is 0x7, but [dma0] is behind" in r.stderr, "the SMMU's parameter", r)
    r = b.run("--set", "smmu0.tbu0_stream_id=0x101")
    check(r.returncode == 0 and not mismatches(r), "a stream of the device", r)


if __name__ == "__main__":
    main(globals())
