#!/usr/bin/env python3
"""Debian's own Linux on the platform, seen from outside. Its init script judges most; see platform/linux/init.

usage: linux_test.py --program smmu-vp --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: Debian's packages cannot be had.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from terminal import Terminal  # noqa: E402

SKIP = 77


# busybox's shell asks the terminal where its cursor is after each prompt, as long as nothing has been typed.
PROMPT = r"/ # \x1b\[6n"
CURSOR = "\x1b[24;5R"


class Bench:
    def __init__(self, args, folder):
        self.folder = folder
        self.configs = os.path.join(args.source, "vp-configs")
        self.two_cpus = (os.path.join(self.configs, "linux-smmuv3-smp.toml"),)
        self.mmu_600 = (os.path.join(self.configs, "linux-mmu-600.toml"),)
        self.smmuv2 = (os.path.join(self.configs, "linux-smmuv2.toml"),)
        self.smmuv2_aarch32 = (os.path.join(self.configs, "linux-smmuv2-aarch32.toml"),)
        self.command = [sys.executable, os.path.join(args.source, "platform", "linux", "linux.py"), "--program", args.program]

    def shell(self, name, *options, config=()):
        """Linux's console at a terminal, at the first prompt."""
        t = Terminal([*self.command, *config, "--skip-without-packages", "--console", "--json", os.path.join(self.folder, name), *options])
        if t.expect(r"(SKIPPED: [^\n]*\n)|ends the run\.", limit=300)[1]:
            print(t.shown.strip())
            sys.exit(SKIP)
        t.expect(PROMPT)
        return t

    def boot(self, name, *options, config=()):
        """One run, of the default configuration or another. Returns the result, and the report if there is one."""
        report = os.path.join(self.folder, name)
        r = subprocess.run([*self.command, *config, "--skip-without-packages", "--json", report, "--timeout-sim", "60s", *options],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if r.returncode == SKIP:
            print(r.stderr.strip())
            sys.exit(SKIP)
        try:
            with open(report) as f:
                return r, json.load(f)
        except OSError:
            check(False, "the run wrote no report", r)


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode)
        print("--- stdout\n" + result.stdout[-8000:] + "\n--- stderr\n" + result.stderr[-4000:])
    sys.exit(1)


# Linux's bits for the defaults of the model: two-level Stream tables (0), tables of both endians (2, 3), SEV (6),
# coherent (8), stages 1 and 2 (9, 10), nesting (19), attribute overrides (20).
DEFAULT_BITS = 0x0018074d
# Beside them, of the shipped configuration: two-level tables of CDs (1), MSIs (7), stalls (11), contexts of EL2 (12),
# ranges (15), hardware updates of Access flags and of dirty state (21, 22).
SHIPPED_BITS = DEFAULT_BITS | 0x00609882
# Of an MMU-600 r2p2: PRI (4), ATS (5), MSIs, two-level tables of CDs, stalls and contexts of EL2.
MMU_600_BITS = DEFAULT_BITS | 0x000018b2
SEV, NESTING = 1 << 6, 1 << 19


