#!/usr/bin/env python3
"""./vp regress --slurm on a Slurm of one machine that the test starts from a temporary folder, as root.

usage: slurm_test.py --source DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from regress_test import Bench, check  # noqa: E402

NEEDED = {"slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client", "munged": "munge"}
CONF = """\
ClusterName=regress
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
KillWait=2
MinJobAge=5
BatchStartTimeout=1
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={slurmd} CPUs=2 RealMemory=256 State=UNKNOWN
PartitionName=all Nodes=n1 Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """munged, slurmctld and slurmd, in the foreground; ended with the test."""

    def __init__(self, folder):
        for program, package in NEEDED.items():
            check(shutil.which(program) or os.path.exists("/usr/sbin/" + program), f"there is no {program}: install Debian's {package} (apt-get install slurm-wlm munge)")
        check(os.geteuid() == 0, "this test starts slurmd and munged, which wants root")
        self.folder = folder
        self.processes = {}
        for name in ("state", "spool"):
            os.mkdir(os.path.join(folder, name))
        self.conf = os.path.join(folder, "slurm.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(folder=folder, host=socket.gethostname().split(".")[0], ctld=free_port(), slurmd=free_port()))
        with open(os.path.join(folder, "munge.key"), "wb") as f:
            os.fchmod(f.fileno(), 0o400)
            f.write(os.urandom(128))
        self.env = dict(os.environ, SLURM_CONF=self.conf, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        self.start("munged", "--foreground", "--force", *(f"--{k}={folder}/munge.{v}" for k, v in (
            ("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))), "--num-threads=2", until=None)
        self.start("slurmctld", "-D", "-i", "-f", self.conf, until="Running as primary controller")
        self.start("slurmd", "-D", "-f", self.conf, "-N", "n1", until="slurmd started on")

    def start(self, name, *words, until):
        """Waits for a line of its log."""
        p = self.processes[name] = subprocess.Popen([name, *words], env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.PIPE, text=True, start_new_session=True)
        if until is None:
            return
        seen = []
        for line in p.stderr:
            seen.append(line)
            if until in line:
                # What comes later is nobody's, and must not fill the pipe.
                subprocess.Popen(["cat"], stdin=p.stderr, stdout=open(os.path.join(self.folder, name + ".log"), "ab"))
                return
        check(False, f"{name} did not start:\n{''.join(seen)}")

    def of_the_node(self):
        """Processes of jobs, and of slurmd: those that have this slurm.conf in their environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    environment = f.read()
                with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
                    comm = f.read().strip()
            except OSError:
                continue
            own = int(pid) == self.processes["slurmd"].pid or comm == "slurmstepd" or b"SLURM_JOB_ID=" in environment
            if ("SLURM_CONF=" + self.conf).encode() in environment and own:
                found.append(int(pid))
        return found

    def kill_the_node(self):
        """As if its power went: slurmd, its steps, and what they run, at once."""
        for pid in self.of_the_node():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.processes["slurmd"].wait()

        # What slurmctld finds out by itself when SlurmdTimeout has passed.
        self.control("update", "NodeName=n1", "State=DOWN", "Reason=power")

    def start_the_node(self):
        self.start("slurmd", "-D", "-f", self.conf, "-N", "n1", until="slurmd started on")

    def control(self, *words):
        r = subprocess.run(["scontrol", *words], env=self.env, capture_output=True, text=True, check=False, timeout=60)
        check(r.returncode == 0, "scontrol " + " ".join(words), r)

    def end(self):
        subprocess.run(["scancel", "--quiet", "--state=RUNNING", "--state=PENDING"], env=self.env, check=False, timeout=60)
        for name in ("slurmd", "slurmctld", "munged"):
            if name in self.processes and self.processes[name].poll() is None:
                self.processes[name].terminate()
                try:
                    self.processes[name].wait(timeout=20)
                except subprocess.TimeoutExpired:
                    self.processes[name].kill()
        for pid in self.of_the_node() if "slurmd" in self.processes else []:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def times(b, what):
    return sum(1 for line in b.logged() if line == what)


def each_once(b, names):
    for name in names:
        check(times(b, f"end {name}") == 1, f"{name} did not end once: {b.logged()}")


def case_an_array_runs_all_and_a_merge_collects_it(b, cluster):
    b.suite('name = "a"\nsets."do.x" = [1, 2, 3, 4, 5]', 'name = "bad"\nsets."do.verdict" = ["fail"]', top="coverage = true")
    r = b.run("--slurm", "--shards", "3", "--wait", "--junit", b.path("all.xml"), code=1)
    check("job array" in r.stdout and "6 runs: 5 passed, 1 failed, 0 missing" in r.stdout and "coverage: 1 points" in r.stderr, "expected all results", r)
    each_once(b, [f"a/c/do.x={i}" for i in range(1, 6)] + ["bad/c/do.verdict=fail"])
    check(os.path.exists(b.path("all.xml")), "no JUnit")
    folders = os.listdir(os.path.join(b.results, "slurm/1"))
    check({"shard-1", "shard-2", "shard-3", "array.sh", "array.json"} <= set(folders), "folders: %s" % folders)


def gated(b):
    """An array whose second run of the first shard waits; it has begun."""
    os.mkfifo(b.path("fifo"))
    b.suite('name = "a"', 'name = "b"', 'name = "gate"\nsets."do.gate" = ["%s"]' % b.path("fifo"), 'name = "d"', 'name = "e"')
    b.run("--slurm", "--shards", "2", code=0)
    with open(b.path("fifo"), encoding="utf-8"):  # waits for the run
        pass
    check(times(b, "end a/c") == 1, "the first run of the shard has ended: %s" % b.logged())


GATE = "gate/c/do.gate=%s"


def case_an_element_that_was_cancelled_is_completed_by_a_resume(b, cluster):
    gated(b)
    job = subprocess.run(["squeue", "--noheader", "--format=%i", "--states=RUNNING"], env=b.env, capture_output=True, text=True, check=True).stdout.split()
    check(any(j.endswith("_1") for j in job), "the element runs: %s" % job)
    subprocess.run(["scancel", next(j for j in job if j.endswith("_1"))], env=b.env, check=True)
    # Its end, whenever it comes, lets go of the shard; the array that goes on begins after that.
    r = b.run("--slurm", "--resume", "--wait", code=0, FAKE_OPEN="1")
    check("5 runs: 5 passed" in r.stdout, "expected all results", r)
    # One that was asked to end says so, and does not count.
    for name in ("a/c", "b/c", "d/c", "e/c"):
        check(times(b, "begin " + name) == 1 and times(b, "end " + name) == 1, f"{name} was not run once: {b.logged()}")
    r = b.run("--slurm", "--resume", code=0)
    check("all shards are complete" in r.stderr, "expected nothing to do", r)


def case_what_a_node_has_lost_is_run_when_slurm_requeues_it(b, cluster):
    gated(b)
    cluster.kill_the_node()
    check(times(b, "end " + GATE % b.path("fifo")) == 0, "it has ended")
    cluster.start_the_node()
    jobs = subprocess.run(["squeue", "--noheader", "--array", "--format=%A %r"], env=b.env, capture_output=True, text=True, check=True).stdout
    check(jobs, "nothing was requeued")
    # It waits once more, on the node that is back: the requeued element has got to it.
    with open(b.path("fifo"), encoding="utf-8"):
        pass
    for name in ("a/c", "b/c", "d/c"):
        check(times(b, "begin " + name) <= 1, f"{name} was run twice: {b.logged()}")
    r = b.run("--merge", code=64)
    check("another regress is at work in" in r.stderr and "shard-1" in r.stderr, "expected an array that is at work", r)
    subprocess.run(["scancel", "--signal=KILL", "--full", "--name=suite"], env=b.env, check=True)
    r = b.run("--slurm", "--resume", "--wait", code=0, FAKE_OPEN="1")
    check("5 runs: 5 passed" in r.stdout, "expected all results", r)
    each_once(b, ["a/c", "b/c", "d/c", "e/c"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("case")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slurm-", dir="/tmp") as folder:
        cluster = None
        try:
            os.mkdir(os.path.join(folder, "cluster"))
            cluster = Cluster(os.path.join(folder, "cluster"))
            os.mkdir(os.path.join(folder, "bench"))
            bench = Bench(a.source, os.path.join(folder, "bench"))
            bench.env.update({k: cluster.env[k] for k in ("SLURM_CONF", "PATH")})
            globals()["case_" + a.case](bench, cluster)
        finally:
            if cluster:
                cluster.end()


if __name__ == "__main__":
    main()
