#!/usr/bin/env python3
"""What `./vp linux` does around the boot: packages, options, signals. Debian's tools and the simulator are stand-ins.

usage: script_test.py --program smmu-vp --source DIR CASE
A case is a function of this file whose name starts with case_. The stand-ins come first in PATH; each notes its calls.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOOLS = {
    "apt-get": """
case "$*" in
*" update") exit "${FAIL_UPDATE:-0}" ;;
esac
[ -z "${FAIL_DOWNLOAD:-}" ] || exit 100
echo kernel >"linux-image-6.99-arm64_6.99_arm64.deb"
echo busybox >"busybox-static_1.0_arm64.deb"
""",
    "apt-cache": 'echo "Package: meta"; echo "${DEPENDS:-Depends: linux-image-6.99-arm64 (= 6.99)}"',
    "dpkg-deb": """
[ "$1" = -x ] || { echo 1.0; exit; }
read -r what <"$2"
if [ "$what" = kernel ]; then
	mkdir -p "$3/boot" "$3/lib/modules/6.99-arm64/kernel"
	printf 'the kernel, and then its text' >"$3/boot/vmlinuz-6.99-arm64"
	for m in virtio_blk virtio_mmio ext4; do echo $m >"$3/lib/modules/6.99-arm64/kernel/$m.ko"; done
else
	mkdir -p "$3/bin"
	echo busybox >"$3/bin/busybox"
fi
""",
    "depmod": """
for m in virtio_blk virtio_mmio ext4; do echo "kernel/$m.ko:"; done >"$2/lib/modules/$3/modules.dep"
""",
    "mke2fs": 'for last; do :; done; eval "file=\\${$(($# - 1))}"; : >"$file"',
    "debugfs": "",
    "e2fsck": "",
}


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.bin, self.tmp = os.path.join(folder, "bin"), os.path.join(folder, "tmp")
        self.calls, self.cache = os.path.join(folder, "calls"), os.path.join(folder, "cache", "smmu-vp", "linux")
        os.mkdir(self.bin)
        os.mkdir(self.tmp)
        for name, text in TOOLS.items():
            self.tool(name, text)
        # Takes what smmu-vp takes, and says with which files it was called.
        self.simulator = self.tool("simulator", """