class Seen:
    """A boot that passes all of its tests, and what it and the model's traces say of the SMMU."""
    TRACES, TESTS, EVENTS = "smmu.command,smmu.fetch,smmu.msi", 20, 5
    # docs/linux.md: the only diagnostics are of the devices that are made to fail, those of PCI last.
    RING_ERRORS, OF_PCI = 1, 3

    def __init__(self, b, *options, config=()):
        trace = os.path.join(b.folder, "trace.txt")
        self.result, self.report = b.boot("report.json", "--strict", "--allow", "dma0:RING_ERROR=%d" % self.RING_ERRORS,
                                          *(["--allow", "pci0:RING_ERROR=%d" % self.OF_PCI] if self.OF_PCI else []), "--trace", self.TRACES,
                                          "--trace-file", trace, *options, config=config)
        self.check(self.result.returncode == 0, "expected exit code 0")
        tests = self.report["tests"]
        self.check((tests["passed"], tests["failed"], tests["skipped"]) == (self.TESTS, 0, 0), "expected %d passed tests" % self.TESTS)
        self.check(self.report["unimplemented"] == 0, "Linux met what is not built")
        self.check([d["source"] for d in self.report["diagnostics"]] == ["dma0"] * self.RING_ERRORS + ["pci0"] * self.OF_PCI,
                   "expected no diagnostics but dma0's and pci0's")
        # What Linux makes of the faults is judged inside.
        self.check(self.report["event_count"] == self.EVENTS, "expected %d event records" % self.EVENTS)
        self.check(self.report["statistics"]["smmu0"]["translations"] > 1000, "the disk's data went past the SMMU")
        self.check(self.result.stderr.count("has the SHA-256 that Linux gave it") == 2, "the image was not compared from outside")
        with open(trace) as f:
            self.trace = f.read()

    def check(self, condition, text):
        check(condition, text, self.result)

    def features(self, bits, size):
        line = "ias %d-bit, oas %d-bit (features 0x%08x)" % (size, size, bits)
        self.check(line in self.result.stdout, "Linux does not see the features as configured: " + line)

    def domains(self, kind):
        found = re.findall(r"(?m)domain type (\S+)$", self.result.stdout)
        self.check(found == [kind, kind], "expected two domains of type %s: %s" % (kind, found))

    def groups(self, *expected):
        """PCI functions, those of an IOMMU group in one text."""
        found = {}
        for function, group in re.findall(r"(?m)^# 0000:(\S+) \S+ is in group (\d+)$", self.result.stdout):
            found.setdefault(group, []).append(function)
        self.check(sorted(" ".join(f) for f in found.values()) == sorted(expected), "other IOMMU groups: %s" % found)

    def count(self, pattern):
        return len(re.findall(pattern, self.trace))

    def interrupts(self, pattern):
        """@return how many Linux counts of the Event queue, whose line of /proc/interrupts is like the pattern."""
        found = re.search(r"(?m)^# +\d+: +(\d+) +%s +Edge +arm-smmu-v3-evtq" % pattern, self.result.stdout)
        self.check(found, "/proc/interrupts has no %s of the Event queue" % pattern)
        return int(found[1])

    def invalidations(self):
        """@return by address without a granule; of one page with one; of more than one (IHI 0070 4.4.1.1)"""
        kinds = [0, 0, 0]
        for word0, word1 in re.findall(r"command=CMD_TLBI_NH_VAA? word0=(\S+) word1=(\S+)", self.trace):
            more = (int(word0, 16) >> 12 & 0x1f, int(word0, 16) >> 20 & 0x3f) != (0, 0)
            kinds[1 + more if int(word1, 16) >> 10 & 3 else 0] += 1
        return kinds


class SeenMmu600(Seen):
    """Beside the rest, the counts of perf events by name, and statistics."""
    TRACES, TESTS = "smmu.command", 27
    GROUPS = [0x9102, 0x9142, 0x9162, 0x9182]  # pages: of the TCU and of the TBUs of testdev, disk and PCI

    def __init__(self, b, *options):
        super().__init__(b, *options, config=b.mmu_600)
        self.smmu = self.report["statistics"]["smmu0"]

    def counted(self, group, event):
        """What Linux counted of a group, and in how many nanoseconds."""
        found = re.search(r"(?m)^# smmuv3_pmcg_%x/%s (\d+) (\d+)$" % (self.GROUPS[group], event), self.result.stdout)
        self.check(found, "no count of %s of group %d" % (event, group))
        return int(found[1]), int(found[2])

    def expect_counts(self):
        """Counted from before the first access of a device to behind the last one, but by the first TBU: its first access,
        a TLB miss, another filter leaves out."""
        smmu = self.smmu
        for event, statistic in (("transaction", smmu["micro_tlb_misses"]), ("tlb_miss", smmu["tlb_misses"] + smmu["tlb_rewalks"]),
                                 ("trans_table_walk_access", smmu["walk_reads"]), ("pcie_ats_trans_rq", smmu["ats_requests"])):
            self.check(self.counted(0, event)[0] == statistic, "the TCU's %s is not %d" % (event, statistic))
        for event, statistic in (("transaction", smmu["accesses"]), ("tlb_miss", smmu["micro_tlb_misses"])):
            counts = [self.counted(group, event + by)[0] for group, by in ((1, "/100"), (2, "/10f/span"), (3, ""))]
            self.check(sum(counts) + 1 == statistic, "the TBUs' %s %s and 1 are not %d" % (event, counts, statistic))
        # platform/linux/vfio.c, jobs of 100 pages and 100: the first one asks for all translations, the third one is
        # untranslated, the fourth one finds other pages at half of the addresses, and the last one nothing at the first.
        requests, translated = 200 + 100 + 1, 3 * 200
        self.check((smmu["ats_requests"], smmu["ats_translated"]) == (requests, translated), "another number of accesses by ATS")
        # Beside them, 3 accesses of the ring of each of 5 jobs, and 3 faults of other functions.
        counts = [self.counted(3, event)[0] for event in ("transaction", "pcie_ats_trans_passed")]
        self.check(counts == [requests + translated + 200 + 15 + 3, translated], "the TBU of PCI counts %s" % counts)
        # A cycle is a nanosecond. Linux switches the counter on and off a little later than it takes the times.
        cycles, nanoseconds = self.counted(2, "cycles/10f/span")
        self.check(abs(cycles - nanoseconds) < 100000, "%d cycles in %d ns" % (cycles, nanoseconds))

    def longest_without_sync(self):
        return max(len(run.splitlines()) for run in re.split(r".*command=CMD_SYNC.*\n", self.trace))


