#!/usr/bin/env python3
"""End-to-end tests: the program on the real configuration, seen from outside.

usage: e2e.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "platform", "tables"))
from terminal import Terminal  # noqa: E402
from transcripts import dumps  # noqa: E402

EXIT = {"pass": 0, "fail": 1, "config": 64, "sim-timeout": 65, "wall-timeout": 66, "strict": 67, "unsupported": 68, "check": 71, "ctrl-c": 130}


class Bench:
    def __init__(self, args, folder):
        self.program, self.source, self.build, self.folder = args.program, args.source, args.build, folder
        self.config = os.path.join(args.source, "vp-configs", "gki-smmuv3.toml")
        self.modules = os.path.join(args.build, "sw", "modules")

    def run(self, config=None, *options, command="run", timeout=120):
        return subprocess.run([self.program, command, config or self.config, *options], timeout=timeout,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb" if isinstance(data, bytes) else "w") as f:
            f.write(data)
        return path

    def text(self):
        with open(self.config) as f:
            return f.read()

    def alone(self, config=None):
        """From now on: the configuration with dma0 as the only master behind its SMMU, for SMMUs of other features."""
        if config:
            self.config = config
        text = re.sub(r"(?ms)^(#[^\n]*\n)*\[(disk|pci)\d\]\n.*?(?=^#|^\[|\Z)", "", self.text())
        self.config = self.write("alone.toml", re.sub(r"(?m)^params\.tbus = .*\n", "", text))
        return self

    def variant(self, init=None, modules=None, change=None):
        """A copy of the configuration with another init script, more modules, or edited text."""
        text = self.text()
        # Relative paths keep their meaning although the copy lies elsewhere.
        if init is not None:
            text, n = re.subn(r'(?m)^init = .*$', 'init = "%s"' % self.write("init", init), text)
            assert n == 1, "the configuration has no init = line"
            # What it promises to test is in its own script.
            text, n = re.subn(r"(?m)^min_tests = .*\n", "", text)
            assert n == 1, "the configuration has no min_tests = line"
        for module in modules or []:
            text, n = re.subn(r'(?m)^modules = \[', 'modules = ["%s", ' % module, text)
            assert n == 1, "the configuration has no modules = [ line"
        if change is not None:
            changed = change(text)
            assert changed != text, "the edit changed nothing"
            text = changed
        return self.write("variant.toml", text)

    def crash(self, how):
        """A configuration whose guest loads its test module and dies in one of the ways that it knows."""
        path = os.path.join(self.build, "sw", "test-modules", "test-oops.ko")
        return self.variant(init="insmod /lib/modules/test-oops.ko\ncrash %s\npoweroff\n" % how, modules=[path])

    def module(self, name):
        with open(os.path.join(self.modules, name), "rb") as f:
            return f.read()


def check(condition, text, result=None):
    if not condition:
        print("FAILED:", text)
        if result is not None:
            print("exit code", result.returncode)
            print("--- stdout\n" + result.stdout[-6000:] + "\n--- stderr\n" + result.stderr[-4000:])
        sys.exit(1)


def in_order(result, patterns):
    at = 0
    for p in patterns:
        m = re.compile(p, re.M).search(result.stdout, at)
        check(m, "the console does not show, in this order: %s" % p, result)
        at = m.end()


def refused(b, config, *patterns):
    """Exit code 64, a message with each pattern, nothing on stdout, and nothing else."""
    r = b.run(config)
    check(r.returncode == EXIT["config"], "expected exit code 64", r)
    check(r.stdout == "", "expected nothing on stdout", r)
    for p in patterns:
        check(re.search(p, r.stderr), "the message does not say: %s" % p, r)
    check("terminate called" not in r.stderr and "Traceback" not in r.stderr, "an error escaped", r)
    check(len(r.stderr.strip().splitlines()) <= 4, "expected a message and nothing else", r)


# ---- the story

def case_the_guest_loads_its_modules_moves_data_survives_a_fault_and_unloads(b):
    report = os.path.join(b.folder, "report.json")
    junit = os.path.join(b.folder, "junit.xml")
    r = b.run(None, "--json", report, "--junit", junit, "--strict")
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [
        r"smmu-vp",                                              # banner
        r"9050000\.iommu", r"a000000\.dma",                      # devices of the device tree
        r"io-pgtable: format ARM_64_LPAE_S1 registered",         # the order of loading
        r"arm-smmu-v3 9050000\.iommu: SMMUv3", r"testdev-dma a000000\.dma: in iommu group 0",
        r"^testdev_dma +\d+ +\d+", r"^arm_smmu_v3 +\d+ +\d+", r"^io_pgtable_arm +\d+ +[1-9].*arm_smmu_v3",
        r"^ok .*64 MiB", r"event: F_TRANSLATION.*sid 0x100",
        r"io_pgtable_arm.* in use by:? ?arm_smmu_v3",
    ])
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    check(re.findall(r"(?m)^(Module .*)\n", r.stdout), "no lsmod", r)
    tail = r.stdout[r.stdout.rindex("Module "):]
    check(not re.search(r"arm_smmu_v3|io_pgtable_arm|testdev_dma", tail), "modules are left at the end", r)
    with open(report) as f:
        j = json.load(f)
    check(j["verdict"] == "pass", "verdict %s" % j["verdict"], r)
    # Of testdev, that is: the disk is read-only, and requests of PCI have neither PASIDs nor rights.
    of_testdev = r.stdout.split("# device a000000.dma")[1].split("# device ")[0]
    check(of_testdev.count("\nok ") == 29 and "# SKIP" not in of_testdev, "the shipped SMMU skips a test", r)
    # Records, errors and each CMD_SYNC are told by message.
    smmu = j["statistics"]["smmu0"]
    check(smmu["msis"] > smmu["syncs"] > 100, "%d MSIs for %d CMD_SYNCs" % (smmu["msis"], smmu["syncs"]), r)
    check(smmu["stalls_retried"] > 0, "no stalled access went on", r)
    faults = [e for e in j["events"] if e["event"] == "F_TRANSLATION"]
    check(faults, "no F_TRANSLATION event in the report", r)
    with open(junit) as f:
        check("<testsuite" in f.read(), "no JUnit report", r)


def case_the_guest_shows_its_tables_as_the_host_decodes_them(b):
    for kind in ("v3", "v2"):
        b.config = os.path.join(b.source, "vp-configs", "gki-smmu%s.toml" % kind)
        r = b.run(b.variant(init="coldplug\nsettle\ndisk check\niommu tables a000000.dma\n"
                            "cat /sys/kernel/iommu_groups/1/tables\niommu tables a010000.virtio 0x1000\npoweroff\n"))
        check(r.returncode == 0, "expected exit code 0", r)
        lines = re.findall(r"(?m)^0x[0-9a-f]{16}  (0x[0-9a-f]{16})  ((lpae64-s1), 4 KiB granule, level (\d): [^;\n]+)(; [^;\n]+)?", r.stdout)
        check(len(lines) >= 9 and any(line[4] for line in lines), "too few entries are shown", r)
        for value, title, form, level, fields in lines:
            told = b.run("pte", "--format", form, "--level", level, value, command="decode").stdout
            check(told.startswith("%s  %s\n" % (value, title)), "the host says otherwise of %s: %s" % (value, told), r)
            for field in fields[2:].split(", ") if fields else []:
                name, bits = field.rsplit(" ", 1)
                check(re.search(r"(?m)^  \[[\d:]+\] +%s +%s\b" % (re.escape(name), bits), told), "%s is otherwise: %s" % (field, told), r)


def case_the_guest_drives_a_test_engine_through_the_smmu(b):
    config = os.path.join(b.source, "vp-configs", "gki-smmuv3-testengine.toml")
    r = b.run(config)
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"1\.\.12", r"^ok 1 - memcpy with seed 0$", r"^ok 5 - rand48$", r"^ok 6 - 4 frames at a time$",
                 r"^ok 10 - what is not mapped gives the state of error$", r"^ok 11 - the SMMU reports the fault$",
                 r"^ok 12 - and the frame works on$", r"b000000\.test-engine"])
    check(r.stdout == b.run(config).stdout, "two runs differ", r)
    dts = b.run(config, "-o", os.path.join(b.folder, "te.dtb"), command="dtb")
    check(dts.returncode == 0, "expected a device tree", dts)
    with open(os.path.join(b.folder, "te.dtb"), "rb") as f:
        blob = f.read()
    check(b"test-engine@b000000\0" in blob and b"smmu-vp,smmuv3testengine\0arm,smmute\0" in blob,
          "the device tree has no node of the engine")


CYCLE_RULES_BROKEN = """
modprobe -a arm-smmu-v3 testdev-dma
insmod /lib/modules/arm-smmu-v3-test.ko
smmutest selftest
smmutest commands
rmmod arm-smmu-v3-test
dmatest --all --size 5
rmmod testdev-dma
rmmod arm-smmu-v3
rmmod io-pgtable-arm
free
"""


def case_guest_and_device_survive_what_breaks_the_rules(b):
    path = os.path.join(b.build, "sw", "test-modules", "arm-smmu-v3-test.ko")
    r = b.run(b.variant(init=CYCLE_RULES_BROKEN * 3 + "poweroff\n", modules=[path]))
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, 3 * [
        r"CERROR_ILL", r"^ok 3 - an illegal command raises the gerror interrupt",
        r"^ok \d+ - CMD_ATC_INV is refused", r"^ok 1 - copy: 5 MiB",
        r"^ok \d+ - bad-descriptor:", r"event queue overflowed", r"^ok \d+ - overflow:", r"^ok \d+ - blocked:",
        r"arm-smmu-v3 9050000\.iommu: stopped;",
    ])
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    # The first time fills caches of the allocators; after that nothing may be missing.
    free = re.findall(r"(?m)^RAM .*\nkmalloc .*$", r.stdout)
    check(len(free) == 3 and free[1] == free[2], "memory is lost with each cycle: %s" % free, r)


INIT_CLIENT_FIRST = """
insmod /lib/modules/testdev-dma.ko
deferred
iommu groups
echo the driver of the SMMU comes
modprobe arm-smmu-v3
iommu groups
dmatest --test copy --size 2
poweroff
"""


def case_a_client_that_comes_before_the_driver_of_its_smmu_waits_for_it(b):
    r = b.run(b.variant(init=INIT_CLIENT_FIRST))
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"a000000\.dma", r"^no iommu groups", r"the driver of the SMMU comes",
                 r"testdev-dma a000000\.dma: in iommu group 0", r"^group 0: a000000\.dma, domain DMA",
                 r"^ok 1 - copy: 2 MiB"])


UNLOAD = "rmmod testdev-dma\nrmmod arm-smmu-v3\nrmmod io-pgtable-arm\n"


def case_a_device_that_waits_says_for_what(b):
    r = b.run(b.variant(init="""
