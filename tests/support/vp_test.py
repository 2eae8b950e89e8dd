#!/usr/bin/env python3
"""The script `vp` in a clone of its own, with stand-ins for what installs, configures and builds.

usage: vp_test.py --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed; 77: skipped, and it said why. The stand-ins
come first in PATH; each notes its calls, and one of them waits, if BLOCK names it, until somebody writes into a pipe.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SKIP = 77
TOOLS = {
    "dpkg-query": 'for last; do :; done; [ -e "$ROOT/installed" ] && echo "all installed"',
    "dpkg": "echo amd64",
    "sudo": 'exec "$@"',
    "apt-get": ': >"$ROOT/installed"',
    "cmake": 'mkdir -p "build/$2" && : >"build/$2/build.ninja"',
    # Like the real one, it writes its log whenever it is not asked what it would do.
    "ninja": """
case " $* " in *" -n "*) cd "$2"; [ -e bin/smmu-vp ] && echo "[0/1] Guest kernel and modules" || echo "[1/9] Linking"; exit ;; esac
cd "$2" && echo used >>.ninja_log && mkdir bin sw || exit 1
[ -z "${DAEMON:-}" ] || { sleep 1000 >/dev/null 2>&1 & echo $! >"$ROOT/daemon"; }
[ -z "${FAIL:-}" ] || exit 1
: >sw/Image
printf '#!/bin/sh\\necho program "$@"\\n[ -z "${WAIT:-}" ] || read -r line <"$ROOT/go"\\n' >bin/smmu-vp
chmod +x bin/smmu-vp
""",
    "make": "",
}


class Bench:
    def __init__(self, args, folder):
        self.source, self.folder, self.top = args.source, folder, os.path.join(folder, "clone")
        os.chmod(folder, 0o755)  # for another user
        os.mkdir(self.top)
        shutil.copy(os.path.join(args.source, "vp"), self.top)
        self.vp, self.calls = os.path.join(self.top, "vp"), os.path.join(folder, "calls")
        self.bin = os.path.join(folder, "bin")
        os.mkdir(self.bin)
        for name, text in TOOLS.items():
            self.tool(name, text)
        os.mkfifo(os.path.join(folder, "go"))
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("VP_")},
                    "PATH": self.bin + ":" + os.environ["PATH"], "ROOT": folder}

    def tool(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w") as f:
            f.write('#!/bin/sh\necho "%s $*" >>"$ROOT/calls" 2>/dev/null\n' % name +
                    '[ "${BLOCK:-}" != %s ] || { case " $* " in *" -n "* | *" update "*) ;; *) read -r line <"$ROOT/go" ;; esac; }\n%s\n' % (name, text))
        os.chmod(path, 0o755)

    def start(self, *words, **env):
        return subprocess.Popen([self.vp, *(words or ("run", "x.toml"))], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env={**self.env, **env}, start_new_session=True)

    def run(self, *words, user=(), **env):
        return subprocess.run([*user, self.vp, *(words or ("run", "x.toml"))], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              env={**self.env, **env}, timeout=60, cwd=self.folder)  # where another user may be, too

    def go(self):
        with open(os.path.join(self.folder, "go"), "w") as f:
            f.write("go\n")

    def called(self, start):
        with open(self.calls) as f:
            return sum(line.startswith(start) and " -n" not in line for line in f)

    def snapshot(self):
        """All that is there, and when it was written."""
        return {path: os.lstat(os.path.join(path)).st_mtime_ns for folder, folders, files in os.walk(self.top)
                for path in (os.path.join(folder, name) for name in [*folders, *files])}


def check(condition, text, result=None):
    if condition:
        return
    print("FAILED:", text)
    if result is not None:
        print("exit code", result.returncode)
        print("--- stdout\n" + result.stdout[-3000:] + "\n--- stderr\n" + result.stderr[-3000:])
    sys.exit(1)


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIP)


def said_by(process, what):
    """Its messages up to the one with `what`."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if what in line:
            return lines
    check(False, "it does not say %r but: %s" % (what, "".join(lines)))