class SeenSmmuv2(Seen):
    """Beside what the tests inside judge: what Linux reads of the two faults (IHI 0062 16.5.9, 16.5.11), and who interrupts."""
    TRACES, TESTS, EVENTS, RING_ERRORS = "smmu.tlb_invalidate", 20, 0, 3

    def faults(self, FSR, of_read, of_write, of_pci=()):
        found = re.findall(r"(?m)^# .* Unhandled context fault: fsr=(\w+), iova=(\w+), fsynr=(\w+), cbfrsynra=(\w+), cb=(\w+)$", self.result.stdout)
        expected = [(FSR, 0xd6789ab000, of_read, 0x100), (FSR, 0x789ac040, of_write, 0x100)]
        expected += [(FSR, 0xd6789ab000, of_read, stream) for stream in of_pci]
        self.check([tuple(int(value, 0) for value in fault[:4]) for fault in found] == expected, "expected the faults %s: %s" % (expected, found))
        self.check(found[0][4] == found[1][4] and len({fault[4] for fault in found}) == 1 + len(of_pci), "expected a bank for each stream: %s" % found)
        # A line each of gfsr_irq and cfg_irq, and of the banks: the disk's and those of ports of PCI have none.
        counts = re.findall(r"(?m)^# +\d+: +(\d+) +GIC-0 +\d+ +Level +arm-smmu", self.result.stdout)
        self.check(counts[:2] == ["1", "0"] and sorted(counts[2:], reverse=True)[:2 + len(of_pci)] == ["2"] + ["1"] * len(of_pci) + ["0"],
                   "expected other interrupts: %s" % counts)

    def invalidated_by(self, command):
        return self.count("command=%s " % command)


class SeenSmmuv2WithoutPci(SeenSmmuv2):
    TESTS, OF_PCI = 16, 0


# Of linux-smmuv2.toml: a function on bus 0, one behind a port, and one of two behind a bridge.
PCI_STREAMS = (0x1008, 0x1300, 0x1200)


def case_stock_linux_probes_the_smmu_uses_a_disk_behind_it_and_reports_a_fault(b):
    s = Seen(b)
    for package in (r"linux-image-6\.12\.\S+ 6\.12\.\S+, SHA-256 [0-9a-f]{64}", r"busybox-static \S+, SHA-256 [0-9a-f]{64}"):
        s.check(re.search(package, s.result.stderr), "the versions are not shown: " + package)
    s.features(SHIPPED_BITS, 48)
    s.domains("DMA")
    # Ports with ACS part what is below, and a bridge to PCI makes one of all. Linux joins a port without ACS with what is
    # below it, but not with the other ports of its switch, though their functions reach each other (docs/pcie.md).
    s.groups("00:01.0", "00:02.0", "01:00.0", "00:03.0", "02:00.0 03:00.0", "00:04.0", "04:00.0", "05:00.0 06:00.0", "05:01.0 07:00.0")

    # The faults, as the model reports them.
    for event, address, rnw in zip(s.report["events"], ("0x456789ab0000", "0x356789ac0040"), ("0x1", "0x0")):
        for key, value in (("event", "F_TRANSLATION"), ("sid", "0x100"), ("address", address), ("RnW", rnw)):
            s.check(event.get(key) == value, "expected %s %s in the event: %s" % (key, value, event))

    s.check(s.report["statistics"]["pci0"]["to_peers"] == 3, "other accesses of peers than a descriptor and its status in two parts")
    s.check([e["sid"] for e in s.report["events"]][2:] == ["0x1008", "0x1700", "0x1300"], "PCI functions have other StreamIDs")

    # Events and each CMD_SYNC come as messages; what is unmapped goes by range.
    s.check(s.interrupts(r"GICv2m-pMSI-9050000\.iommu +0") == s.EVENTS, "expected an MSI for each event")
    s.check(s.count("source=eventq") == s.EVENTS, "expected an MSI of the Event queue for each event")
    s.check(s.count("source=cmdq_sync") == s.count("command=CMD_SYNC") > 1000, "not each CMD_SYNC told by MSI")
    by_address, of_a_page, of_more = s.invalidations()
    s.check(by_address == 0 and of_a_page > 1000 and of_more > 10, "ranges are not used: %s" % [by_address, of_a_page, of_more])

    # Both kinds of tables have two levels: of streams 0x100 and 0x110, and of the CDs of 0x100, which has substreams.
    s.check(s.count("what=L1STD sid=0x100") > 0 and s.count("what=L1STD sid=0x110") > 0, "no Stream table of two levels was used")
    s.check(s.count("what=L1CD sid=0x100") > 0, "no table of CDs of two levels was used")


