#!/usr/bin/env python3
"""Debian's Linux on the platform, beside itself and beside QEMU, as ratios within one run. `./vp bench linux-disk` and
`./vp bench linux-boot` call it; docs/smmu-engine.md explains.

usage: linux_bench.py disk|boot --program smmu-vp [options]
"""
import argparse
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # this folder may be another user's
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(TOP, "platform", "linux"))
import linux  # noqa: E402
from bench_host import Progress, processor  # noqa: E402
from bench_table import Failed, Row, check_writable, compare, load, save, table  # noqa: E402

CONFIG = os.path.join(TOP, "vp-configs", "linux-smmuv3.toml")
INIT = os.path.join(HERE, "linux_init")
QEMU = "qemu-system-aarch64"
NO_QEMU = "%s is not there, so nothing is measured beside it; it comes with: apt-get install qemu-system-arm" % QEMU
# The names that linux_init gives to kinds of read, how many are made, and what people are told.
READS = {"4k": 20000, "1M": 256}
WORDS = {"4k": "reads of 4 KiB", "1M": "reads of 1 MiB", "all": "all reads"}
DISK_BYTES = 256 << 20
NO_READS = dict.fromkeys(READS, 0)
# As vp-configs/linux-smmuv3.toml has them, whose addresses are those of QEMU's virt.
BOOTARGS = "console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 nokaslr"
LONGEST_S = 900  # a run takes seconds
PER_INSTRUCTION_GOAL = 1.05
BOOT_GOAL = 1.0


class Time:
    """Seconds of the host: of its processors, and elapsed."""

    def __init__(self, cpu, wall):
        self.cpu, self.wall = cpu, wall

    def __sub__(self, other):
        return Time(self.cpu - other.cpu, self.wall - other.wall)

    def __add__(self, other):
        return Time(self.cpu + other.cpu, self.wall + other.wall)

    def least(self, other):
        return self if other is None else Time(min(self.cpu, other.cpu), min(self.wall, other.wall))


class Marks:
    """What linux_init says on the console."""

    def __init__(self):
        self.begun, self.took, self.domain, self.trouble = {}, {}, None, None

    def line(self, text, now):
        """@param now  gives the Time since the start"""
        found = re.fullmatch(r"bench: (.*?)\s*", text)
        if not found:
            return
        what, _, name = found[1].partition(" ")
        if what == "domain":
            self.domain = name
        elif what == "begin":
            self.begun[name] = now()
        elif what == "end" and name in self.begun:
            self.took[name] = now() - self.begun[name]
        else:
            self.trouble = found[1]

    def wrong(self, reads, behind):
        """@return why this is no run of what was asked for, or None"""
        if self.trouble:
            return "the guest says: " + self.trouble
        missing = [WORDS[k] for k, n in reads.items() if n and k not in self.took]
        if self.domain is None or missing:
            return "the guest does not tell " + ("of its disk" if self.domain is None else "the end of " + missing[0])
        # DMA or DMA-FQ, or no IOMMU group.
        if self.domain.startswith("DMA") != behind:
            return "the disk's IOMMU domain is '%s', expected %s" % (self.domain, "DMA" if behind else "none")
        return None


class Processors:
    """How long a child has run on the host's processors, all threads."""

    def __init__(self, pid):
        # The clock of another process, as clock_getcpuclockid() gives it on Linux.
        self.clock, self.start = (~pid << 3) | 2, time.monotonic()

    def elapsed(self):
        return time.monotonic() - self.start

    def now(self):
        return Time(time.clock_gettime(self.clock), self.elapsed())


