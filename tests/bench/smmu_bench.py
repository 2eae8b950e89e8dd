#!/usr/bin/env python3
"""What the SMMU costs the host, as ratios within one run. `./vp bench smmu` calls it; docs/smmu-engine.md explains.

usage: smmu_bench.py --build DIR [--release DIR --source DIR | --build-tree] [--save FILE] [--compare FILE]
"""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # this folder may be another user's
from bench_host import Progress, processor  # noqa: E402
from bench_table import Failed, Row, check_writable, compare, load, save, table  # noqa: E402

NAME = "smmu"
ROUNDS = 5  # of all programs in turn; the least of each is taken
HOP_GOAL = 27 / 7  # 20 ns more than a hop of 7 ns
STREAMS, PAGES = 16, 64
SIZES = [(1, 1), (1, 64), (16, 64), (65536, 65536), (1, 1000000), (65536, 1000000)]
QUANTA_NS = [1000, 100000, 10000000, 100000000]
GAP_NS = 40  # a master does something else for up to so long between two accesses: 20 ns on average
PARTS = ["micro TLB", "main TLB", "walk cache", "IPA cache"]
PART_SIZES = [64, 65536]


def output(argv):
    env = {**os.environ, "SYSTEMC_DISABLE_COPYRIGHT_MESSAGE": "1"}
    try:
        r = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=env)
    except OSError as e:
        raise Failed("%s: %s" % (argv[0], e.strerror)) from e
    if r.returncode != 0:
        said = "\n  ".join((r.stdout + r.stderr).strip().splitlines()[-5:])
        raise Failed("%s ended with %d:\n  %s" % (shlex.join(argv), r.returncode, said))
    return r.stdout, r.stderr