def case_stock_linux_counts_and_enables_ats_behind_an_mmu_600(b):
    s = SeenMmu600(b)
    s.features(MMU_600_BITS, 48)  # r2p2 has none of the errata that Linux knows
    s.domains("DMA")
    for page in s.GROUPS:
        s.check("%x000.pmu: Registered PMU @ 0x%013x000 using 4 counters with Global(Counter0) filter settings" % (page, page) in s.result.stdout,
                "no PMU of page %#x" % page)
    s.expect_counts()
    # Each page of what is unmapped; all, when an endpoint gets or leaves an address space.
    s.check(s.count(r"command=CMD_ATC_INV") == s.smmu["atc_invalidations"] >= 2 and s.smmu["atc_timeouts"] == 0,
            "other invalidations of caches of functions")
    s.check(s.longest_without_sync() >= 100, "commands for 100 pages are parted")


def case_stock_linux_works_around_errata_of_an_mmu_600_and_an_mmu_700_by_iidr(b):
    """It says nothing of it but by the features. An MMU-700 gets no more than 63 commands at once."""
    for iidr, absent, quirks in ((0x4830143b, SEV | NESTING, ["--set", "smmu0.quirks=arm_1076982"]), (0x4831043b, NESTING, []), (0x4870043b, NESTING, [])):
        s = SeenMmu600(b, "--set", "smmu0.IIDR=%#x" % iidr, *quirks)
        s.features(MMU_600_BITS & ~absent, 48)
        s.expect_counts()
        longest = s.longest_without_sync()
        s.check(longest <= 63 if iidr >> 20 == 0x487 else longest >= 100, "%d commands without CMD_SYNC" % longest)


def case_counter_groups_interrupt_by_messages_and_have_a_filter_for_each_counter(b):
    s = SeenMmu600(b, "--set", "smmu0.pmcg_msi=true", "--set", "smmu0.pmcg_one_filter=false", "--set", "smmu0.pmcg_reloc=false")
    s.check("using 4 counters with Individual filter settings" in s.result.stdout, "one filter for all counters")
    s.check(re.search(r"(?m)^# +\d+: +1 +GICv2m-pMSI-9162000\.pmu +0 +Edge +smmuv3-pmu", s.result.stdout), "the overflow is told by no message")
    s.expect_counts()


def case_stock_linux_drives_a_mali_by_panfrost_maps_its_heap_on_faults_and_resets_it(b):
    r, report = b.boot("report.json", "--strict", "--allow", "gpu0:JOB.Type=1", config=(os.path.join(b.configs, "linux-panfrost.toml"),))
    check(r.returncode == 0, "expected exit code 0", r)
    tests = report["tests"]
    check((tests["passed"], tests["failed"], tests["skipped"]) == (15, 0, 0), "expected 15 passed tests", r)
    check("mali-t860 id 0x860 major 0x2 minor 0x0 status 0x0" in r.stdout, "expected a Mali-T860", r)
    check(report["unimplemented"] == 0, "Linux met what is not built", r)
    gpu = report["statistics"]["gpu0"]
    # Two parts of the heap, and the address that nothing maps, which faults anew when Linux flushes before it disables the
    # address space.
    check(gpu["page_faults"] == 4 and gpu["mmu_interrupts"] == 2, "expected four page faults", r)
    check(gpu["copied_bytes"] == 300004, "expected copies of 300,000 and of 4 bytes", r)
    # Linux resets when it probes, when it wakes the GPU up, and when it gives the chain without an end up.
    check(gpu["resets"] >= 2 and gpu["failed_chains"] >= 2, "expected resets, and two chains that fail at least", r)
    check(gpu["walks"] > 100 and gpu["tlb_hits"] > 1000, "expected walks and hits", r)