def case_two_first_runs_at_once_install_and_build_one_after_the_other(b):
    for tool, message in (("apt-get", "installing them"), ("cmake", "configuring"), ("ninja", "building")):
        shutil.rmtree(os.path.join(b.top, "build"), ignore_errors=True)
        for path in (b.calls, os.path.join(b.folder, "installed")):
            if os.path.exists(path):
                os.unlink(path)
        first = b.start(BLOCK=tool)
        said_by(first, message)
        second = b.start()
        said_by(second, "waiting for another ./vp that builds in")
        b.go()
        for p in (first, second):
            out, err = p.communicate(timeout=60)
            check(p.returncode == 0 and out == "program run x.toml\n", "%s: exit code %d: %s%s" % (tool, p.returncode, out, err))
        # apt-get updates, and installs.
        check((b.called("apt-get"), b.called("cmake"), b.called("ninja")) == (2, 1, 1), "%s: something was done twice" % tool)


def case_a_build_that_is_killed_gives_the_lock_up(b):
    first = b.start(BLOCK="ninja")
    said_by(first, "building")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second = b.run()
    check(second.returncode == 0 and "waiting" not in second.stderr, "the lock outlives its holder", second)


def case_what_a_build_starts_and_the_program_do_not_hold_the_lock(b):
    first = b.start(DAEMON="1", WAIT="1")
    check(first.stdout.readline() == "program run x.toml\n", "the program does not run")
    shutil.rmtree(os.path.join(b.top, "build", "release", "bin"))  # something to do again
    shutil.rmtree(os.path.join(b.top, "build", "release", "sw"))
    second = b.start()
    said = second.stderr.readline()
    with open(os.path.join(b.folder, "daemon")) as f:
        os.kill(int(f.read()), signal.SIGKILL)
    b.go()
    for p in (first, second):
        p.communicate(timeout=60)
    check("waiting" not in said and second.returncode == 0, "something that was started holds the lock: " + said)


def case_where_nothing_is_to_be_done_nothing_is_written(b):
    check(b.run().returncode == 0, "the first run")
    before = b.snapshot()
    r = b.run()
    check(r.returncode == 0 and r.stdout == "program run x.toml\n" and r.stderr == "", "the second run", r)
    check(b.snapshot() == before, "it has written")
    # The guest's make has something to do, and ninja does not know.
    b.tool("make", "exit 1")
    b.run()
    check(b.called("ninja") == 2, "the guest is not built again")


def other_user(b):
    """What runs a command without the right to write into the clone."""
    if os.getuid() == 0:
        if not shutil.which("setpriv"):
            skip("there is no setpriv, and root may write everywhere")
        return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    for folder, _, _ in os.walk(b.top):
        os.chmod(folder, 0o555)
    return []


def read_only_checks(b, user):
    r = b.run(user=user)
    check(r.returncode == 0 and r.stdout == "program run x.toml\n" and r.stderr == "", "it does not run", r)
    r = b.run("build", "asan", user=user)
    check(r.returncode == 70 and "cannot be written" in r.stderr, "expected exit code 70", r)
    for fix in ("VP_NO_BUILD=1", "git clone " + b.top):
        check(fix in r.stderr, "the fix is not named: " + fix, r)


def case_a_checkout_of_another_user_runs_and_a_build_that_is_due_names_the_fix(b):
    b.run()
    shutil.copytree(os.path.join(b.top, "build", "release"), os.path.join(b.top, "build", "dev"))
    user = other_user(b)
    read_only_checks(b, user)
    b.tool("ninja", 'echo "[1/2] Linking"')
    r = b.run(user=user)
    check(r.returncode == 70 and "build/release is not up to date, but" in r.stderr, "expected exit code 70", r)
    r = b.run("test", user=user, VP_NO_BUILD="1")
    check(r.returncode == 70 and "ctest writes its logs" in r.stderr and "git clone" in r.stderr, "expected exit code 70", r)
    r = b.run(user=user, VP_NO_BUILD="1")
    check(r.returncode == 0 and r.stdout == "program run x.toml\n" and r.stderr == "", "VP_NO_BUILD=1 does not run it", r)