case " $* " in
*" --help "*) exec %s "$@" ;;
esac
WORDS="$*"
while [ $# -gt 0 ]; do
	[ "$1" != --kernel ] || { echo "kernel: $(cat "$2")"; }
	shift
done
[ -z "${SIMULATE:-}" ] || eval "$SIMULATE"
""" % args.program)
        self.env = {**os.environ, "PATH": self.bin + ":" + os.environ["PATH"], "TMPDIR": self.tmp,
                    "XDG_CACHE_HOME": os.path.join(folder, "cache")}
        self.command = [sys.executable, os.path.join(args.source, "platform", "linux", "linux.py"), "--program",
                        self.simulator, "--skip-without-packages"]

    def tool(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write('#!/bin/sh\necho "%s $*" >>"%s"\n%s' % (name, self.calls, text))
        os.chmod(path, 0o755)
        return path

    # --console: the stand-in's disk has no file system to look at afterwards.
    def run(self, *options, console=True, **env):
        if os.path.exists(self.calls):
            os.unlink(self.calls)
        r = subprocess.run([*self.command, *(["--console"] if console else []), *options], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True, env={**self.env, **env}, timeout=60)
        check("Traceback" not in r.stderr, "a Python traceback", r)
        check(os.listdir(self.tmp) == [], "files are left in the temporary folder", r)
        return r

    def called(self, pattern):
        try:
            with open(self.calls) as f:
                return re.search("(?m)^" + pattern, f.read()) is not None
        except FileNotFoundError:
            return False

    def boots(self, *options, **env):
        r = self.run(*options, **env)
        check(r.returncode == 0 and "kernel: the kernel, and then its text" in r.stdout, "it does not boot", r)
        return r

    def unpacked(self, *names):
        return os.path.join(self.cache, "6.12", "root", *names)


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode)
        print("--- stdout\n" + result.stdout[-8000:] + "\n--- stderr\n" + result.stderr[-4000:])
    sys.exit(1)


def case_only_an_archive_that_cannot_be_reached_skips(b):
    for env in ({"FAIL_UPDATE": "1"}, {"FAIL_DOWNLOAD": "1"}):
        r = b.run(**env)
        check(r.returncode == 77 and "SKIPPED: apt-get" in r.stderr, "expected 77 with %s" % env, r)
    b.command.remove("--skip-without-packages")
    r = b.run(FAIL_UPDATE="1")
    check(r.returncode == 64 and "apt-get update failed" in r.stderr, "a user does not get 64", r)


def case_a_tool_that_fails_is_an_error_and_no_skip(b):
    r = b.run(DEPENDS="Depends: linux-next-arm64")
    check(r.returncode == 64 and "linux-image-6.12-arm64 depends on no package" in r.stderr, "another name of the kernel", r)
    for tool in ("apt-cache", "dpkg-deb", "depmod", "mke2fs", "debugfs"):
        b.tool(tool, "echo broken >&2; exit 1\n")
        r = b.run()
        check(r.returncode == 64 and "broken" in r.stderr and "SKIPPED" not in r.stderr, tool, r)
        b.tool(tool, TOOLS[tool])
    b.boots()


def case_what_is_in_the_cache_is_used_without_the_network(b):
    b.boots()
    check(b.called("apt-get .* download"), "nothing was downloaded")
    r = b.boots()
    check(not b.called("apt-get") and not b.called("dpkg-deb"), "the cache is not used", r)
    b.boots("--update")
    check(b.called("apt-get .* download"), "--update does not download")


def case_damaged_files_of_the_cache_are_replaced_from_the_packages(b):
    b.boots()
    kernel = b.unpacked("boot", "vmlinuz-6.99-arm64")

    def overwrite(*names):
        with open(b.unpacked(*names), "r+b") as f:
            f.write(bytes(4))

    modules = ("lib", "modules", "6.99-arm64")
    for what, damage in (("zeroed bytes in the kernel", lambda: overwrite("boot", "vmlinuz-6.99-arm64")),
                         ("no kernel", lambda: os.unlink(kernel)),
                         ("another module", lambda: overwrite(*modules, "kernel", "ext4.ko")),
                         ("another busybox", lambda: overwrite("bin", "busybox")),
                         ("no modules", lambda: subprocess.run(["rm", "-r", b.unpacked(*modules)], check=True)),
                         ("nothing", lambda: subprocess.run(["rm", "-r", b.unpacked()], check=True))):
        damage()
        r = b.boots()
        check("unpacking the packages" in r.stderr and not b.called("apt-get"), what, r)
    with open(os.path.join(b.cache, "6.12", "linux-image-6.99-arm64_6.99_arm64.deb"), "a") as f:
        f.write("more")
    r = b.boots()
    check("damaged; getting them again" in r.stderr and b.called("apt-get .* download"), "a damaged package", r)


def case_update_waits_for_the_runs_that_use_the_packages(b):
    b.boots()
    fifo = os.path.join(b.folder, "go")
    os.mkfifo(fifo)
    env = {**b.env, "TMPDIR": b.folder}
    first = subprocess.Popen([*b.command, "--console"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.DEVNULL, env={**env, "SIMULATE": "cat '%s'" % fifo})
    first.stdout.readline()  # it has read the kernel, and waits
    update = subprocess.Popen([*b.command, "--console", "--update"], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    said = update.stderr.readline()
    check("waiting for another" in said, "--update does not wait, but says: " + said)
    b.boots()  # beside the other one
    with open(fifo, "w"):
        pass
    check(first.wait(60) == 0, "the first run failed")
    said = update.communicate(timeout=60)[1]
    check(update.returncode == 0 and "downloading" in said, "the update failed: " + said)


def case_a_signal_ends_the_simulator_and_leaves_no_files(b):
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        fifo = os.path.join(b.folder, number.name)
        os.mkfifo(fifo)
        # The simulator holds the pipe open until it ends.
        p = subprocess.Popen([*b.command, "--console"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL,
                             env={**b.env, "SIMULATE": "exec 3>'%s'; echo started >&3; exec sleep 600" % fifo})
        with open(fifo) as f:
            check(f.readline() == "started\n", "the simulator did not start")
            p.send_signal(number)
            f.read()
        code = p.wait()
        if number == signal.SIGKILL:  # the files stay then
            continue
        check(code == 128 + number, "%s: exit code %d" % (number.name, code))
        check(os.listdir(b.tmp) == [], "%s leaves %s" % (number.name, os.listdir(b.tmp)))


def reports(b):
    return "--json", os.path.join(b.folder, "j"), "--junit", os.path.join(b.folder, "u")


def write_reports(b):
    """What an earlier run, or the simulator, leaves: a run of the bundled guest that passed."""
    config = os.path.join(b.args.source, "vp-configs", "gki-smmuv3.toml")
    r = subprocess.run([b.args.program, "run", config, "--quiet", *reports(b)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    check(r.returncode == 0, "the test's own assumption: the bundled guest passes", r)


def told(b, code, verdict, reason):
    with open(os.path.join(b.folder, "j")) as f:
        report = json.load(f)
    check((report["exit_code"], report["verdict"]) == (code, verdict) and reason in report["reason"],
          "--json says %s" % [report[k] for k in ("exit_code", "verdict", "reason")])
    junit = xml.etree.ElementTree.parse(os.path.join(b.folder, "u")).getroot()
    failure = junit.find(".//testcase[@name='run']/failure")
    check(failure is not None and reason in failure.get("message"),
          "--junit does not say %r but %r" % (reason, failure is not None and failure.get("message")))
    check(int(junit.get("failures")) == len(junit.findall(".//failure")), "the count of failures")
    return report


def case_a_signal_gives_the_same_exit_code_as_the_simulators_report(b):
    # The simulator itself, on the bundled guest, which waits at its shell.
    config = os.path.join(b.args.source, "vp-configs", "gki-smmuv3.toml")
    simulate = "exec %s run %s --console --append init=none %s" % (b.args.program, config, " ".join(reports(b)))
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        p = subprocess.Popen([*b.command, "--console", *reports(b)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, env={**b.env, "SIMULATE": simulate}, start_new_session=True)
        for line in p.stdout:
            if "Type" in line:
                break
        # Ctrl-C comes to both, as from a terminal.
        (os.killpg if number == signal.SIGINT else os.kill)(p.pid, number)
        # Its input stays open: a guest without any would stand still.
        p.stdout.read()
        p.wait(60)
        check(p.returncode == 128 + number, "%s: exit code %d" % (number.name, p.returncode))
        told(b, 128 + number, "interrupted", "interrupted")


def case_a_run_that_does_not_come_to_the_simulator_says_so_in_its_reports(b):
    for options, env, code, reason in ((("--sereis", "6.1"), {}, 64, "did you mean '--series'"),
                                       (("--series", "7.0"), {}, 64, "--series"),
                                       (("--timeout-sim", "soon"), {}, 64, "is no time"),
                                       (("--disk", "nowhere.img"), {}, 64, "there is no file"),
                                       ((), {"FAIL_UPDATE": "1"}, 77, "apt-get update failed")):
        write_reports(b)
        r = b.run(*reports(b), *options, **env)
        check(r.returncode == code, "expected exit code %d" % code, r)
        told(b, code, "config", reason)
    r = b.run("--json=-", "--series", "7.0")
    check(r.returncode == 64 and json.loads(r.stdout)["exit_code"] == 64, "a report on standard output", r)


def case_a_simulator_that_dies_leaves_no_report_that_says_pass(b):
    write_reports(b)
    r = b.run(*reports(b), SIMULATE="kill -SEGV $$")
    check(r.returncode == 128 + signal.SIGSEGV and "died of SIGSEGV" in r.stderr, "expected exit code 139", r)
    told(b, 128 + signal.SIGSEGV, "internal", "SIGSEGV")


def case_a_disk_that_is_not_what_linux_wrote_fails_the_run_in_its_reports_too(b):
    write_reports(b)
    saved = " ".join(os.path.join(b.folder, name) for name in ("sj", "su"))
    for name in ("j", "u"):
        os.rename(os.path.join(b.folder, name), os.path.join(b.folder, "s" + name))
    b.tool("e2fsck", "echo a bent inode; exit 4\n")
    r = b.run(*reports(b), console=False, SIMULATE="cp %s %s" % (saved, b.folder) + "; cd '%s'; mv sj j; mv su u" % b.folder)
    check(r.returncode == 1 and "a bent inode" in r.stderr, "expected exit code 1", r)
    report = told(b, 1, "fail", "a bent inode")
    check(report["tests"]["passed"] > 0 and report["digest"], "what the guest did is gone")


def case_a_report_on_standard_output_has_it_alone(b):
    write_reports(b)
    saved = os.path.join(b.folder, "j")
    simulate = "echo a console; echo \"$*\" >'%s/words'; cp '%s' \"$(sed 's/.*--json //;s/ .*//' '%s/words')\"" % (b.folder, saved, b.folder)
    r = b.run("--json", "-", SIMULATE="set -- $WORDS; " + simulate)
    check(r.returncode == 0 and json.loads(r.stdout)["verdict"] == "pass", "no JSON on standard output", r)
    check("a console" in r.stderr, "the console is not on standard error", r)
    r = b.run("--json", "-", "--junit", "-")
    check(r.returncode == 64 and "cannot both have standard output" in r.stderr, "both", r)


def case_standard_output_that_is_closed_or_full_is_told_and_does_not_pass(b):
    for to in (">&-", ">/dev/full"):
        for words in (["--help"], ["--console"]):
            r = subprocess.run(["sh", "-c", '"$@" ' + to, "sh", *b.command, *words], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, env={**b.env, "SIMULATE": "exec %s --version" % b.args.program}, timeout=60)
            check(r.returncode == 70 and r.stderr.count("cannot write to standard output") == 1, "%s %s: expected exit code 70" % (words, to), r)
    r = subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *b.command, "--console"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       env=b.env, timeout=60)
    check(r.returncode == 0 and "linux:" not in r.stdout, "messages go to standard output", r)


def case_mistakes_in_the_options_are_told_before_packages_are_fetched(b):
    for options, said in ((("--sereis", "6.1"), "unknown option '--sereis'; did you mean '--series'?"),
                          (("--trce", "smmu"), "unknown option '--trce'; did you mean '--trace'?"),
                          (("--series", "7.0"), "--series"),
                          (("--kernel",), "--kernel"),
                          (("--kernel", os.path.join(b.folder, "bin", "depmod")), "--kernel needs --initrd"),
                          (("--initrd", "nowhere.cpio"), "there is no file 'nowhere.cpio'"),
                          (("--disk", "nowhere.img"), "there is no file 'nowhere.img'"),
                          (("--timeout-sim",), "timeout-sim")):
        r = b.run(*options)
        check(r.returncode == 64 and said in r.stderr, "expected 64 and: " + said, r)
        check(not b.called("apt-get"), "packages were fetched first", r)
        for internal in ("--program", "--skip-without-packages", "usage:"):
            check(internal not in r.stderr, internal, r)
    r = b.run("nowhere.toml", console=False)
    check(r.returncode == 64 and "there is no configuration 'nowhere.toml'" in r.stderr, "another configuration", r)
    r = b.run("--help")
    check(r.returncode == 0 and "--program" not in r.stdout and "--series" in r.stdout, "--help", r)


def case_an_image_of_the_users_own_is_the_only_one_and_is_not_judged(b):
    image = os.path.join(b.folder, "own.img")
    with open(image, "wb") as f:
        f.write(bytes(512))
    b.run(console=False)
    check(b.called("mke2fs") and b.called("e2fsck"), "no disk was made and judged")
    for options in (("--disk", image), ("--set", "disk0.image=" + image), ("--set=disk0.image=" + image,)):
        r = b.run(*options, console=False)
        check(r.returncode == 0, "expected exit code 0", r)
        check(b.called("simulator .*disk0.image=" + image), "the image is not used", r)
        check(not b.called("mke2fs") and not b.called("e2fsck"), "another disk was made, or this one judged", r)


def case_a_run_of_the_scripts_own_tests_asks_for_results(b):
    for options, asked in (((), "--min-tests 1"), (("--min-tests", "3"), "--min-tests 3"), (("--console",), None)):
        b.run(*options, console=False)
        check(bool(b.called("simulator .*--min-tests")) == (asked is not None), "asked with %s" % (options,))
        check(asked is None or b.called("simulator .*%s" % asked), "not %s with %s" % (asked, options))
        check(not b.called("simulator .*--min-tests.*--min-tests"), "asked twice")


def case_the_configuration_alone_says_what_brings_its_files(b):
    config = os.path.join(b.args.source, "vp-configs", "linux-smmuv3.toml")
    for command in ("run", "check"):
        r = subprocess.run([b.args.program, command, config], capture_output=True, text=True)
        check(r.returncode == 64 and "\n  ./vp linux brings kernel, initramfs and disk image" in r.stderr, command, r)


def case_a_platform_with_a_gpu_gets_a_program_for_it_and_no_disk(b):
    config = os.path.join(b.args.source, "vp-configs", "linux-panfrost.toml")
    r = b.run(config, console=False, SIMULATE="for w in $WORDS; do case $w in *.cpio) grep -aoE '(bin/gpu|gpu-init|renderD128)' $w | sort -u ;; esac; done")
    check(r.returncode == 0, "expected exit code 0", r)
    check("bin/gpu\n" in r.stdout and "renderD128\n" in r.stdout, "the program is not in the initramfs", r)
    check(not b.called("mke2fs") and not b.called("e2fsck") and not b.called("simulator run .*disk0"), "a disk was made", r)


def case_a_platform_with_counter_groups_gets_programs_that_count_and_others_get_none(b):
    for name, programs in (("linux-mmu-600.toml", ["/dev/vfio/vfio", "cannot count"]), ("linux-smmuv3.toml", [])):
        config = os.path.join(b.args.source, "vp-configs", name)
        r = b.run(config, console=False, SIMULATE="for w in $WORDS; do case $w in *.cpio) grep -aoE '(cannot count|/dev/vfio/vfio)' $w | sort -u ;; esac; done; exit 1")
        check("kernel: " in r.stdout, "it does not boot", r)
        found = re.findall("cannot count|/dev/vfio/vfio", r.stdout)
        check(found == programs, "%s has %s" % (name, found), r)


def run_case(cases):
    """@param cases  the names of a file of cases"""
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    signal.alarm(100)  # for what hangs
    with tempfile.TemporaryDirectory() as folder:
        cases["case_" + args.case](Bench(args, folder))


if __name__ == "__main__":
    run_case(globals())