def case_panfrost_takes_a_bifrost_and_the_least_midgard_too(b):
    least = ("slots=2", "address_spaces=1", "tlb_entries=0", "shader_cores=1", "coherent=false", "gpu_id=0x07500010")
    for name, parameters in (("mali-g52 id 0x7212", ("gpu_id=0x72120000",)), ("mali-t760 id 0x750", least)):
        options = [word for p in parameters for word in ("--set", "gpu0." + p)]
        r, report = b.boot("report.json", *options, config=(os.path.join(b.configs, "linux-panfrost.toml"),))
        check(r.returncode == 0 and report["tests"]["passed"] == 15, "expected 15 passed tests", r)
        check(name in r.stdout, "expected " + name, r)


def case_lazy_linux_invalidates_all_of_a_disk_at_once(b):
    s = Seen(b, "--append", "iommu.strict=0")
    s.features(SHIPPED_BITS, 48)
    s.domains("DMA-FQ")
    s.check(s.count("command=CMD_TLBI_NH_ASID") > 10, "nothing is invalidated by ASID")
    s.check(s.invalidations() == [0, 0, 0], "addresses are invalidated though nothing is strict")
    s.check(s.count("command=CMD_SYNC") < 300, "it synchronises as often as the strict one")


def case_linux_does_without_messages_and_ranges_on_an_smmu_of_the_default_features(b):
    with open(os.path.join(b.configs, "linux-smmuv3.toml")) as f:
        text, n = re.subn(r"(?m)^params\.(?!tbus)\w+ = .*\n", "", f.read())
    check(n > 10, "the configuration has another shape than expected")
    config = os.path.join(b.folder, "default.toml")
    with open(config, "w") as f:
        f.write(text)
    s = Seen(b, "--append", "iommu.strict=1", config=(config,))
    s.features(DEFAULT_BITS, 44)
    s.domains("DMA")
    s.check(s.interrupts(r"GIC-0 +106") == s.EVENTS, "expected a wired interrupt for each event")
    s.check(s.count("smmu.msi") == 0, "an MSI was sent")
    by_address, of_a_page, of_more = s.invalidations()
    s.check(by_address > 1000 and of_a_page == 0 and of_more == 0, "ranges are used: %s" % [by_address, of_a_page, of_more])


def case_stock_linux_uses_a_disk_behind_an_smmuv2_and_reports_faults_by_aarch64_tables(b):
    s = SeenSmmuv2(b, config=b.smmuv2)
    for line in ("SMMUv2 with:", "stage 1 translation", "stage 2 translation", "nested translation", "address translation ops",
                 "coherent table walk", "stream matching with 16 register groups", "8 context banks (0 stage-2 only)",
                 "Supported page sizes: 0x63315000", "Stage-1: 48-bit VA -> 48-bit IPA", "Stage-2: 48-bit IPA -> 48-bit PA"):
        s.check(re.search(r"(?m)^# .* arm-smmu .*iommu: \s*%s$" % re.escape(line), s.result.stdout), "Linux does not say: " + line)
    s.domains("DMA")
    s.groups("00:01.0", "00:02.0", "01:00.0 02:00.0 02:01.0", "00:03.0", "03:00.0")
    # Format 2, TF; no table of level 0 has the first address, and none of level 2 the other, which is written to.
    s.faults(0x402, 0, 0x12, PCI_STREAMS)
    # A page at a time; where an address leads, Linux asks the SMMU.
    s.check(s.invalidated_by("TLBIVAL") > 1000, "little is invalidated by address")
    s.check(s.report["statistics"]["smmu0"]["address_translations"] > 1000, "Linux used few address translation operations")