insmod /lib/modules/testdev-dma.ko
devices
deferred
insmod /lib/modules/arm-smmu-v3.ko
deferred
rmmod arm-smmu-v3
deferred
rmmod testdev-dma
deferred
echo nobody waits
poweroff
"""))
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"^a000000\.dma +platform +\(deferred\)", r"^a000000\.dma +IOMMU 9050000\.iommu has no driver yet",
                 r"^a000000\.dma +page-table format ARM_64_LPAE_S1 is not registered: modprobe io-pgtable-fmt-2", r"^a000000\.dma +IOMMU 9050000\.iommu has no driver yet",
                 r"nobody waits"])
    check(r.stdout.count("\na000000.dma  ") == 4, "expected one reason for each deferral", r)


def case_a_time_limit_for_deferred_probes_ends_the_wait_for_an_iommu(b):
    def limit(text):
        return text.replace('bootargs = "', 'bootargs = "deferred_probe_timeout=2 ')
    init = "insmod /lib/modules/testdev-dma.ko\ndeferred\nsleep 1000\ndeferred\necho waited\nsleep 1500\ndeferred\ndmatest --test read\npoweroff\n"
    r = b.run(b.variant(init=init, change=limit))
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"^a000000\.dma +IOMMU", r"^a000000\.dma +IOMMU", r"waited", r"IOMMU 9050000\.iommu has no driver.*deferred_probe_timeout has passed: DMA is not translated",
                 r"^ok 1 - read"])


CYCLE = "modprobe -a arm-smmu-v3 testdev-dma\ndmatest --test read\n" + UNLOAD


def case_loading_binding_using_and_unloading_a_thousand_times_loses_no_byte(b):
    r = b.run(b.variant(init="dmesg\n" + CYCLE * 2 + "free\n" + CYCLE * 998 + "free\npoweroff\n"), "--timeout-sim", "100s", timeout=170)
    check(r.returncode == 0, "expected exit code 0", r)
    free = re.findall(r"(?m)^RAM .*\nkmalloc .*$", r.stdout)
    check(len(free) == 2 and free[0] == free[1], "memory is lost: %s" % free, r)
    check(r.stdout.count("ok 1 - read") == 1000, "expected a thousand transfers", r)


def case_each_allocation_on_the_way_from_loading_to_use_may_fail(b):
    path = os.path.join(b.build, "sw", "test-modules", "test-oom.ko")
    r = b.run(b.variant(init="insmod /lib/modules/test-oom.ko\nmodprobe -a arm-smmu-v3 testdev-dma\n" + UNLOAD +
                        "oom modprobe -a arm-smmu-v3 testdev-dma / rmmod testdev-dma / rmmod arm-smmu-v3 / rmmod io-pgtable-arm\n" + CYCLE + "poweroff\n", modules=[path]), timeout=170)
    check(r.returncode == 0, "expected exit code 0", r)
    check(re.search(r"oom: '.*': \d{2,} allocations, \d+ failures, 0 leaks", r.stdout), "memory is lost", r)
    check("ok 1 - read" in r.stdout, "it does not work any more", r)


def without_smmu(text):
    text = re.sub(r"(?ms)^\[smmu0\].*?\n\n", "", text)
    return re.sub(r"(?m)^behind = .*\n", "", text)


def case_the_same_guest_runs_where_there_is_no_smmu(b):
    config = b.variant(init="modprobe testdev-dma\niommu groups\ndmatest\nrmmod testdev-dma\npoweroff\n",
                       change=without_smmu)
    r = b.run(config)
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"^no iommu groups", r"^ok 2 - read: read and add up$", r"^ok 7 - fault-read.* # SKIP"])
    check("not ok" not in r.stdout, "a KTAP test failed", r)


def case_dmatest_passes_where_neither_testdev_nor_the_smmu_snoops(b):
    """No cache is modelled: it shows that the guest takes this way, and that its data goes where it should."""
    def without_snooping(text):
        text, n = re.subn(r'(?m)^(type = "testdev"\n)', r"\1params = { coherent = false }\n", text)
        text, m = re.subn(r'(?m)^(type = "smmuv3"\n)', r"\1params.COHACC = false\n", text)
        assert n == 1 and m == 1, "the configuration has another shape than expected"
        return text

    r = b.run(b.variant(init="modprobe -a arm-smmu-v3 testdev-dma\ndmatest\nsmmu status\npoweroff\n", change=without_snooping))
    check(r.returncode == EXIT["pass"], "dmatest passes", r)
    check(re.search(r"(?m)^ok \d+", r.stdout) and "not ok" not in r.stdout, "each test passes", r)
    check("not coherent" in r.stdout, "the SMMU is not coherent", r)
    check(re.search(r"testdev-dma .*ring at .*, not cached", r.stdout), "testdev is not coherent", r)


def case_the_readme_shows_what_the_guest_prints(b):
    r = b.run()
    # The sizes that lsmod tells change with each edit of a module; everything else must be there.
    def plain(text):
        return re.sub(r"(?m)^(\w+ +)\d{4,}( +\d)", r"\1SIZE\2", text)
    console = plain(re.sub(r"(?m)^\[ *[0-9.]+\] ", "", r.stdout).replace("\r", ""))
    with open(os.path.join(b.source, "README.md")) as f:
        shown = f.read().split("You see, among other lines:")[1].split("and then the program's")[0]
    for line in shown.strip().splitlines():
        check(plain(line.strip()) in console, "README.md shows a line that the run does not: " + line, r)


def case_two_runs_have_the_same_digest_and_the_same_simulated_time(b):
    for config in (None, os.path.join(b.source, "vp-configs", "gki-smmuv3-smp.toml")):
        reports = []
        for i in range(2):
            path = os.path.join(b.folder, "report%d.json" % i)
            r = b.run(config, "--json", path)
            check(r.returncode == 0, "expected exit code 0", r)
            with open(path) as f:
                j = json.load(f)
            j.pop("host", None)
            reports.append((r.stdout, j))
        check(reports[0][0] == reports[1][0], "two consoles differ")
        check(reports[0][1] == reports[1][1], "two reports differ apart from the host's part")


def case_the_public_interface_of_libunicorn_alone_runs_the_same_story(b):
    """Without the private parts of the library the run is slower, says so, and comes out the same."""
    reports = []
    for use in ("auto", "public"):
        path = os.path.join(b.folder, use + ".json")
        r = b.run(None, "--json", path, "--set", "cpu0.libunicorn=" + use)
        check(r.returncode == 0, "expected exit code 0", r)
        with open(path) as f:
            reports.append(json.load(f))
    limitations = reports[1]["host"]["limitations"]
    check(len(limitations) == 1 and "public interface alone" in limitations[0], "the report does not say so: %s" % limitations)
    messages = [line for line in r.stderr.splitlines() if line.startswith("smmu-vp: ") and limitations[0] in line]
    check(len(messages) == 1, "expected one message of it on standard error", r)
    check(re.search(r"(?m)^  limited +cpu0: libunicorn", r.stderr), "the summary does not say so", r)
    # Where pages of 4 KiB cannot be set, blocks end elsewhere, and times may differ by some instructions.
    same = ["untimed_digest"] if "times that differ" in limitations[0] else ["untimed_digest", "digest", "statistics"]
    for key in same + ["instructions", "tests"]:
        check(reports[0][key] == reports[1][key], "%s differs: %s and %s" % (key, reports[0][key], reports[1][key]))


def case_a_guest_that_needs_more_of_libunicorn_ends_with_a_code_that_names_it(b):
    source = b.write("pmu.S", ".globl _start\n_start: mrs x0, pmccntr_el0\n1: wfi\n b 1b\n")
    elf = os.path.join(b.folder, "pmu.elf")
    subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-Wl,-Ttext-segment=0x40080000", "-o", elf, source], check=True)
    r = b.run(None, "--kernel", elf, "--set", "cpu0.libunicorn=public", "--min-tests", "0")
    check(r.returncode == EXIT["unsupported"], "expected exit code %d" % EXIT["unsupported"], r)
    check("Performance Monitors" in r.stderr, "what it needs is not named", r)


def examples(help_text):
    """The commands below "Examples", without what is said of them."""
    text = help_text.split("\nExamples\n")[1].split("\nExit codes")[0].replace("\\\n", " ")
    return re.findall(r"(?m)^  (smmu-vp .*)$", text)


def case_every_example_of_the_help_texts_runs(b):
    b.write("my.toml", b.text())
    os.symlink(os.path.join(b.source, "vp-configs"), os.path.join(b.folder, "vp-configs"))
    for name, data in dumps().items():
        b.write(name, data)
    b.write("plan.toml", '[[inject]]\nname = "late"\nat = "sync"\ndo = "delay"\ntime = "1us"\n')
    for name in ("before.json", "after.json"):
        b.write(name, '{"digest": "d", "statistics": {"smmu0": {"tlb_misses": 1}}, "sim_time_ps": 1}')
    r = b.run(None, "--dump-memory", os.path.join(b.folder, "memory.elf"))
    check(r.returncode == 0, "expected exit code 0", r)
    env = dict(os.environ, PATH=os.path.dirname(os.path.abspath(b.program)) + ":" + os.environ["PATH"])
    for words, least in (((), 8), (("decode",), 2), (("walk",), 2), (("compare",), 2)):
        found = examples(subprocess.run([b.program, *words, "--help"], capture_output=True, text=True).stdout)
        check(len(found) >= least, "expected %d examples and more: %s" % (least, found))
        for line in found:
            # For the one with a console, which ends as its user says.
            r = subprocess.run(["sh", "-c", "set -e; " + line], cwd=b.folder, env=env, input="poweroff\r", capture_output=True, text=True,
                               errors="replace", timeout=120)
            # 1: at the end of this run the stream translates nothing any more.
            check(r.returncode in ((0, 1) if "walk --sid" in line else (0,)), "an example of --help fails: " + line, r)


def case_a_change_of_timing_leaves_the_digest_without_times(b):
    reports = []
    for settings in ((), ("--set", "smmu0.walker_latency=200", "--set", "smmu0.tlb_latency=50"), ("--set", "smmu0.timing=false")):
        path = os.path.join(b.folder, "report.json")
        r = b.run(None, "--json", path, *settings)
        check(r.returncode == 0, "expected exit code 0", r)
        with open(path) as f:
            reports.append(json.load(f))
    for slow in reports[1:]:
        check(slow["digest"] != reports[0]["digest"], "the full digest does not see the times")
        check(slow["untimed_digest"] == reports[0]["untimed_digest"], "the digest without times sees them")


def case_a_run_without_its_tests_does_not_pass(b):
    def no_tests(text):
        return text.replace('init = "guest:gki.init"', 'init = "%s"' % b.write("init", "lsmod\npoweroff\n"))
    r = b.run(b.variant(change=no_tests))
    check(r.returncode == EXIT["fail"] and re.search(r"no test ran, and at least \d+ must", r.stderr), "expected exit code 1", r)


# ---- what the guest refuses

INIT_REFUSE = """
expect-fail insmod /lib/modules/%s
echo the kernel lives on
modprobe io-pgtable-arm
lsmod
poweroff
"""


def module_refused(b, name, data, *patterns):
    path = b.write(name, data)
    r = b.run(b.variant(init=INIT_REFUSE % name, modules=[path]))
    check(r.returncode == 0, "expected the kernel to live on and power off", r)
    for p in patterns:
        check(re.search(p, r.stdout), "the console does not say: %s" % p, r)
    check("Oops" not in r.stdout, "the kernel crashed", r)
    in_order(r, [r"the kernel lives on", r"^io_pgtable_arm"])


def case_a_truncated_module_is_refused_by_name(b):
    whole = b.module("io-pgtable-arm.ko")
    module_refused(b, "cut.ko", whole[:len(whole) // 2], r"cut\b")


def case_a_corrupt_module_is_refused_by_name(b):
    data = bytearray(b.module("io-pgtable-arm.ko"))
    data[0x28:0x30] = struct.pack("<Q", 0xffffffffffff0000)  # e_shoff
    module_refused(b, "bent.ko", bytes(data), r"bent\b")


def case_a_module_for_another_architecture_is_refused_by_name(b):
    data = bytearray(b.module("io-pgtable-arm.ko"))
    data[0x12:0x14] = struct.pack("<H", 62)  # e_machine = x86-64
    module_refused(b, "foreign.ko", bytes(data), r"foreign\b.*(architecture|machine|AArch64)")


def case_a_module_with_an_unresolved_symbol_is_refused_by_name(b):
    data = b.module("arm-smmu-v3.ko")
    symbol = b"alloc_io_pgtable_ops\0"
    check(symbol in data, "the test's own assumption: arm-smmu-v3 imports alloc_io_pgtable_ops")
    name = "unresolved.ko"
    path = b.write(name, data.replace(symbol, b"alloc_io_pgtable_opZ\0"))
    r = b.run(b.variant(init=INIT_REFUSE % name, modules=[path]))
    check(r.returncode == 0, "expected the kernel to live on and power off", r)
    in_order(r, [r"[Uu]nknown symbol.*alloc_io_pgtable_opZ|alloc_io_pgtable_opZ.*(unknown|unresolved)",
                 r"the kernel lives on", r"^io_pgtable_arm"])


def case_a_guest_crash_prints_an_oops_with_a_symbolised_back_trace_and_fails(b):
    r = b.run(b.crash("null"))
    check(r.returncode == EXIT["fail"], "expected exit code 1", r)
    in_order(r, [r"Oops|Unable to handle", r"x0 *:? *[0-9a-f]{16}|x29|x28", r"Call trace",
                 r"crash_null\+0x[0-9a-f]+.*\[test_oops\]"])
    check(re.search(r"verdict +fail \(exit code 1\): Oops in crash_null\+0x[0-9a-f]+/0x[0-9a-f]+ \[test_oops\]: 'Unable to handle kernel NULL.*--fail-on", r.stderr), "the reason is not the crash", r)


def case_a_guest_that_hangs_ends_at_the_simulated_time_limit(b):
    r = b.run(b.crash("hang"), "--timeout-sim", "200ms")
    check(r.returncode == EXIT["sim-timeout"], "expected exit code 65", r)


def case_a_guest_that_hangs_ends_at_the_wall_time_limit(b):
    r = b.run(b.crash("hang"), "--timeout-wall", "2s")
    check(r.returncode == EXIT["wall-timeout"], "expected exit code 66", r)


def case_a_device_whose_stream_ids_are_not_those_of_its_node_is_refused(b):
    r = b.run(b.variant(init="modprobe -a arm-smmu-v3 testdev-dma\nexpect-fail dmatest\npoweroff\n"), "--set", "dma0.stream_base=0x300")
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"testdev-dma a000000\.dma: entry 0 of iommus is StreamID 0x100, the device has 2 from 0x300"])


# ---- a program without an operating system

def semihosting_program(text):
    """An ELF file that uses its heap's ends, writes its command line and `text`, echoes its input up to the end, and
    exits with 0."""
    base, command, exit_block, heap, buffer, message = 0x40200000, 0x100, 0x110, 0x120, 0x200, 0x400
    code = []

    def adr(offset):
        away = offset - 4 * len(code)
        code.append(0x10000001 | (away & 3) << 29 | (away >> 2 & 0x7ffff) << 5)   # ADR X1, offset

    def call(operation):
        code.extend([0x52800000 | operation << 5, 0xd45e0000])                     # MOV W0, #operation; HLT #0xf000

    adr(heap)
    call(0x16)                                                                     # HEAPINFO
    code.extend([0xf9400022, 0xa9401043, 0xf9000063, 0xf81f8083])  # LDR X2, [X1]; LDP X3, X4, [X2]; STR, STUR -8
    for offset, operation in ((command, 0x15), (buffer, 0x04), (message, 0x04)):   # GET_CMDLINE, WRITE0, WRITE0
        adr(offset)
        call(operation)
    loop = len(code)
    call(0x07)                                                                     # READC
    code.extend([0xb100041f, 0x540000c0])                                          # CMN X0, #1; B.EQ to the exit
    adr(buffer)
    code.append(0x39000020)                                                        # STRB W0, [X1]
    call(0x03)                                                                     # WRITEC
    code.append(0x14000000 | (loop - len(code)) & 0x3ffffff)                       # B to READC
    adr(exit_block)
    call(0x18)                                                                     # EXIT
    image = bytearray(message)
    struct.pack_into("<%dI" % len(code), image, 0, *code)
    struct.pack_into("<QQQQQ", image, command, base + buffer, message - buffer, 0x20026, 0, base + heap + 16)
    image += text.encode() + b"\0"
    return (b"\x7fELF\x02\x01\x01" + bytes(9) +
            struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, base, 64, 0, 0, 64, 56, 1, 64, 0, 0) +
            struct.pack("<IIQQQQQQ", 1, 7, 120, base, base, len(image), len(image), 8) + bytes(image))


def bare_metal(b, text):
    path = b.write("program.elf", semihosting_program(text))
    change = r'(?m)^kernel = .*$', 'kernel = "%s"\nbootargs = "one two"' % path
    # It has a test of its own at most.
    return b.variant(change=lambda t: re.sub(*change, re.sub(r"(?m)^(bootargs|min_tests) = .*$", "", t)))


def case_a_program_without_a_uart_driver_talks_by_semihosting(b):
    report = os.path.join(b.folder, "report.json")
    good = "\nKTAP version 1\n1..1\nok 1 - of a program\n"
    r = b.run(bare_metal(b, good), "--json", report, "--strict")
    check(r.returncode == 0, "expected exit code 0", r)
    check(r.stdout == "program.elf one two" + good, "expected the command line and the text on the console", r)
    with open(report) as f:
        check(json.load(f)["tests"]["passed"] == 1, "the report does not have the program's test")
    r = b.run(bare_metal(b, good.replace("ok", "not ok")))
    check(r.returncode == EXIT["fail"], "expected the test that failed to fail the run", r)


def case_a_program_reads_the_console_by_semihosting(b):
    r = subprocess.run([b.program, "run", "--console", bare_metal(b, "\n")], input="typed, longer than any FIFO of a UART\n",
                       capture_output=True, text=True, timeout=120)
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, ["program.elf one two shell=1", "typed, longer than any FIFO of a UART"])


# ---- what the program refuses

def case_a_missing_configuration_is_refused(b):
    refused(b, "/no/such/file.toml", r"/no/such/file\.toml")


def case_a_syntax_error_is_refused_with_line_and_column(b):
    refused(b, b.write("bad.toml", b.text() + "\n[broken\n"), r"bad\.toml:\d+:\d+")


def case_an_unknown_key_is_refused_with_the_nearest_known_one(b):
    refused(b, b.variant(change=lambda t: re.sub(r"(?m)^kernel = ", "kernal = ", t)), r"variant\.toml:\d+:\d+", r"kernal",
            r"'kernel'")


def case_overlapping_regions_are_refused(b):
    refused(b, b.variant(change=lambda t: t.replace("0x0a000000", "0x09050000")), r"overlap", r"smmu", r"dma|testdev")


def case_an_interrupt_wired_twice_is_refused(b):
    refused(b, b.variant(change=lambda t: re.sub(r'"spi 4"|"spi:4"|\bspi4\b|"SPI 4"', lambda m: m.group(0).replace("4", "1"), t)),
            r"(wired|used) (twice|already|by)|twice")


def case_an_spi_of_the_msi_frame_cannot_be_wired(b):
    refused(b, b.variant(change=lambda t: t.replace("v2m_spi_base = 80", "v2m_spi_base = 70")), r"smmu0\.eventq_irq cannot be wired to SPI 74")


def case_a_region_smaller_than_its_registers_is_refused(b):
    for name in ("gic", "uart0", "smmu0", "dma0"):
        def halve(text):
            head, rest = text.split("[%s]" % name)
            return head + "[%s]" % name + re.sub(r'"(\d+)KiB"', lambda m: '"%dKiB"' % (int(m[1]) // 2), rest, count=1)
        refused(b, b.variant(change=halve), r"\[%s\] map: .* is too small for port" % name)


def case_a_stream_id_out_of_range_is_refused(b):
    refused(b, b.variant(change=lambda t: t.replace('0x100', '0x10000000')), r"[Ss]tream")


def case_a_kernel_that_is_no_aarch64_image_is_refused(b):
    elf = bytearray(b"\x7fELF\x02\x01\x01" + bytes(57))
    elf[0x10:0x14] = struct.pack("<HH", 2, 62)
    for name, data in (("noise", bytes(range(256)) * 64), ("empty", b""), ("x86", bytes(elf)), ("cut", b"\x7fELF\x02")):
        path = b.write(name, data)
        refused(b, b.variant(change=lambda t: re.sub(r'(?m)^kernel = .*$', 'kernel = "%s"' % path, t)), name)


def case_a_missing_plugin_is_refused(b):
    refused(b, b.variant(change=lambda t: re.sub(r'type = "testdev"', 'type = "nosuch"', t)), r"nosuch")


# ---- at a terminal

def case_the_console_is_a_usable_shell_and_ctrl_c_ends_it_with_130(b):
    t = Terminal([b.program, "run", "--console", b.config])
    prompt = r"[#$>] $"
    t.expect(prompt)
    t.type("help\r")
    t.expect(r"modprobe")
    t.expect(prompt)
    # Line editing: "lsmox", backspace, "d"; then left, left and an insertion.
    t.type("lsmox\x7fd\r")
    t.expect(r"Module +Size")
    t.expect(prompt)
    t.type("eho edited\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dc\r")
    t.expect(r"\nedited")
    t.expect(prompt)
    t.type("nosuchcommand\r")
    t.expect(r"nosuchcommand")
    t.expect(prompt)
    # Ctrl-] is the guest's Ctrl-C, which drops the line.
    t.type("dropped \x1d")
    t.expect(prompt)
    t.type("help\r")
    t.expect(r"modprobe")
    t.expect(prompt)
    t.type("\x03")
    code = t.exit_code()
    check(code == EXIT["ctrl-c"], "expected exit code 130, got %d" % code)


def case_ctrl_bracket_at_the_console_ends_the_guests_sleep(b):
    t = Terminal([b.program, "run", "--console", b.config])
    prompt = r"guest# $"
    t.expect(prompt)
    # A day, which the guest sleeps in real time.
    t.type("sleep 86400000\r")
    t.expect(r"sleep 86400000\n")
    t.type("\x1d")
    t.expect(prompt)
    # Behind a line that has not been read yet, too.
    t.type("expect-fail sleep 86400000\r\x1d")
    t.expect(r"\^C\n" + prompt)
    t.type("sleep 1\r")
    t.expect(prompt)
    t.type("poweroff 0\r")
    code = t.exit_code()
    check(code == 0, "expected exit code 0, got %d" % code)


def case_the_console_can_power_off(b):
    t = Terminal([b.program, "run", "--console", b.config])
    t.expect(r"[#$>] $")
    t.type("poweroff\r")
    code = t.exit_code()
    check(code == 0, "expected exit code 0, got %d" % code)


def main(cases):
    """Runs the case that the command line names, of those in `cases`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    case = cases.get("case_" + args.case)
    if case is None:
        sys.exit("no such case: " + args.case)
    with tempfile.TemporaryDirectory() as folder:
        case(Bench(args, folder))


if __name__ == "__main__":
    main(globals())
