"""Results in SQLite: a file a results folder, never one that several machines write (docs/ci.md has the schema)."""
import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import time

from suite import SuiteError

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE invocation (
  id INTEGER PRIMARY KEY,       -- in order
  suite TEXT,                   -- name
  plan TEXT,                    -- fingerprint of all runs of the suite
  shard TEXT,                   -- '2/8'; '' is all of it
  kind TEXT,                    -- 'all', 'failed' (--failed) or 'merge' (--merge)
  started REAL,                 -- seconds since 1970
  seconds REAL,                 -- that it took, without what was between interruption and --resume
  state TEXT                    -- 'running' or 'finished'
);
CREATE TABLE run (
  invocation INTEGER REFERENCES invocation(id),
  number INTEGER,               -- in the suite
  repeat INTEGER,               -- 1 ... of repeat = N
  name TEXT,
  arguments TEXT,               -- JSON: words after 'smmu-vp run'
  folder TEXT,                  -- of its reports, relative to the file
  state TEXT,                   -- 'waiting', 'running' or 'done'
  passed INTEGER,               -- its verdict is the one that is expected; of repeats, and digests agree
  verdict TEXT,                 -- of its JSON report; 'crash', 'killed' (by regress) where there is none
  exit_code INTEGER,
  reason TEXT,
  wall_seconds REAL,
  sim_time_ps INTEGER,
  instructions INTEGER,
  digest TEXT, untimed_digest TEXT,
  digest_console TEXT, digest_events TEXT, digest_memory TEXT,
  differs TEXT,                 -- of repeats: 'console, memory', parts that differ from the first
  PRIMARY KEY (invocation, number, repeat)
);
CREATE INDEX run_by_name ON run (name, invocation);
"""
RESULT = ("passed", "verdict", "exit_code", "reason", "wall_seconds", "sim_time_ps", "instructions", "digest", "untimed_digest",
          "digest_console", "digest_events", "digest_memory", "differs")


class Store:
    """@raises SuiteError for a folder that cannot be used"""

    def __init__(self, folder, must_exist=False, lock=True, patience=0):
        self.folder = folder
        self.path = os.path.join(folder, "results.sqlite")
        if must_exist and not os.path.exists(self.path):
            raise SuiteError(f"there are no results in {folder}: ./vp regress SUITE makes some")
        try:
            os.makedirs(folder, exist_ok=True)
            if lock:
                self.lock = open(os.path.join(folder, "lock"), "w", encoding="utf-8")
                self.take_lock(patience)
            self.db = sqlite3.connect(self.path, isolation_level=None)
        except BlockingIOError as e:
            raise SuiteError(f"another regress is at work in {folder}; --results FOLDER takes another folder") from e
        except (OSError, sqlite3.Error) as e:
            raise SuiteError(f"cannot use {folder}: {e}") from e
        self.db.row_factory = sqlite3.Row
        try:
            self.db.execute("PRAGMA synchronous = NORMAL")
            if not self.db.execute("SELECT name FROM sqlite_master WHERE name = 'meta'").fetchone():
                self.db.executescript("BEGIN;" + SCHEMA + f"INSERT INTO meta VALUES ('version', '{SCHEMA_VERSION}');COMMIT;")
            version = self.db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()["value"]
        except sqlite3.Error as e:
            raise SuiteError(f"{self.path} is no file of results: {e}") from e
        if version != str(SCHEMA_VERSION):
            raise SuiteError(f"{self.path} is of version {version}, and this is {SCHEMA_VERSION}: take another --results FOLDER")

    def take_lock(self, patience):
        """@raises BlockingIOError if another has it for longer than so many seconds"""
        if not patience:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return

        def give_up(*_):
            raise BlockingIOError
        before = signal.signal(signal.SIGALRM, give_up)
        signal.alarm(patience)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)

    @contextlib.contextmanager
    def transaction(self):
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    # ---- an invocation

    def begin(self, suite, runs, shard, kind):
        with self.transaction():
            invocation = self.db.execute("INSERT INTO invocation (suite, plan, shard, kind, started, seconds, state) VALUES (?, ?, ?, ?, ?, 0, 'running')",
                                         (suite.name, suite.fingerprint(), shard, kind, time.time())).lastrowid
            for run in runs:
                for repeat in range(1, run.repeat + 1):
                    folder = os.path.join("runs", str(invocation), f"{run.number:05}-{repeat}")
                    self.db.execute("INSERT INTO run (invocation, number, repeat, name, arguments, folder, state) VALUES (?, ?, ?, ?, ?, ?, 'waiting')",
                                    (invocation, run.number, repeat, run.name, json.dumps(run.arguments), folder))
        return invocation

    def last(self, suite, kinds=("all", "failed", "merge")):
        """The newest invocation of a suite, or None."""
        marks = ",".join("?" * len(kinds))
        return self.db.execute(f"SELECT * FROM invocation WHERE suite = ? AND kind IN ({marks}) ORDER BY id DESC LIMIT 1", (suite.name, *kinds)).fetchone()

    def runs(self, invocation):
        return self.db.execute("SELECT * FROM run WHERE invocation = ? ORDER BY number, repeat", (invocation,)).fetchall()

    def set_state(self, row, state):
        self.db.execute("UPDATE run SET state = ? WHERE invocation = ? AND number = ? AND repeat = ?", (state, row["invocation"], row["number"], row["repeat"]))

    def done(self, row, result):
        sets = ", ".join(f"{key} = ?" for key in RESULT)
        self.db.execute(f"UPDATE run SET state = 'done', {sets} WHERE invocation = ? AND number = ? AND repeat = ?",
                        (*(result.get(key) for key in RESULT), row["invocation"], row["number"], row["repeat"]))

    def differ(self, row, differs):
        self.db.execute("UPDATE run SET passed = 0, differs = ? WHERE invocation = ? AND number = ? AND repeat = ?",
                        (differs, row["invocation"], row["number"], row["repeat"]))

    def took(self, invocation, seconds, finished):
        self.db.execute("UPDATE invocation SET seconds = seconds + ?, state = ? WHERE id = ?", (seconds, "finished" if finished else "running", invocation))

    # ---- history

    def typical_seconds(self, name):
        """What a run took when it was last done; None: it never was."""
        row = self.db.execute("SELECT wall_seconds FROM run WHERE name = ? AND state = 'done' AND wall_seconds IS NOT NULL ORDER BY invocation DESC LIMIT 1",
                              (name,)).fetchone()
        return row["wall_seconds"] if row else None

    def failed_names(self, invocation):
        return {row["name"] for row in self.db.execute("SELECT DISTINCT name FROM run WHERE invocation = ? AND (state != 'done' OR passed = 0)", (invocation,))}

    def history(self, suite, most):
        rows = self.db.execute("""
            SELECT i.*, COUNT(DISTINCT r.name) AS runs,
                   COUNT(DISTINCT CASE WHEN r.state = 'done' AND r.passed = 0 THEN r.name END) AS failed,
                   COUNT(DISTINCT CASE WHEN r.differs IS NOT NULL THEN r.name END) AS differing,
                   COUNT(DISTINCT CASE WHEN r.state != 'done' THEN r.name END) AS missing
            FROM invocation i LEFT JOIN run r ON r.invocation = i.id WHERE i.suite = ? GROUP BY i.id ORDER BY i.id DESC LIMIT ?""", (suite.name, most)).fetchall()
        return rows[::-1]

    # ---- several folders into one

    def merge(self, suite, folders):
        """The newest invocations of other results folders as one of this. @return its id, and how many runs no folder has: these stay 'waiting'"""
        invocation = self.begin(suite, suite.runs, "", "merge")
        found = set()
        with self.transaction():
            for folder in folders:
                if not os.path.exists(os.path.join(folder, "results.sqlite")):
                    continue
                other = Store(folder, must_exist=True)
                last = other.last(suite, ("all",))
                if last is None:
                    continue
                if last["plan"] != suite.fingerprint():
                    raise SuiteError(f"the results in {folder} are of another plan: the suite has changed since")
                for row in other.runs(last["id"]):
                    if row["state"] != "done" or (row["number"], row["repeat"]) in found:
                        continue
                    found.add((row["number"], row["repeat"]))
                    key = {"invocation": invocation, "number": row["number"], "repeat": row["repeat"]}
                    self.done(key, row_result(row))
                    self.db.execute("UPDATE run SET folder = ? WHERE invocation = ? AND number = ? AND repeat = ?",
                                    (os.path.relpath(os.path.join(folder, row["folder"]), self.folder), *key.values()))
                self.took(invocation, last["seconds"], False)
                other.db.close()
        missing = sum(1 for row in self.runs(invocation) if row["state"] != "done")
        if missing == 0:
            self.took(invocation, 0, True)
        return invocation, missing


def row_result(row):
    return {key: row[key] for key in RESULT}