def case_stock_linux_uses_a_disk_behind_an_smmuv2_and_reports_faults_by_aarch32_tables(b):
    s = SeenSmmuv2WithoutPci(b, config=b.smmuv2_aarch32)
    s.check("Supported page sizes: 0x40201000" in s.result.stdout, "Linux finds other formats than AArch32's long one")
    s.domains("DMA")
    # Format 1; an address above 32 bits is a translation fault of level 1 (IHI 0062 3.8.4).
    s.faults(0x202, 1, 0x12)
    s.check(s.invalidated_by("TLBIVAL") > 1000, "little is invalidated by address")


def case_lazy_linux_invalidates_all_of_a_disk_behind_an_smmuv2_at_once(b):
    s = SeenSmmuv2(b, "--append", "iommu.strict=0", config=b.smmuv2)
    s.domains("DMA-FQ")
    s.faults(0x402, 0, 0x12, PCI_STREAMS)
    s.check(s.invalidated_by("TLBIASID") > 10, "nothing is invalidated by ASID")
    s.check(s.invalidated_by("TLBIVAL") == 0, "addresses are invalidated though nothing is strict")


STAGE_2 = ("--set", "smmu0.S1TS=false", "--set", "smmu0.NTS=false")


def case_linux_translates_by_stage_2_where_an_smmuv2_has_no_stage_1(b):
    s = SeenSmmuv2(b, *STAGE_2, "--append", "iommu.strict=1", config=b.smmuv2)
    s.domains("DMA")
    # A bank of stage 2 tells NSATTR, too (IHI 0062 17.3.1).
    s.faults(0x402, 0x100, 0x112, PCI_STREAMS)
    s.check(s.invalidated_by("TLBIIPAS2L") > 1000, "little is invalidated by IPA")


def case_linux_uses_an_smmuv1_of_stage_2_alone(b):
    s = SeenSmmuv2WithoutPci(b, *STAGE_2, "--set", "smmu0.version=1", "--set", "smmu0.DIPANS=false", "--set", "smmu0.NUMIRPT=8", "--append", "iommu.strict=1",
                   config=b.smmuv2_aarch32)
    s.check(re.search(r"(?m)^# .* arm-smmu .*iommu: SMMUv1 with:$", s.result.stdout), "Linux finds no SMMUv1")
    s.domains("DMA")
    # FSR.Format is reserved; an IPA has 40 bits, so that level 1 has an entry for the first address, too.
    s.faults(0x2, 0x101, 0x112)
    # There is no TLBIIPAS2 (IHI 0062 17.3.4).
    s.check(s.invalidated_by("TLBIVMID") > 1000, "little is invalidated")


def case_an_image_of_another_layout_skips_the_tests_of_its_files_and_stays_as_it_is(b):
    image = os.path.join(b.folder, "own.img")
    content = bytes(range(256)) * 4096
    with open(image, "wb") as f:
        f.write(content)
    r, report = b.boot("report.json", "--disk", image)
    check(r.returncode == 0, "expected exit code 0", r)
    tests = report["tests"]
    check((tests["passed"], tests["failed"], tests["skipped"]) == (17, 0, 3), "expected 17 passed, 3 skipped", r)
    check(r.stdout.count("# SKIP this disk has no ext4 file system with /host/SHA256SUMS") == 3, "no reason is given", r)
    check("the block device is in an IOMMU group" in r.stdout, "the block device is not tested", r)
    with open(image, "rb") as f:
        check(f.read() == content, "the image was written to", r)


def same_digest(b, *config):
    first, one = b.boot("one.json", config=config)
    second, two = b.boot("two.json", config=config)
    check(first.returncode == 0, "expected exit code 0", first)
    check(second.returncode == 0, "expected exit code 0", second)
    check(one["sim_time_ps"] == two["sim_time_ps"], "the two runs took different simulated times", second)
    check(one["digest"] == two["digest"], "digests %s and %s" % (one["digest"], two["digest"]), second)


def case_two_boots_have_the_same_digest(b):
    same_digest(b)


def case_two_boots_with_a_mali_have_the_same_digest(b):
    same_digest(b, os.path.join(b.configs, "linux-panfrost.toml"))


