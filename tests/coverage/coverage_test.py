#!/usr/bin/env python3
"""coverage.py with stand-ins for the compiler, ctest and gcov, on a source of a few lines."""
import json
import os
import re
import subprocess
import sys
import tempfile

script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coverage.py")
SOURCE = {
    "smmuv3/core/src/a.cpp": ["int f(int x) {", "  if (x) {", "    g();", "    return 0;", "  }", "", "  return 0;", "}",
                              "  if (x) return h();", "class A : B {"],
    "models/smmu/core/src/b.h": ["T f() {", "  return T();", "}", "  } // only an exception", "virtual ~B() = default;"],
}


def line(number, count, unexecuted=False, function="_Z1fi"):
    return {"line_number": number, "count": count, "unexecuted_block": unexecuted, "function_name": function, "branches": []}


# Two objects: a.cpp with paths from the build folder, as behind ccache; b.h in both, as two instances.
OBJECTS = {
    "a.cpp.gcda": [{"file": "../source/smmuv3/core/src/a.cpp",
                    "lines": [line(1, 5), line(2, 5), line(3, 0, True), line(4, 0, True), line(7, 5), line(8, 0, True), line(9, 5, True),
                              line(10, 0, True)]},
                   {"file": "../source/models/smmu/core/src/b.h",
                    "lines": [line(1, 2), line(2, 0, True), line(4, 0), line(5, 0, True, "_ZN1BD0Ev")]},
                   {"file": "/usr/include/c++/12/vector", "lines": [line(1, 0, True)]}],
    "b.cpp.gcda": [{"file": "ABSOLUTE/models/smmu/core/src/b.h", "lines": [line(1, 0, True, "_Z1gi"), line(2, 2, False, "_Z1gi")]}],
}
TABLE = """\
file                      lines  run  percent  in part
models/smmu/core/src/b.h      2    2    100.0        0
smmuv3/core/src/a.cpp         6    4     66.6        1
total                         8    6     75.0        1
"""
WITHOUT = TABLE + """
Never run, without a reason:
smmuv3/core/src/a.cpp
        3      g();
        4      return 0;
"""
WITH = TABLE + """
Never run, with a reason:
smmuv3/core/src/a.cpp
  Nobody calls it with 1.
        3      g();
        4      return 0;
"""
GOOD = """\
# A comment.
smmuv3/core/src/a.cpp: Nobody calls it with 1.
    g();
    return 0;
"""
GCOV = r'''
import json, os, sys
objects = json.load(open(os.environ["OBJECTS"]))
assert sys.argv[1:3] == ["--json-format", "--stdout"], sys.argv
if "GCOV_FAILS" in os.environ: sys.exit("version mismatch")
for path in sys.argv[3:]:
    files = objects.get(os.path.basename(path), [])
    print(json.dumps({"current_working_directory": os.getcwd(), "files": files}))
'''