class Machine:
    """A machine that boots Linux.

    behind  whether its disk is behind an SMMU
    took    least Time of each kind of read, of "all" reads together, and of "run", all of it
    """

    def __init__(self, name, behind):
        self.name, self.behind, self.took = name, behind, {}

    def boot(self, reads, progress):
        """@return what the guest has told, and the Time of all of the run"""
        progress.step("Linux on %s" % self.name)
        marks, took, status, said = self.run(self.argv(reads))
        wrong = "it ended with %d" % status if status else marks.wrong(reads, self.behind)
        if wrong:
            raise Failed("Linux on %s: %s\n  %s" % (self.name, wrong, "\n  ".join(said.splitlines()[-8:])))
        return marks, took

    def measure(self, reads, progress):
        marks, took = self.boot(reads, progress)
        for what, t in {**marks.took, "run": took}.items():
            self.took[what] = t.least(self.took.get(what))
        if marks.took:
            self.took["all"] = sum((self.took[kind] for kind in READS), Time(0, 0))

    @staticmethod
    def run(argv):
        marks, lines = Marks(), []
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            try:
                child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
            except OSError as e:
                raise Failed("%s: %s" % (argv[0], e.strerror)) from e
            clock = Processors(child.pid)
            limit = threading.Timer(LONGEST_S, child.kill)
            limit.start()
            try:
                for line in child.stdout:
                    text = line.decode(errors="replace").rstrip()
                    lines.append(text)
                    marks.line(text, clock.now)
                _, status, usage = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
                took = Time(usage.ru_utime + usage.ru_stime, clock.elapsed())
            finally:
                limit.cancel()
                child.stdout.close()
                if child.returncode is None:
                    child.kill()
                    child.wait()
            errors.seek(0)
            return marks, took, child.returncode, "\n".join(lines[-8:]) + "\n" + errors.read()


def reads_words(reads):
    return " ".join("reads_%s=%d" % r for r in reads.items())


def not_behind(text):
    """@return the configuration, with its disk on the bus"""
    text, n = re.subn(r"(?m)(^\[disk0\]\n(?:[^\[\n].*\n|\n)*?)behind = .*\n", r"\1", text)
    if n != 1:
        raise Failed("%s has no [disk0] with a line 'behind', expected one to leave out" % CONFIG)
    return text


class Platform(Machine):
    """instructions  executed by the guest, of each kind of read. They are the same each time."""

    def __init__(self, program, files, behind):
        super().__init__("the platform, " + ("disk behind the SMMU" if behind else "disk not behind it"), behind)
        self.report = os.path.join(files.folder, "report.json")
        config, more = CONFIG, []
        if not behind:
            config = os.path.join(files.folder, "not-behind.toml")
            with open(CONFIG) as f, open(config, "w") as to:
                to.write(not_behind(f.read()))
            more = ["--set", "smmu0.tbus=1"]  # one without a master is refused
        self.words = [program, "run", config, "--kernel", files.kernel, "--initrd", files.initrd, "--set",
                      "disk0.image=" + files.disk, *more, "--json", self.report, "--timeout-wall", "%ds" % LONGEST_S]

    def argv(self, reads):
        return [*self.words, "--append", reads_words(reads)]

    def instructions_of(self, reads, progress):
        self.boot(reads, progress)
        try:
            with open(self.report) as f:
                return json.load(f)["instructions"]
        except (OSError, ValueError, KeyError) as e:
            raise Failed("%s: the report does not tell instructions (%s)" % (self.report, e)) from e

    def count(self, progress):
        """One run more for each kind of read: what is on top of the one before is this kind's."""
        self.instructions, so_far = {}, self.instructions_of(NO_READS, progress)
        first, reads = so_far, dict(NO_READS)
        for kind, n in READS.items():
            reads[kind] = n
            now = self.instructions_of(reads, progress)
            self.instructions[kind], so_far = now - so_far, now
        self.instructions["all"] = so_far - first


