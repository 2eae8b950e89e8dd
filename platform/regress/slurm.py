"""A suite as a Slurm job array: each element runs its shard into a results folder of its own, and a merge collects them."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from store import Store
from suite import SuiteError

HERE = os.path.dirname(os.path.abspath(__file__))


class Array:
    """The folder of one submission: `array.json` says what was asked for, shard-N are results folders."""

    def __init__(self, folder):
        self.folder = folder
        try:
            with open(os.path.join(folder, "array.json"), encoding="utf-8") as f:
                self.about = json.load(f)
        except (OSError, ValueError) as e:
            raise SuiteError(f"{folder} is no folder of a job array: {e}") from e

    def shards(self):
        return [os.path.join(self.folder, f"shard-{i}") for i in range(1, self.about["shards"] + 1)]

    def unfinished(self, suite):
        """Numbers of the shards that are not complete."""
        numbers = []
        for number, folder in enumerate(self.shards(), 1):
            last = None
            if os.path.exists(os.path.join(folder, "results.sqlite")):
                store = Store(folder, lock=False)
                last = store.last(suite, ("all",))
                store.db.close()
            if last is None or last["state"] != "finished":
                numbers.append(number)
        return numbers


def arrays(results):
    folder = os.path.join(results, "slurm")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return [os.path.join(folder, n) for n in sorted((n for n in names if re.fullmatch(r"\d+", n)), key=int)]


def last_array(results, suite):
    """@raises SuiteError"""
    found = arrays(results)
    if not found:
        raise SuiteError(f"no job array was made for {suite.name} in {results}: --slurm makes one")
    array = Array(found[-1])
    if array.about["plan"] != suite.fingerprint():
        raise SuiteError(f"the suite has changed since {array.folder} was made; --slurm without --resume begins anew")
    return array


def make_array(results, suite, shards, jobs):
    found = arrays(results)
    folder = os.path.join(results, "slurm", str(int(os.path.basename(found[-1])) + 1 if found else 1))
    os.makedirs(folder)
    with open(os.path.join(folder, "array.json"), "w", encoding="utf-8") as f:
        json.dump({"suite": os.path.abspath(suite.file), "plan": suite.fingerprint(), "shards": shards, "jobs": jobs}, f, indent=1)
        f.write("\n")
    return Array(folder)


def script(array, suite, program, options):
    """Of an element. It goes on where a try that was killed has got to, so that Slurm may requeue it."""
    words = [sys.executable, os.path.join(HERE, "regress.py"), os.path.abspath(suite.file), "--program", program, "--resume", "--patience", "300",
             "--jobs", str(array.about["jobs"])]
    lines = ["#!/bin/sh", f"#SBATCH --job-name={suite.name}", f"#SBATCH --array=1-{array.about['shards']}", f"#SBATCH --cpus-per-task={array.about['jobs']}",
             "#SBATCH --requeue", "#SBATCH --open-mode=append", f"#SBATCH --output={array.folder}/slurm-%a.out"]
    lines += [f"#SBATCH {option}" for option in shlex.split(options)]
    lines += ["# Not a failure of Slurm's job where a run fails: the merge tells of it.",
              " ".join(shlex.quote(w) for w in words) + f" --shard \"$SLURM_ARRAY_TASK_ID/{array.about['shards']}\" --results {shlex.quote(array.folder)}/\"shard-$SLURM_ARRAY_TASK_ID\"",
              "code=$?", "[ \"$code\" = 1 ] && code=0", "exit \"$code\"", ""]
    return "\n".join(lines)


def write_script(array, suite, program, options, file):
    with open(file, "w", encoding="utf-8") as f:
        f.write(script(array, suite, program, options))
    os.chmod(file, 0o755)


def submit(array, suite, program, options, numbers, wait, out):
    """@return the job's number. @raises SuiteError"""
    if shutil.which("sbatch") is None:
        raise SuiteError("there is no sbatch here: install Debian's slurm-client, or write the job with --slurm-script FILE and submit it where there is one")
    file = os.path.join(array.folder, "array.sh")
    write_script(array, suite, program, options, file)
    words = ["sbatch", "--parsable", f"--array={','.join(map(str, numbers))}", file]
    submitted = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if submitted.returncode != 0:
        raise SuiteError(f"sbatch: {submitted.stderr.strip()}")
    job = submitted.stdout.strip().split(";")[0]
    out.write(f"job array {job}: {len(numbers)} of {array.about['shards']} shards, in {array.folder}\n")
    if wait:
        # A job of no work that begins when all elements have ended, however they have.
        subprocess.run(["sbatch", "--wait", "--parsable", f"--dependency=afterany:{job}", f"--job-name={suite.name}-end",
                        f"--output={array.folder}/slurm-end.out", *shlex.split(options), "--wrap", "true"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    return job