def case_two_processors_pass_all_that_one_does_twice_with_the_same_digest(b):
    first, one = b.boot("one.json", config=b.two_cpus)
    check(first.returncode == 0, "expected exit code 0", first)
    check(one["tests"]["passed"] == 15 and one["tests"]["failed"] == 0, "expected 15 passed tests", first)
    for text in ("smp: Brought up 1 node, 2 CPUs", "SMP: Total of 2 processors activated."):
        check(text in first.stdout, "Linux does not say: " + text, first)
    for cpu in ("cpu0", "cpu1"):
        check(one["statistics"][cpu]["interrupts"] > 100, cpu + " was not interrupted", first)
    second, two = b.boot("two.json", config=b.two_cpus)
    check(one["digest"] == two["digest"], "digests %s and %s" % (one["digest"], two["digest"]), second)


def case_processors_are_unplugged_and_plugged_in_again(b):
    t = b.shell("report.json", "--append", "quiet", config=b.two_cpus)

    def command(text, answer):
        t.type(CURSOR + text + "\r")
        t.expect(answer)
        t.expect(PROMPT)

    switch = "echo %d > /sys/devices/system/cpu/cpu%d/online; cat /sys/devices/system/cpu/onl*"
    command("grep -c ^processor /proc/cpuinfo", r"\n2\n")
    for on, cpu, online in ((0, 1, "0"), (1, 1, "0-1"), (0, 0, "1"), (1, 0, "0-1"), (0, 1, "0")):
        command(switch % (on, cpu), r"\n%s\n" % online)
    command("dmesg | grep -c 'psci: CPU. killed'", r"\n3\n")
    t.type(CURSOR + "poweroff -f\r")
    code = t.exit_code()
    check(code == 0, "expected exit code 0, got %d:\n%s" % (code, t.shown[-3000:]))


def case_a_user_at_the_console_works_with_linuxs_shell_by_interrupts_both_ways(b):
    # Characters take the time that they do at 115200 baud, so that Linux must wait for room in the transmit FIFO.
    t = b.shell("report.json", "--set", "uart0.timing=baud", "--append", "quiet")

    def command(text, answer):
        t.type(CURSOR + text + "\r")
        m = t.expect(answer)
        t.expect(PROMPT)
        return m

    command("echo hello $((6 * 7)) \"$(uname -m)\"", r"\nhello 42 aarch64\n")
    command("eho edited\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dc", r"\nedited\n")
    # Ten times what the receive FIFO holds, at once.
    line = "".join("%03d-" % i for i in range(80))
    command("echo %s | tr -d -" % line, r"\n" + line.replace("-", "") + r"\n")

    command("n() { sed -n 's/.*: *\\([0-9]*\\) .*uart-pl011.*/\\1/p' /proc/interrupts; }; n", r"\n[0-9]+\n")
    # 2393 characters with the carriage returns that the tty adds. Linux fills the FIFO of 32, and then writes 16 a
    # transmit interrupt.
    m = command("a=$(n); seq 500; sleep 1; b=$(n); echo wrote, $((b - a)) interrupts",
                "\n" + "".join("%d\n" % i for i in range(1, 501)) + r"wrote, (\d+) interrupts\n")
    check(140 <= int(m[1]) <= 160, "%s interrupts for 2393 characters that were written" % m[1])

    # Without echo only the receiver interrupts, after 32 characters at the latest.
    t.type(CURSOR + "stty -echo; a=$(n); echo rea''dy; read x; b=$(n); stty echo; echo ${x%-} read, $((b - a)) interrupts\r")
    t.expect("\nready\n")
    t.type(line + "\r")
    m = t.expect(line[:-1] + r" read, (\d+) interrupts\n")
    check(10 <= int(m[1]) <= 321, "%s interrupts for 321 characters that were read" % m[1])
    t.expect(PROMPT)

    # Ctrl-] is the guest's Ctrl-C; docs/configuration.md.
    t.type(CURSOR + "echo sleep''ing; sleep 1000\r")
    t.expect("\nsleeping\n")
    t.type("\x1d")
    t.expect(PROMPT)
    command("echo status $?", r"\nstatus 130\n")

    t.type(CURSOR + "poweroff -f\r")
    code = t.exit_code()
    check(code == 0, "expected exit code 0, got %d:\n%s" % (code, t.shown[-3000:]))
    with open(os.path.join(b.folder, "report.json")) as f:
        uart = json.load(f)["statistics"]["uart0"]
    check(uart["rx_overruns"] == 0 and uart["tx_lost"] == 0, "characters were lost: %s" % uart)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + args.case](Bench(args, folder))


if __name__ == "__main__":
    main()
