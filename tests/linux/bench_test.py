#!/usr/bin/env python3
"""What `./vp bench linux-disk` and `linux-boot` make of what Linux tells; simulator, QEMU and Debian's tools are stand-ins.

usage: bench_test.py --program smmu-vp --source DIR CASE
A case is a function of this file whose name starts with case_.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "bench")]
import linux_bench  # noqa: E402
from bench_table import table  # noqa: E402
from script_test import Bench, check, run_case  # noqa: E402

# The guest on any machine: $behind is yes or no. WRONG spoils what it says.
GUEST = r"""
for word; do
	case $word in
	*reads_4k=*)
		small=${word#*reads_4k=} small=${small%% *}
		large=${word#*reads_1M=} large=${large%% *}
		;;
	esac
	[ "${before:-}" != --json ] || json=$word
	before=$word
done
guest() {
	echo "Linux version 6.99"
	case $behind in yes) domain=DMA-FQ ;; *) domain=none ;; esac
	[ "${WRONG:-}" != domain ] || domain=identity
	echo "bench: domain $domain"
	[ "$small" = 0 ] || printf 'bench: begin 4k\r\nbench: end 4k\r\n'
	[ "$large" = 0 ] || echo "bench: begin 1M"
	[ "$large" = 0 ] || [ "${WRONG:-}" = end ] || echo "bench: end 1M"
	[ "${WRONG:-}" != read ] || echo "bench: read failed: dd: /dev/vda: Input/output error"
}
[ "${WRONG:-}" != missing ] || exit 0
guest
[ "${WRONG:-}" != status ] || { echo "the simulator is unwell" >&2; exit 1; }
"""
SIMULATOR = r"""
config=$2 behind=no
if grep -q '^behind.*stream = 0x110' "$config"; then behind=yes; fi
grep -q '^behind.*stream = 0x100' "$config" || exit 64
""" + GUEST + r"""
case $behind in yes) each=60000 ;; *) each=50000 ;; esac
[ "${WRONG:-}" = report ] || echo "{\"instructions\": $((900000000 + each * small + 1000000 * large))}" >"$json"
"""
QEMU = r"""
case "$1" in --version) echo "QEMU emulator version 9.9"; exit ;; esac
case " $* " in *" virt,iommu=smmuv3 "*iommu_platform=on*) behind=yes ;; *) behind=no ;; esac
""" + GUEST


def run(b, which, *options, qemu=True, **env):
    b.simulator = b.tool("simulator", SIMULATOR)
    if qemu:
        b.tool(linux_bench.QEMU, QEMU)
    else:  # a PATH with what is needed, for the host may have one
        for name in ("sh", "grep", "cat", "mkdir"):
            os.symlink(shutil.which(name), os.path.join(b.bin, name))
        env["PATH"] = b.bin
    argv = [sys.executable, os.path.join(b.args.source, "tests", "bench", "linux_bench.py"), which, "--program", b.simulator, *options]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**b.env, **env}, timeout=60, cwd=b.folder)


def calls(b):
    """Runs of both machines in order, and forgets them."""
    with open(b.calls) as f:
        lines = [line for line in f if re.match("simulator run|%s -M" % linux_bench.QEMU, line)]
    os.unlink(b.calls)
    return lines


def line_of(text, start):
    found = [line for line in text.splitlines() if line.startswith(start)]
    check(len(found) == 1, "expected one line that starts with %r in:\n%s" % (start, text))
    return found[0]


def machine(small, large, wall=1, instructions=None):
    """One that has made its reads in so many seconds of processor time."""
    took = {"4k": small, "1M": large, "all": small + large, "run": small + large}
    return SimpleNamespace(took={k: linux_bench.Time(t, t * wall) for k, t in took.items()},
                           instructions=instructions and {"4k": instructions[0], "1M": instructions[1], "all": sum(instructions)})


# ---- rows

def case_time_by_instruction_meets_its_goal_up_to_5_percent_more(_):
    for seconds, verdict in ((1.04, "met"), (1.06, "missed")):
        rows = linux_bench.disk_rows(machine(2 * seconds, 1.2 * seconds, 1, (2e9, 1.2e9)), machine(1, 0.6, 1, (1e9, 0.6e9)), [])
        told = line_of(table(rows), "all reads: host time of a guest instruction")
        check("%.2fx (%.2f and 1.00 ns)" % (seconds, seconds) in told and "at most 1.05x" in told and told.endswith(verdict), told)
        told = line_of(table(rows), "all reads: guest instructions")
        check("2.00x (3200 and 1600 million)" in told, told)


def case_time_of_all_reads_meets_its_goal_up_to_what_qemu_has(_):
    qemu = [machine(3, 1, 2), machine(1.5, 1)]
    for seconds, verdict in ((1.55, "met"), (1.65, "missed")):
        text = table(linux_bench.disk_rows(machine(seconds, seconds, 2, (1e9, 1e9)), machine(1, 1, 1, (1e9, 1e9)), qemu))
        told = line_of(text, "all reads: host time  ")
        check("%.2fx (%.2f and 2.00 s; elapsed %.2fx)" % (seconds, 2 * seconds, 2 * seconds) in told, told)
        check("at most QEMU's 1.60x" in told and told.endswith(verdict), told)
        told = line_of(text, "reads of 4 KiB: host time  ")
        check("QEMU: 2.00x" in told and not told.endswith(("met", "missed")), told)
        check("1.60x (4.00 and 2.50 s; elapsed 3.20x)" in line_of(text, "all reads: host time, QEMU"), text)


def case_a_boot_meets_its_goal_up_to_what_qemu_takes(_):
    for seconds, wall, verdicts in ((0.9, 2, ("met", "missed")), (1.1, 0.5, ("missed", "met"))):
        text = table(linux_bench.boot_rows(machine(seconds, 0, wall), machine(1, 0)))
        for work, verdict in zip(("boot to power-off: host time", "boot to power-off: elapsed"), verdicts):
            told = line_of(text, work)
            check("at most 1.0x QEMU's" in told and told.endswith(" " + verdict), told)
    check("0.90x (0.90 and 1.00 s)" in table(linux_bench.boot_rows(machine(0.9, 0), machine(1, 0))), "another ratio")


def case_the_least_of_all_runs_counts(_):
    least = linux_bench.Time(2, 9).least(linux_bench.Time(3, 4))
    check((least.cpu, least.wall) == (2, 4), "%s, %s" % (least.cpu, least.wall))


# ---- runs

def case_the_disk_is_read_on_all_machines_in_turn(b):
    r = run(b, "disk", "--repeat", "2")
    check(r.returncode == 0, "expected exit code 0", r)
    check("1.20x (1200 and 1000 million)" in line_of(r.stdout, "reads of 4 KiB: guest instructions"), "another count", r)
    check("1.00x (256 and 256 million)" in line_of(r.stdout, "reads of 1 MiB: guest instructions"), "another count", r)
    check("at most QEMU's" in line_of(r.stdout, "all reads: host time  "), "no goal", r)
    made = calls(b)
    counted, timed = made[:6], made[6:]
    words = [re.search("reads_.*", line)[0].strip() for line in counted]
    check(words == ["reads_4k=0 reads_1M=0", "reads_4k=20000 reads_1M=0", "reads_4k=20000 reads_1M=256"] * 2, words)
    check(all("reads_4k=20000 reads_1M=256" in line for line in timed), timed)
    behind, plain, with_smmu, without = timed[:4]
    check("linux-smmuv3.toml" in behind and "smmu0.tbus" not in behind, behind)
    check("not-behind.toml" in plain and "--set smmu0.tbus=1" in plain, plain)
    check("-M virt,iommu=smmuv3 " in with_smmu and "iommu_platform=on" in with_smmu, with_smmu)
    check("-M virt " in without and "iommu_platform" not in without, without)
    check(all("-smp 1" in line and "-accel tcg" in line for line in (with_smmu, without)), with_smmu)
    check([line.split()[:4] for line in timed[4:]] == [line.split()[:4] for line in timed[:4]], "not in turn")


def case_linux_boots_the_same_files_here_and_on_qemu(b):
    r = run(b, "boot", "--repeat", "3")
    check(r.returncode == 0 and "boot to power-off: host time" in r.stdout and "elapsed" in r.stdout, "expected two rows", r)
    made = calls(b)
    check([line.split()[0] for line in made] == ["simulator", linux_bench.QEMU] * 3, made)
    for option in ("kernel", "initrd"):
        check(len({re.search("-%s ([^ ]+)" % option, line)[1] for line in made}) == 1, made)
    check(all("reads_4k=0 reads_1M=0" in line for line in made), made)
    with open(os.path.join(b.args.source, "vp-configs", "linux-smmuv3.toml")) as f:
        words = re.search('(?m)^bootargs = "(.*)"', f.read())[1]
    check("-append %s " % words in made[1], "QEMU's kernel gets other words", made[1])


def case_without_qemu_the_rest_is_measured(b):
    for which, row in (("boot", "boot to power-off, host time"), ("disk", "all reads: host time of a guest instruction")):
        folder = os.path.join(b.folder, which)
        os.mkdir(folder)
        other = Bench(b.args, folder)
        check(run(other, which).returncode == 0, "the packages do not come")
        os.unlink(os.path.join(other.bin, linux_bench.QEMU))
        calls(other)
        r = run(other, which, "--repeat", "1", qemu=False)
        check(r.returncode == 0 and row in r.stdout, "expected exit code 0", r)
        check("apt-get install qemu-system-arm" in r.stdout, "no word of the package", r)
        check(all(line.startswith("simulator") for line in calls(other)), "QEMU was called")


def case_a_run_that_is_not_what_was_asked_for_is_refused(b):
    for wrong, reason in (("domain", "the disk's IOMMU domain is 'identity', expected DMA"), ("end", "does not tell the end of reads of 1 MiB"),
                          ("read", "the guest says: read failed: dd: /dev/vda: Input/output error"), ("missing", "does not tell of its disk"),
                          ("status", "it ended with 1\n"), ("report", "does not tell instructions")):
        r = run(b, "disk", "--repeat", "1", WRONG=wrong)
        check(r.returncode == 64 and "bench: " in r.stderr and reason in r.stderr and r.stdout == "", "expected exit code 64", r)
        check(wrong != "status" or "the simulator is unwell" in r.stderr, "no word of the simulator", r)
        check(os.listdir(b.tmp) == [], "files stay")


def case_a_configuration_without_a_disk_behind_the_smmu_is_refused(_):
    text = '[disk0]\ntype = "virtio-blk"\n\n[dma0]\nbehind = { smmu = "smmu0" }\n'
    try:
        linux_bench.not_behind(text)
    except linux_bench.Failed as e:
        check("has no [disk0] with a line 'behind'" in str(e), str(e))
    else:
        check(False, "another component's line was left out")


def case_options_that_are_mistakes_are_told_before_anything_runs(b):
    for options, reason in ((("--repeat", "0"), "expected a number from 1 to 999, not '0'"), (("--repeat", "x"), "not 'x'"),
                            (("--nosuch",), "unrecognized arguments: --nosuch"), (("--save", os.path.join(b.folder, "none", "x")), "cannot write"),
                            (("--compare", os.path.join(b.folder, "none")), "cannot read")):
        r = run(b, "disk", *options)
        check(r.returncode == 64 and reason in r.stderr, "expected exit code 64 and %r" % reason, r)
    check(not os.path.exists(b.calls), "something was run")


def case_figures_are_compared_with_those_of_a_file(b):
    path = os.path.join(b.folder, "before.json")
    r = run(b, "disk", "--repeat", "1", "--save", path)
    check(r.returncode == 0, "expected exit code 0", r)
    with open(path) as f:
        record = json.load(f)
    check(record["bench"] == "linux-disk" and record["host"]["kernel"] == "6.99-arm64" and record["host"]["QEMU"] == "QEMU emulator version 9.9", record)
    check(record["rows"]["guest-instructions-4k"]["ratio"] == 1.2, record)
    for row in record["rows"].values():  # times of stand-ins tell nothing
        row["ratio"] = 1e6
    for ratio, code in ((1.15, 0), (1.05, 1)):
        record["rows"]["guest-instructions-4k"]["ratio"] = ratio
        with open(path, "w") as f:
            json.dump(record, f)
        r = run(b, "disk", "--repeat", "1", "--compare", path)
        check(r.returncode == code, "expected exit code %d" % code, r)
        check(code == 0 or "reads of 4 KiB: guest instructions" in r.stdout.split("compared with")[1], "the row is not told", r)
    r = run(b, "boot", "--compare", path)
    check(r.returncode == 64 and 'benchmark "linux-disk"' in r.stderr, "another benchmark's file is taken", r)


if __name__ == "__main__":
    run_case(globals())