def case_a_checkout_that_is_mounted_read_only_runs(b):
    b.run()
    mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'
    unshare = ["unshare", "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*unshare, "sh", "-c", mount, b.top], capture_output=True).returncode != 0:
        skip("this machine does not let us mount anything")
    read_only_checks(b, [*unshare, "sh", "-c", mount + ' && exec "$@"', b.top])


def case_vp_no_build_says_what_is_missing(b):
    for words, missing in ((("run", "x.toml"), "release/bin/smmu-vp"), (("linux",), "release/bin/smmu-vp"), (("test",), "dev/bin/smmu-vp"),
                           (("bench",), "dev/bin/pgtable_bench")):
        r = b.run(*words, VP_NO_BUILD="1")
        check(r.returncode == 64 and "build/%s is missing" % missing in r.stderr and "./vp build " + missing.split("/")[0] in r.stderr,
              "%s: expected exit code 64" % (words,), r)
    check(not os.path.exists(os.path.join(b.top, "build")), "something was built")


def case_a_build_that_fails_leaves_no_report_of_an_earlier_run(b):
    report, junit, other = (os.path.join(b.folder, name) for name in ("report.json", "junit.xml", "other"))
    for command in (("run", "x.toml"), ("linux",), ("smmu-vp", "run", "x.toml")):
        for options in (("--json", report, "--junit", junit), ("--json=" + report, "--junit=" + junit), ("--json", other, "--junit", other)):
            with open(report, "w") as f:
                json.dump({"schema": "smmu-vp-report-1", "verdict": "pass"}, f)
            with open(junit, "w") as f:
                f.write("<?xml version=\"1.0\"?>\n<testsuites/>")
            with open(other, "w") as f:
                f.write("[boot]\n")
            r = b.run(*command, *options, FAIL="1")
            shutil.rmtree(os.path.join(b.top, "build"))
            check(r.returncode == 70, "expected exit code 70", r)
            sizes = [os.path.getsize(p) for p in (report, junit)]
            check((sizes == [0, 0]) == (other not in options), "%s: sizes %s" % (options, sizes))
            check(os.path.getsize(other) == 7, "what is no report is gone")


def case_packages_of_another_architecture_are_not_taken_for_ours(b):
    b.tool("dpkg-query", 'echo "arm64 installed"; [ ! -e "$ROOT/installed" ] || echo "amd64 installed"')
    r = b.run()
    check(r.returncode == 0 and b.called("apt-get") == 2, "they are", r)
    shutil.rmtree(os.path.join(b.top, "build"))
    r = b.run()
    check(r.returncode == 0 and b.called("apt-get") == 2, "two architectures' are taken for none", r)


def case_what_the_script_cannot_write_is_told(b):
    r = subprocess.run(["sh", "-c", '"$@" >/dev/full', "sh", b.vp, "help"], capture_output=True, text=True, env=b.env)
    check(r.returncode == 70 and "cannot write" in r.stderr, "expected exit code 70", r)
    r = subprocess.run(["sh", "-c", '"$@" >&-', "sh", b.vp, "help"], capture_output=True, text=True, env=b.env)
    check(r.returncode == 70 and "cannot write" in r.stderr, "expected exit code 70", r)


def case_the_guests_make_knows_that_there_is_nothing_to_do(b):
    if not shutil.which("aarch64-linux-gnu-gcc"):
        skip("there is no aarch64-linux-gnu-gcc")
    make = ["make", "-s", "-C", os.path.join(b.source, "sw"), "O=" + os.path.join(b.folder, "sw")]
    check(subprocess.run([*make, "-j2"], capture_output=True).returncode == 0, "make fails")
    check(subprocess.run([*make, "-q"]).returncode == 0, "make -q says that there is something to do")
    os.utime(os.path.join(b.folder, "sw", "modules", "arm-smmu-v3.mod.c"), (0, 0))
    check(subprocess.run([*make, "-q"]).returncode == 1, "make -q says that there is nothing to do")


def case_a_symbolic_link_to_the_script_finds_its_checkout(b):
    link = os.path.join(b.folder, "link")
    os.symlink(b.vp, link)
    r = subprocess.run([link, "run", "x.toml"], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=b.env, timeout=60)
    assert r.returncode == 0 and "program run x.toml" in r.stdout, r
    assert os.path.exists(os.path.join(b.top, "build")), "it built elsewhere"


def case_a_folder_with_blanks_is_refused_by_name(b):
    place = os.path.join(b.folder, "a b")
    os.mkdir(place)
    shutil.copy(b.vp, place)
    r = subprocess.run([os.path.join(place, "vp"), "run", "x.toml"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       env=b.env, timeout=60)
    assert r.returncode == 64 and "a b" in r.stderr and "blanks" in r.stderr, r


# ---- ./vp bench smmu: what it makes of figures that stand-ins tell

# 10 ns whatever is measured, but what SLOW names: "bypass 12" makes a bypass take 12 ns.
BENCH_HOP = r"""#!/bin/sh
if [ $# -lt 2 ]; then
	echo "modes: hop loads timed untimed bypass disabled main_hit warm cold nested ${MODES:-}" >&2
	exit 64
fi
ns=10
case ${SLOW:-} in "$1 "*) ns=${SLOW#* } ;; esac
case $1 in
v2-init) echo "$1: 0 failures, 130.0 us for 128 streams and 128 banks" ;;
esac
echo "$1: 0 failures, $ns ns and 1.000 loads an access"
"""


def google_benchmark(names):
    """A stand-in that prints what Google Benchmark prints of these; an invalidation takes 20 ns."""
    record = {"context": {"entry_bytes": "64", "l2_bytes": "1048576", "compiler": "${COMPILER:-cc 1}"},
              "benchmarks": [{"name": n, "run_name": n + "/min_time:0.050", "run_type": "iteration", "time_unit": "ns",
                              "cpu_time": 20 if "by address" in n else 10} for n in names]}
    return "#!/bin/sh\ncat <<END\n%s\nEND\n" % json.dumps(record)


BENCH_PROGRAMS = {
    "smmu_hop": BENCH_HOP,
    "smmu_core_bench": google_benchmark(
        ["%s/%d/%d" % (what, s, p) for what in ("hit", "loads", "main TLB hit", "hit, timed", "main TLB hit, timed")
         for s, p in ((1, 1), (1, 64), (16, 64), (65536, 65536), (1, 1000000), (65536, 1000000))]),
    "smmu_cache_bench": google_benchmark(
        ["%s: %s/entries:%d/ways:0" % (part, what, n) for part in ("micro TLB", "main TLB", "walk cache", "IPA cache")
         for what in ("lookup", "insert", "by address, insert") for n in (64, 65536)]),
}
# 100 instructions a call, whatever is called, and more of what SLOW_COUNT names.
VALGRIND = r"""
for word; do
	case $word in
	--iterations=*) count=${word#*=} ;;
	[0-9]*000) count=$word ;;
	esac
done
each=100
case " $* " in *"${SLOW_COUNT:-nothing}"*) each=150 ;; esac
echo "==1== Collected : $((1000 + each * count))" >&2
"""


def bench_smmu(b, *options, library=("--build-tree",), counted=True, **env):
    """A run with stand-ins for the programs, and for valgrind or without it."""
    where = os.path.join(b.top, "build", "dev", "bin")
    os.makedirs(where, exist_ok=True)
    shutil.copytree(os.path.join(b.source, "tests", "bench"), os.path.join(b.top, "tests", "bench"), dirs_exist_ok=True)
    for name, text in BENCH_PROGRAMS.items():
        with open(os.path.join(where, name), "w") as f:
            f.write(text)
        os.chmod(os.path.join(where, name), 0o755)
    if counted:
        b.tool("valgrind", VALGRIND)
    else:
        if os.path.exists(os.path.join(b.bin, "valgrind")):
            os.unlink(os.path.join(b.bin, "valgrind"))
        # A PATH with nothing but what the script needs, for the host may have one.
        for name in ("sh", "env", "python3", "dirname", "readlink", "uname", "cat"):
            link = os.path.join(b.bin, name)
            if not os.path.lexists(link):
                os.symlink(shutil.which(name), link)
        env["PATH"] = b.bin
    return b.run("bench", "smmu", *library, *options, VP_NO_BUILD="1", **env)


def line_of(text, start):
    found = [line for line in text.splitlines() if line.startswith(start)]
    check(len(found) == 1, "expected one line that starts with %r in:\n%s" % (start, text))
    return found[0]


def case_bench_smmu_prints_rows_that_line_up_with_goals_met_and_missed(b):
    r = bench_smmu(b, SLOW_COUNT="smmu_hop untimed")
    check(r.returncode == 0 and r.stderr.startswith("vp: some minutes"), "it does not run", r)
    lines = r.stdout.splitlines()
    goal = lines[0].index("goal")
    check(all(line[goal - 1] == " " and line[goal] != " " for line in lines), "the columns do not line up", r)
    check(line_of(r.stdout, "TLB hit, timing off, one master").endswith("met"), "50 instructions more than a hop", r)
    check(line_of(r.stdout, "miss, cold, nested, timing on").split()[-1] in ("met", "missed"), "no verdict", r)
    r = bench_smmu(b, counted=False, SLOW="untimed 50")
    check(line_of(r.stdout, "TLB hit, timing off, one master").endswith("missed"), "five times a hop meets the goal", r)
    check("valgrind is not there" in r.stdout, "it does not say why there are no instructions", r)


def case_bench_smmu_sends_accesses_through_what_a_release_installs(b):
    for path in ("bin/smmu-vp", "sw/Image"):
        os.makedirs(os.path.dirname(os.path.join(b.top, "build", "release", path)), exist_ok=True)
        open(os.path.join(b.top, "build", "release", path), "w").close()
    b.tool("cmake", "")
    b.tool("pkg-config", 'echo "-I$PKG_CONFIG_PATH"')
    # The program that it makes is slower than the one of build/dev.
    b.tool("c++", """
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\nSLOW="untimed 90" exec %s/build/dev/bin/smmu_hop "$@"\\n' "$ROOT/clone" >"$2"
chmod +x "$2"
""")
    r = bench_smmu(b, library=(), CXX="c++")
    check("9.00x the hop" in line_of(r.stdout, "TLB hit, timing off, one master"), "not the program that was built", r)
    with open(b.calls) as f:
        calls = f.read()
    for call in (r"cmake --install \S+/build/release --prefix (\S+)\n", r"c\+\+ .*/tests/bench/smmu_hop.cpp -I(\S+)/lib/pkgconfig "):
        check(re.search(call, calls), "no call like " + call, calls)
    check(not os.path.exists(re.search(r"--prefix (\S+)", calls)[1]), "what was installed stays", calls)


def case_bench_smmu_tells_of_direct_memory_access_where_the_benchmark_has_the_mode(b):
    told = line_of(bench_smmu(b).stdout, "hit with DMI")
    check("not built" in told and not told.endswith(("met", "missed")), "a verdict without the mode: " + told)
    told = line_of(bench_smmu(b, MODES="dmi dmi-hop").stdout, "hit with DMI")
    check("1.00x" in told and told.endswith("met"), "no verdict with the mode: " + told)


def saved(b, **env):
    path = os.path.join(b.folder, "before.json")
    r = bench_smmu(b, "--save", path, **env)
    check(r.returncode == 0, "it does not save", r)
    return path


def case_bench_compare_passes_where_nothing_is_10_percent_worse(b):
    path = saved(b)
    r = bench_smmu(b, "--compare", path)
    check(r.returncode == 0 and "is more than 10 % worse" in r.stdout, "the same figures are worse", r)
    r = bench_smmu(b, "--compare", path, SLOW="untimed 90")
    check(r.returncode == 0, "times count where both runs have instructions", r)


def case_bench_compare_fails_where_instructions_are_10_percent_more(b):
    r = bench_smmu(b, "--compare", saved(b), SLOW_COUNT="smmu_hop bypass")
    check(r.returncode == 1 and "1 of " in r.stdout, "expected exit code 1", r)
    told = line_of(r.stdout[r.stdout.index("worse:"):], "bypass by the STE")
    check(told.split()[-5:] == ["instructions", "100", "150", "+50", "%"], "the line is " + told)


def case_bench_compare_takes_ratios_where_a_run_has_no_instructions(b):
    path = saved(b, counted=False)
    r = bench_smmu(b, "--compare", path, SLOW="bypass 12")
    check(r.returncode == 1, "expected exit code 1", r)
    told = line_of(r.stdout[r.stdout.index("worse:"):], "bypass by the STE").split()
    check(told[-5:] == ["ratio", "1.00x", "1.20x", "+20", "%"], "the line is %s" % told)
    check(bench_smmu(b, "--compare", path, SLOW="bypass 10.9").returncode == 0, "9 % fail")


def case_bench_compare_tells_missing_rows_and_another_compiler_or_host(b):
    path = saved(b, MODES="dmi dmi-hop", COMPILER="cc 2")
    with open(path) as f:
        record = json.load(f)
    record["host"]["processor"] = "abacus"
    del record["rows"]["bypass"]
    with open(path, "w") as f:
        json.dump(record, f)
    r = bench_smmu(b, "--compare", path)
    check(r.returncode == 0, "missing rows fail", r)
    for text in ("another compiler: before cc 2, now cc 1\n", "another processor: before abacus, now", "missing now: hit with DMI\n",
                 "only now: bypass by the STE"):
        check(text in r.stdout, "it does not say %r" % text, r)


def case_bench_compare_refuses_a_damaged_file_before_it_measures(b):
    path = saved(b)
    with open(path) as f:
        good = f.read()
    row = good[good.index('"bypass"'):]
    fast = re.sub('"ratio": [0-9.]+', '"ratio": "fast"', row, count=1)
    for bad, reason in ((good[:200], "no JSON"), ("[]", "has the schema null"), (good.replace("smmu-vp-bench-1", "smmu-vp-bench-9"), "smmu-vp-bench-9"),
                        (good.replace('"bench": "smmu"', '"bench": "gpu"'), 'benchmark "gpu"'), (good.replace('"rows"', '"row"'), 'lacks "host" or "rows"'),
                        (good.replace(row, fast), "rows.bypass"), ("\x80", "no JSON")):
        with open(path, "w", encoding="latin-1") as f:
            f.write(bad)
        r = bench_smmu(b, "--compare", path)
        check(r.returncode == 64 and reason in r.stderr and "make another with ./vp bench smmu --save" in r.stderr and r.stdout == "",
              "%s: expected exit code 64" % reason, r)
    r = bench_smmu(b, "--compare", path + ".none")
    check(r.returncode == 64 and "No such file" in r.stderr, "expected exit code 64", r)
    r = bench_smmu(b, "--save", os.path.join(b.folder, "none", "x.json"))
    check(r.returncode == 64 and "cannot write" in r.stderr and r.stdout == "", "expected exit code 64", r)


def case_bench_knows_its_names(b):
    r = b.run("bench", "gpu")
    check(r.returncode == 64 and "pgtable, smmu, smmu_cache, smmu_calendar, linux-disk, linux-boot" in r.stderr, "expected exit code 64", r)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    args = parser.parse_args()
    signal.alarm(100)  # for what hangs
    with tempfile.TemporaryDirectory() as folder:
        globals()["case_" + args.case](Bench(args, folder))


if __name__ == "__main__":
    main()