class Qemu(Machine):
    def __init__(self, files, behind):
        super().__init__("QEMU, " + ("disk behind its SMMUv3" if behind else "without an SMMU"), behind)
        self.words = [QEMU, "-M", "virt,iommu=smmuv3" if behind else "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "512M",
                      "-accel", "tcg", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot", "-kernel", files.kernel,
                      "-initrd", files.initrd, "-drive", "if=none,id=disk0,format=raw,file=" + files.disk, "-device",
                      "virtio-blk-pci,disable-legacy=on,drive=disk0" + (",iommu_platform=on" if behind else "")]

    def argv(self, reads):
        return [*self.words, "-append", "%s %s" % (BOOTARGS, reads_words(reads))]

    @staticmethod
    def version():
        try:
            return subprocess.run([QEMU, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.splitlines()[0]
        except (OSError, IndexError):
            return "unknown"


class Files:
    """What all machines boot."""

    def __init__(self, folder, series):
        self.folder = folder
        self.packages = linux.Packages(linux.cache_folder(), series)
        self.packages.get(False)
        self.kernel = self.packages.kernel
        self.initrd = os.path.join(folder, "initramfs.cpio")
        with open(self.initrd, "wb") as f:
            f.write(linux.make_initramfs(self.packages, False, INIT))
        # A hole: what the host's file system takes is not what is measured.
        self.disk = os.path.join(folder, "disk.img")
        with open(self.disk, "wb") as f:
            f.truncate(DISK_BYTES)


def quotient(a, b):
    return a / max(b, 1e-9)


def beside(a, b):
    """@return a ratio, and it in words"""
    ratio = quotient(a.cpu, b.cpu)
    return ratio, "%.2fx (%.2f and %.2f s; elapsed %.2fx)" % (ratio, a.cpu, b.cpu, quotient(a.wall, b.wall))


def disk_rows(behind, plain, qemu):
    """@param qemu  behind its SMMUv3 and without one, or nothing"""
    rows = []
    for kind, work in WORDS.items():
        ns = [1e9 * m.took[kind].cpu / m.instructions[kind] for m in (behind, plain)]
        ratio = quotient(*ns)
        goal = ("at most %.2fx" % PER_INSTRUCTION_GOAL, ratio <= PER_INSTRUCTION_GOAL) if kind == "all" else ("", None)
        rows.append(Row("per-instruction-" + kind, work + ": host time of a guest instruction", "%.2fx (%.2f and %.2f ns)" % (ratio, *ns),
                        *goal, ratio))
    for kind, work in WORDS.items():
        counts = [m.instructions[kind] for m in (behind, plain)]
        ratio = quotient(*counts)
        rows.append(Row("guest-instructions-" + kind, work + ": guest instructions", "%.2fx (%.0f and %.0f million)" %
                        (ratio, counts[0] / 1e6, counts[1] / 1e6), ratio=ratio))
    for kind, work in WORDS.items():
        ratio, text = beside(behind.took[kind], plain.took[kind])
        goal, met = "", None
        if qemu:
            most, _ = beside(qemu[0].took[kind], qemu[1].took[kind])
            goal, met = ("at most QEMU's %.2fx" % most, ratio <= most) if kind == "all" else ("QEMU: %.2fx" % most, None)
        rows.append(Row("time-" + kind, work + ": host time", text, goal, met, ratio))
    for kind, work in WORDS.items() if qemu else ():
        rows.append(Row("qemu-" + kind, work + ": host time, QEMU", beside(qemu[0].took[kind], qemu[1].took[kind])[1]))
    return rows


def boot_rows(platform, qemu):
    own = platform.took["run"]
    if not qemu:
        return [Row("boot", "boot to power-off, host time", "%.2f s, elapsed %.2f s" % (own.cpu, own.wall))]
    rows = []
    for key, work, a, b in (("boot", "boot to power-off: host time", own.cpu, qemu.took["run"].cpu),
                            ("boot-elapsed", "boot to power-off: elapsed", own.wall, qemu.took["run"].wall)):
        ratio = quotient(a, b)
        rows.append(Row(key, work, "%.2fx (%.2f and %.2f s)" % (ratio, a, b), "at most %.1fx QEMU's" % BOOT_GOAL, ratio <= BOOT_GOAL, ratio))
    return rows


def interleaved(machines, reads, repeat, progress):
    """In turn, so that a busy time of the host meets all."""
    for _ in range(repeat):
        for machine in machines:
            machine.measure(reads, progress)


def disk(program, files, with_qemu, repeat, progress):
    platforms = [Platform(program, files, behind) for behind in (True, False)]
    qemu = [Qemu(files, behind) for behind in (True, False)] if with_qemu else []
    progress.expect(len(platforms) * (1 + len(READS)) + repeat * len(platforms + qemu))
    for machine in platforms:
        machine.count(progress)
    interleaved(platforms + qemu, READS, repeat, progress)
    return disk_rows(*platforms, qemu)


def boot(program, files, with_qemu, repeat, progress):
    platform, qemu = Platform(program, files, True), Qemu(files, True) if with_qemu else None
    machines = [platform, qemu] if qemu else [platform]
    progress.expect(repeat * len(machines))
    interleaved(machines, NO_READS, repeat, progress)
    return boot_rows(platform, qemu)


BENCHES = {"disk": (disk, "Debian's Linux makes 20,000 direct reads of 4 KiB and 256 of 1 MiB, from a disk behind the SMMU and from one "
                    "that is not, here and on QEMU."),
           "boot": (boot, "Debian's Linux boots and powers off, with a disk behind an SMMUv3, here and on QEMU.")}


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Failed("%s; %s --help lists the options" % (message, self.prog))


def times(text):
    if not re.fullmatch("[1-9][0-9]{0,2}", text):
        raise argparse.ArgumentTypeError("expected a number from 1 to 999, not '%s'" % text)
    return int(text)


def parse(argv):
    which, argv = argv[0], argv[1:]
    parser = Arguments(prog="./vp bench linux-" + which, allow_abbrev=False, description=BENCHES[which][1] +
                       " Host time is that of its processors; docs/smmu-engine.md. Some minutes.")
    parser.add_argument("--program", help=argparse.SUPPRESS, required=True)  # ./vp builds it and says where it is
    parser.add_argument("--repeat", metavar="N", type=times, default=3, help="runs of each machine, in turn; the least time counts (3)")
    parser.add_argument("--series", choices=sorted(linux.META), default="6.12", help="Debian's kernel series (6.12)")
    parser.add_argument("--save", metavar="FILE", help="write what was measured")
    parser.add_argument("--compare", metavar="FILE", help="tell what is 10 %% worse than in a file of --save, and exit with 1 if anything is")
    return which, parser.parse_args(argv)


def run(argv):
    which, args = parse(argv)
    name = "linux-" + which
    if args.save:
        check_writable(args.save)
    before = load(args.compare, name) if args.compare else None
    with_qemu = shutil.which(QEMU) is not None
    progress = Progress()
    with tempfile.TemporaryDirectory(prefix="smmu-vp-bench-") as folder:
        files = Files(folder, args.series)
        try:
            rows = BENCHES[which][0](args.program, files, with_qemu, args.repeat, progress)
        finally:
            progress.end()
        host = {"processor": processor(), "kernel": files.packages.release, "QEMU": Qemu.version() if with_qemu else "none"}
    print(table(rows), end="")
    if not with_qemu:
        print(NO_QEMU)
    if args.save:
        save(args.save, name, host, rows)
    if before is None:
        return 0
    text, worse = compare(before, host, rows)
    print("\ncompared with %s\n%s" % (args.compare, text), end="")
    return 1 if worse else 0


def main():
    linux.stop_signals()
    try:
        return run(sys.argv[1:])
    except (Failed, linux.Failed, lzma.LZMAError) as e:
        print("bench: %s" % e, file=sys.stderr)
        return 64
    except KeyboardInterrupt:
        return 130
    except linux.Stopped as e:
        return 128 + e.args[0]


if __name__ == "__main__":
    sys.exit(main())