class Programs:
    def __init__(self, build, hop, progress):
        self.bin, self.hop, self.progress = os.path.join(build, "bin"), hop, progress
        self.valgrind = shutil.which("valgrind")

    def hop_argv(self, work, count):
        mode, options = work
        return [self.hop, mode, str(count), *("%s=%s" % o for o in options)]

    def hop_modes(self):
        r = subprocess.run([self.hop], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        found = re.search(r"(?m)^modes:(.*)$", r.stderr)
        if not found:
            raise Failed("%s does not list its modes" % self.hop)
        return found[1].split()

    def hop_run(self, work, count):
        """@return nanoseconds and loads of an access"""
        found = re.search(r"([0-9.]+) ns and ([0-9.]+) loads an access", output(self.hop_argv(work, count))[0])
        if not found:
            raise Failed("%s does not say what an access took" % self.hop)
        return float(found[1]), float(found[2])

    def init_run(self):
        """@return microseconds of a driver's writes to all registers"""
        found = re.search(r"([0-9.]+) us for 128 streams", output(self.hop_argv(hop_work(INIT), 500))[0])
        if not found:
            raise Failed("%s does not say what writing all registers took" % self.hop)
        return float(found[1])

    def hop_times(self, counts):
        """@param counts  work: accesses of a run
        @return work: least nanoseconds"""
        self.progress.expect(ROUNDS * len(counts))
        least = {}
        for _ in range(ROUNDS):  # alternating, so that a busy time of the host meets all
            for work, count in counts.items():
                self.progress.step("time of " + " ".join(self.hop_argv(work, count)[1:]))
                least[work] = min(least.get(work, 1e99), self.hop_run(work, count)[0])
        return least

    def google(self, program, pattern, *more):
        """@return context, and name: least nanoseconds of processor time"""
        text, _ = output([os.path.join(self.bin, program), "--benchmark_format=json", "--benchmark_filter=" + pattern, *more])
        try:
            record = json.loads(text)
        except ValueError as e:
            raise Failed("%s does not print JSON: %s" % (program, e)) from e
        least = {}
        for b in record["benchmarks"]:
            if b.get("error_occurred"):
                raise Failed("%s, %s: %s" % (program, b["name"], b.get("error_message")))
            if b["run_type"] == "iteration":
                name = re.sub(r"/(min_time|iterations|repeats):.*", "", b["run_name"])
                least[name] = min(least.get(name, 1e99), b["cpu_time"])
        return record["context"], least

    def collected(self, argv):
        _, said = output([self.valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv])
        found = re.search(r"Collected : (\d+)", said)
        if not found or "Failed to match" in said:
            raise Failed("valgrind does not say what was collected: %s\n  %s" % (shlex.join(argv), said.strip()))
        self.progress.step("instructions of " + " ".join(argv[1:]))
        return int(found[1])

    def instructions(self, wanted):
        """@param wanted  name: (argv of a count, the two counts, calls of one of a count)
        @return name: instructions of a call, by the difference of two runs; nothing without valgrind"""
        if not self.valgrind:
            return {}
        self.progress.expect(2 * len(wanted))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = {name: [pool.submit(self.collected, argv(n)) for n in counts] for name, (argv, counts, _) in wanted.items()}
            return {name: (run[1].result() - run[0].result()) / (wanted[name][1][1] - wanted[name][1][0]) / wanted[name][2]
                    for name, run in runs.items()}


def hop_work(mode, **options):
    return mode, tuple(sorted(options.items()))


def two_masters(mode, quantum=QUANTA_NS[0], tbus=2):
    return hop_work(mode, masters=2, quantum_ns=quantum, gap_ns=GAP_NS, tbus=tbus)


# What an SMMUv2 does, and the same of an SMMUv3
OF_BOTH = {"hit, timing off": ("v2-untimed", "untimed"), "hit, timing on": ("v2-timed", "timed"),
           "micro TLB miss, main TLB hit, timing on": ("v2-main_hit", "main_hit"), "miss, warm walk cache, timing on": ("v2-warm", "warm"),
           "miss, cold, four levels, timing on": ("v2-cold", "cold"), "bypass by S2CR, timing off": ("v2-bypass", "bypass")}
INIT = "v2-init"
MAIN_HITS = [hop_work("main_hit", timing=timing) for timing in (0, 1)]


def no_more(ratio, instructions, baseline, goal):
    """Whether a goal that is a ratio is met: by instructions where they are known."""
    return instructions / baseline <= goal if instructions is not None and baseline else ratio <= goal


class Hop:
    """Rows of accesses by b_transport."""

    def __init__(self, programs):
        self.p = programs
        self.modes = programs.hop_modes()
        self.misses = {(mode, timing): hop_work(mode, timing=timing) for mode in ("warm", "cold", "nested") for timing in (0, 1)}
        # A miss is measured beside as many dependent loads as it makes itself.
        self.loads = {}
        for miss in self.misses.values():
            self.loads[miss] = hop_work("loads", loads=round(programs.hop_run(miss, 2000)[1]))

    def measure(self):
        hits = [hop_work(m) for m in ("hop", "untimed", "timed", "bypass", "disabled", "dmi", "dmi-hop") if m in self.modes]
        hits += MAIN_HITS
        hits += [hop_work(m) for pair in OF_BOTH.values() for m in pair if hop_work(m) not in hits]
        hits += [two_masters(m, tbus=tbus) for tbus in (2, 1) for m in ("hop", "untimed", "timed")]
        misses = [*self.misses.values(), *self.loads.values()]
        times = {w: 500000 for w in hits} | {w: 50000 for w in misses}
        for quantum in QUANTA_NS[1:]:  # a quantum at least
            for mode in ("hop", "timed"):
                times[two_masters(mode, quantum)] = max(300000, quantum // (GAP_NS // 2))
        self.ns = self.p.hop_times(times)
        self.init_us = min(self.p.init_run() for _ in range(ROUNDS))
        self.count = self.p.instructions({
            w: (lambda n, w=w: self.p.hop_argv(w, n), (20000, 40000), dict(w[1]).get("masters", 1)) for w in hits + misses})

    def over_hop(self, key, work, mode, masters, more):
        """@param masters  what they are, of a mode"""
        plain, hit = masters("hop"), masters(mode)
        ratio = self.ns[hit] / self.ns[plain]
        extra = self.count[hit] - self.count[plain] if self.count else None
        met = extra <= more if extra is not None else ratio <= HOP_GOAL
        return Row(key, work, "%.2fx the hop (%.1f ns, %.1f)" % (ratio, self.ns[hit], self.ns[plain]),
                   "+20 ns to 7 (%.2fx); +%d instructions" % (HOP_GOAL, more), met, ratio, extra, over=True)

    def like_a_hit(self, key, work, mode):
        this, hit = hop_work(mode), hop_work("untimed")
        ratio = self.ns[this] / self.ns[hit]
        count, base = self.count.get(this), self.count.get(hit)
        return Row(key, work, "%.2fx a hit (%.1f ns)" % (ratio, self.ns[this]), "at most a hit", no_more(ratio, count, base, 1), ratio, count)

    def dmi(self):
        if "dmi" not in self.modes or "dmi-hop" not in self.modes:
            return Row("dmi", "hit with DMI", "not built", "at most 1.05x")
        this, plain = hop_work("dmi"), hop_work("dmi-hop")
        ratio = self.ns[this] / self.ns[plain]
        count, base = self.count.get(this), self.count.get(plain)
        return Row("dmi", "hit with DMI", "%.2fx no SMMU (%.1f ns)" % (ratio, self.ns[this]), "at most 1.05x",
                   no_more(ratio, count, base, 1.05), ratio, count)

    def miss(self, mode, timing, text):
        this, plain = self.misses[mode, timing], hop_work("hop")
        loads = self.loads[this]
        ratio = (self.ns[this] - self.ns[plain]) / max(self.ns[loads] - self.ns[plain], 0.1)
        n = dict(loads[1])["loads"]
        return Row("miss-%s-%s" % (mode, "timed" if timing else "untimed"),
                   "miss, %s, timing %s" % (text, "on" if timing else "off"),
                   "%.1fx %d load%s (%.0f ns)" % (ratio, n, "" if n == 1 else "s", self.ns[this] - self.ns[plain]),
                   "at most 3x", ratio <= 3, ratio, self.count.get(this))

    def quantum(self):
        cost = {q: self.ns[two_masters("timed", q)] - self.ns[two_masters("hop", q)] for q in QUANTA_NS}
        ratio = max(cost.values()) / max(cost[QUANTA_NS[0]], 0.1)
        return Row("quantum", "two decoupled masters, quantum of 1 us to 100 ms, over the hop",
                   "%.2fx (%s ns)" % (ratio, ", ".join("%.0f" % cost[q] for q in QUANTA_NS)), "flat within 1.5x", ratio <= 1.5, ratio)

    def first_rows(self):
        rows = []
        for suffix, masters, text in (("1", hop_work, "one master"), ("2", two_masters, "two decoupled masters, a TBU each"),
                                      ("2-at-one", lambda mode: two_masters(mode, tbus=1), "two decoupled masters at one TBU")):
            for mode, timing, more in (("untimed", "off", 200), ("timed", "on", 350)):
                rows.append(self.over_hop("hit-%s-%s" % (mode, suffix), "TLB hit, timing %s, %s" % (timing, text), mode, masters, more))
        rows.append(self.like_a_hit("bypass", "bypass by the STE, timing off", "bypass"))
        rows.append(self.like_a_hit("disabled", "SMMU disabled, timing off", "disabled"))
        rows.append(self.dmi())
        return rows

    def main_hit(self, timing):
        this, hit = MAIN_HITS[timing], hop_work("timed" if timing else "untimed")
        ratio = self.ns[this] / self.ns[hit]
        return Row("main-tlb" + ("-timed" if timing else ""), "micro TLB miss, main TLB hit, timing " + ("on" if timing else "off"),
                   "%.2fx a hit (%.1f ns)" % (ratio, self.ns[this]), "at most 2x", ratio <= 2, ratio, self.count.get(this))

    def of_smmuv2(self, what):
        this, other = (hop_work(mode) for mode in OF_BOTH[what])
        ratio = self.ns[this] / self.ns[other]
        count, base = self.count.get(this), self.count.get(other)
        return Row("v2-" + OF_BOTH[what][1], "SMMUv2: " + what, "%.2fx an SMMUv3's (%.1f ns)" % (ratio, self.ns[this]), "at most 1.1x",
                   no_more(ratio, count, base, 1.1), ratio, count)

    def smmuv2_rows(self):
        rows = [self.of_smmuv2(what) for what in OF_BOTH]
        rows.append(Row("v2-init", "SMMUv2: writing all registers of 128 streams and banks", "%.0f us" % self.init_us, "at most 1 ms",
                        self.init_us <= 1000, self.init_us / self.ns[hop_work("hop")]))
        return rows

    def miss_rows(self):
        texts = {"warm": "warm walk cache", "cold": "cold, four levels", "nested": "cold, nested"}
        return [self.main_hit(timing) for timing in (0, 1)] + [self.miss(mode, timing, text) for mode, text in texts.items() for timing in (0, 1)]


class Core:
    """Rows of the core, without SystemC."""

    def __init__(self, programs):
        self.p = programs

    def measure(self):
        self.p.progress.expect(1)
        self.p.progress.step("times of smmu_core_bench")
        self.context, self.ns = self.p.google("smmu_core_bench", ".", "--benchmark_repetitions=3")
        names = [n for n in self.ns if not n.startswith("loads/")]
        self.count = self.p.instructions({n: (lambda i, n=n: self.argv("smmu_core_bench", n, i), (2000, 6000), 1) for n in names})

    def argv(self, program, name, iterations):  # no name has a character that a regular expression would take for its own
        return [os.path.join(self.p.bin, program), "--iterations=%d" % iterations, "--benchmark_filter=^%s(/iter.*)?$" % name]

    def rows(self):
        l2, entry = int(self.context["l2_bytes"]), int(self.context["entry_bytes"])
        rows = []
        for streams, pages in SIZES:
            hit, load = self.ns["hit/%d/%d" % (streams, pages)], self.ns["loads/%d/%d" % (streams, pages)]
            limit = 25 if pages * entry <= l2 else 25 + 2 * load
            goal = "at most 25 ns" if limit == 25 else "at most 25 ns + 2 loads of %.0f" % load
            rows.append(Row("core-hit-%d-%d" % (streams, pages),
                            "core, hit: {:,} stream{}, {:,} page{}".format(streams, "s"[:streams > 1], pages, "s"[:pages > 1]),
                            "%.1f ns, %.1fx a load" % (hit, hit / load), goal, hit <= limit, hit / load,
                            self.count.get("hit/%d/%d" % (streams, pages))))
        if self.count:
            counts = [self.count["hit/%d/%d" % s] for s in SIZES]
            ratio = max(counts) / min(counts)
            rows.append(Row("core-flat", "core, hit: instructions from the fewest to the most", "%.2fx" % ratio, "flat within 1.1x",
                            ratio <= 1.1, ratio))
        for timing, text in (("", "off"), (", timed", "on")):
            this, hit = "main TLB hit%s/%d/%d" % (timing, STREAMS, PAGES), "hit%s/%d/%d" % (timing, STREAMS, PAGES)
            ratio = self.ns[this] / self.ns[hit]
            rows.append(Row("core-main-tlb" + ("-timed" if timing else ""), "core, micro TLB miss, main TLB hit, timing " + text,
                            "%.2fx a hit (%.1f ns)" % (ratio, self.ns[this]), "at most 2x", ratio <= 2, ratio, self.count.get(this)))
        return rows


class Caches(Core):
    """Rows of invalidations by address."""

    @staticmethod
    def name(part, what, size):
        return "%s: %s/entries:%d/ways:0" % (part, what, size)

    def measure(self):
        self.p.progress.expect(1)
        self.p.progress.step("times of smmu_cache_bench")
        names = [self.name(p, w, s) for p in PARTS for w in ("lookup", "insert", "by address, insert") for s in PART_SIZES]
        _, self.ns = self.p.google("smmu_cache_bench", "(lookup|insert)/entries:(64|65536)/ways:0/", "--benchmark_repetitions=%d" % ROUNDS,
                                    "--benchmark_enable_random_interleaving=true")  # as in hop_times()
        self.count = self.p.instructions({n: (lambda i, n=n: self.argv("smmu_cache_bench", n, i), (2000, 6000), 1) for n in names})

    def invalidation(self, of, part, size):
        """What is left of an invalidation that puts back what it has dropped."""
        return max(of[self.name(part, "by address, insert", size)] - of[self.name(part, "insert", size)], 0.1)

    def rows(self):
        rows = []
        for part in PARTS:
            ratios = [self.invalidation(self.ns, part, s) / self.ns[self.name(part, "lookup", s)] for s in PART_SIZES]
            counts = [self.invalidation(self.count, part, s) for s in PART_SIZES] if self.count else []
            key = "invalidate-" + part.replace(" ", "-").lower()
            rows.append(Row(key, "invalidation by address, " + part, "%.2fx, %.2fx a lookup of 64, 65,536 entries" % tuple(ratios),
                            "at most 4x", max(ratios) <= 4, max(ratios), counts[-1] if counts else None))
            # Without instructions by time, in which the host's caches show, too.
            of = counts or [self.invalidation(self.ns, part, s) for s in PART_SIZES]
            ratio = max(of) / min(of)
            rows.append(Row(key + "-flat", "the same: %s, 64 to 65,536 entries" % ("instructions" if counts else "time"),
                            "%.2fx" % ratio, "flat within 1.5x", ratio <= 1.5, ratio))
        return rows


def installed_hop(release, source, folder):
    """Builds the program as somebody else would, against what `release` installs."""
    prefix = os.path.join(folder, "prefix")
    output(["cmake", "--install", release, "--prefix", prefix])
    os.environ["PKG_CONFIG_PATH"] = os.path.join(prefix, "lib", "pkgconfig")
    flags = output(["pkg-config", "--cflags", "--libs", "smmu-vp"])[0].split()
    program = os.path.join(folder, "smmu_hop")
    output([os.environ.get("CXX", "c++"), "-std=c++17", "-O2", "-o", program, os.path.join(source, "tests", "bench", "smmu_hop.cpp"),
            *flags, "-Wl,-rpath," + os.path.join(prefix, "lib")])
    return program


def measure(args, folder):
    progress = Progress()
    hop = installed_hop(args.release, args.source, folder) if args.release else os.path.join(args.build, "bin", "smmu_hop")
    programs = Programs(args.build, hop, progress)
    parts = Hop(programs), Core(programs), Caches(programs)
    try:
        for part in parts:
            part.measure()
    finally:
        progress.end()
    hops, core, caches = parts
    rows = [*hops.first_rows(), *core.rows(), *hops.miss_rows(), *hops.smmuv2_rows(), *caches.rows(), hops.quantum()]
    host = {"processor": processor(), "compiler": core.context["compiler"],
            "library under accesses by b_transport": "installed release" if args.release else "build tree"}
    return host, rows, programs.valgrind is not None


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Failed(message + "; ./vp bench smmu --help lists the options")


def run(argv):
    parser = Arguments(prog="./vp bench smmu", allow_abbrev=False, description="What the SMMU costs the host, as ratios "
                       "within one run; docs/smmu-engine.md. Three minutes or so.")
    parser.add_argument("--build", help=argparse.SUPPRESS, required=True)
    parser.add_argument("--release", help=argparse.SUPPRESS)  # ./vp builds it and says where it is
    parser.add_argument("--source", help=argparse.SUPPRESS)
    parser.add_argument("--build-tree", action="store_true", help="accesses by b_transport through the libraries in build/dev, which "
                        "takes no build of a release; without this, through what a release installs, as other programs link it")
    parser.add_argument("--save", metavar="FILE", help="write what was measured")
    parser.add_argument("--compare", metavar="FILE", help="tell what is 10 %% worse than in a file of --save, and exit with 1 if anything is")
    args = parser.parse_args(argv)
    if args.save:
        check_writable(args.save)
    before = load(args.compare, NAME) if args.compare else None
    with tempfile.TemporaryDirectory(prefix="smmu-vp-bench-") as folder:
        host, rows, counted = measure(args, folder)
    print(table(rows), end="")
    if not counted:
        print("valgrind is not there, so no instructions were counted")
    if args.save:
        save(args.save, NAME, host, rows)
    if before is None:
        return 0
    text, worse = compare(before, host, rows)
    print("\ncompared with %s\n%s" % (args.compare, text), end="")
    return 1 if worse else 0


def main():
    try:
        return run(sys.argv[1:])
    except Failed as e:
        print("bench: %s" % e, file=sys.stderr)
        return 64
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