class Bench:
    def __init__(self, folder):
        self.top, self.build, self.bin = (os.path.join(folder, name) for name in ("source", "build", "bin"))
        self.write("objects", json.dumps(OBJECTS).replace("ABSOLUTE", self.top), folder)
        for name, lines in SOURCE.items():
            self.write(name, "\n".join(lines) + "\n")
        self.write("tests/coverage/tests", "# Tests.\none_test\nother_test\n")
        self.write("stale.gcda", "", self.build)
        self.write("CMakeCache.txt", "CMAKE_CXX_COMPILER:STRING=%s/c++\n" % self.bin, self.build)
        self.commands("smmuv3/core/src/a.cpp")
        self.tool("c++", "echo 12.2.0")
        self.tool("ctest", 'echo "$*" >>"$CALLS"; touch %s; [ -z "${TESTS_FAIL:-}" ]' % " ".join(
            os.path.join(self.build, name) for name in OBJECTS))
        self.tool("gcov-12", 'exec "%s" "%s"/gcov.py "$@"' % (sys.executable, self.bin))
        self.write("gcov.py", GCOV, self.bin)
        self.calls = os.path.join(folder, "calls")
        self.env = {**os.environ, "PATH": self.bin + ":" + os.environ["PATH"], "OBJECTS": os.path.join(folder, "objects"),
                    "CALLS": self.calls, "PYTHONDONTWRITEBYTECODE": "1"}
        self.reasons("")

    def write(self, name, text, folder=None):
        path = os.path.join(folder or self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def tool(self, name, text):
        os.chmod(self.write(name, "#!/bin/sh\n%s\n" % text, self.bin), 0o755)

    def reasons(self, text):
        self.write("tests/coverage/never_run", text)

    def commands(self, *files):
        self.write("compile_commands.json", json.dumps([
            {"file": os.path.join(self.top, name), "directory": self.build, "command": "g++ -o %s.o -c x" % os.path.basename(name)} for name in files]), self.build)

    def run(self, *words, **env):
        return subprocess.run([sys.executable, script, "--source", self.top, "--build", self.build, *words], cwd=self.top,
                              capture_output=True, text=True, env={**self.env, **env}, timeout=60)

    def called(self):
        with open(self.calls) as f:
            return f.read().splitlines()


def expect(r, code, out=None, err=""):
    if r.returncode != code or (out is not None and r.stdout != out) or not re.search(err, r.stderr):
        sys.exit("FAILED: exit code %d, expected %d; expected output and message:\n%s\n%s\nfound:\n%s\n%s" %
                 (r.returncode, code, out, err, r.stdout, r.stderr))


with tempfile.TemporaryDirectory() as folder:
    b = Bench(folder)
    expect(b.run("--report"), 64, "", "no run has counted yet")
    expect(b.run(), 1, WITHOUT, r"2 lines are never run and without a reason: write a test .* tests/coverage/never_run")
    if "-R ^(one_test|other_test)$" not in b.called()[0] or os.path.exists(os.path.join(b.build, "stale.gcda")):
        sys.exit("FAILED: ctest was called with %s; or an earlier run's counters stayed" % b.called())

    b.reasons(GOOD)
    expect(b.run(), 0, WITH, "^vp: running 2 test programs\n$")
    calls = len(b.called())
    expect(b.run("--report"), 0, WITH, "^$")
    expect(b.run("--report", "models/smmu/core"), 0, TABLE)
    if len(b.called()) != calls:
        sys.exit("FAILED: --report ran tests")
    expect(b.run("--report", "--parts"), 0, WITH + "\nRun in part:\nsmmuv3/core/src/a.cpp\n        9    if (x) return h();\n")
    # A reason holds for a part of a run of lines, and for lines that are run in part.
    b.reasons(GOOD.replace("    return 0;\n", ""))
    expect(b.run("--report"), 1, None, "1 line is never run and without a reason: write a test that runs it")
    b.reasons(GOOD + "smmuv3/core/src/a.cpp: Too.\n  if (x) return h();\n")
    expect(b.run("--report", "--parts"), 0, None, "^$")
    # Passages: the one of several that the line before tells apart, none, and what is run.
    b.reasons("smmuv3/core/src/a.cpp: One.\n\tg();\n\n\treturn 0;\n")
    expect(b.run("--report"), 1, None, r"never_run:1: the passage that begins with 'return 0;' is 2 times in smmuv3/core/src/a.cpp: begin it with")
    b.reasons(GOOD + "\n    h();\n")
    expect(b.run("--report"), 1, WITH, r"never_run:2: the passage that begins with 'h\(\);' is no longer in smmuv3/core/src/a.cpp")
    b.reasons(GOOD + "smmuv3/core/src/gone.cpp: Gone.\n    h();\n")
    expect(b.run("--report"), 1, WITH, "never_run:5: smmuv3/core/src/gone.cpp does not exist")
    b.reasons(GOOD + "models/smmu/core/src/b.h: Is.\n    return T();\n")
    expect(b.run("--report"), 0, WITH, r"'return T\(\);' in models/smmu/core/src/b.h is run by now: take its reason out")
    # Lists and command lines that say nothing.
    for text, message in (("    g();\n", "a line of the source before the first"), ("smmuv3/core/src/a.cpp: Why.\n", "no line of the source follows"),
                          ("because of that\n", "expected 'FILE: reason'"), ("smmuv3/core/src/a.cpp: Why.\n" + GOOD, "no line of the source follows")):
        b.reasons(text)
        expect(b.run("--report"), 64, "", message)
    b.reasons(GOOD)
    expect(b.run("--report", "README.md"), 64, "", "'README.md' is no file or folder of models/smmu/core, smmuv2/core, smmuv2/structures, smmuv3/core")
    expect(b.run("--nosuch"), 64, "", "--nosuch; see ./vp build coverage --help")
    expect(b.run("--help"), 0, None)
    # What fails says so, and counts nothing.
    expect(b.run(GCOV_FAILS="1"), 70, "", "version mismatch\nvp: .*gcov-12 failed")
    expect(b.run(TESTS_FAIL="1"), 70, "", "a test failed")
    expect(b.run("--report"), 64, "", "no run has counted yet")
    b.run()
    os.utime(os.path.join(b.top, "smmuv3/core/src/a.cpp"), (4e9, 4e9))
    expect(b.run("--report"), 64, "", "smmuv3/core/src/a.cpp is newer than what was counted")
    b.commands("smmuv3/core/src/a.cpp", "smmuv3/core/src/lost.cpp")
    expect(b.run(), 70, "", "smmuv3/core/src/lost.cpp is not compiled for any test")
    # What is compiled, and linked into no program that ran, counts as never run.
    b.write("lost.cpp.gcno", "", b.build)
    b.write("smmuv3/core/src/lost.cpp", "void lost() {}\n")
    OBJECTS["lost.cpp.gcno"] = [{"file": "../source/smmuv3/core/src/lost.cpp", "lines": [line(1, 0, True)]}]
    b.write("objects", json.dumps(OBJECTS).replace("ABSOLUTE", b.top), folder)
    expect(b.run(), 1, None, "1 line is never run")
