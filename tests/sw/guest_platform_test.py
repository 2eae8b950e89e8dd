#!/usr/bin/env python3
"""The kernel's tests of itself and its ways to die, on our own platform.

usage: guest_platform_test.py SMMU_VP CONFIG GUEST_BUILD_FOLDER
"""
import pathlib
import re
import subprocess
import sys
import tempfile

MODULES = ("test-core", "test-irqchip", "test-smp", "test-reloc", "test-oops", "test-export", "test-import")
STORY = """modprobe test-core
modprobe test-irqchip
modprobe test-smp
modprobe test-reloc
modprobe test-import
expect-fail rmmod test-export
modprobe -r test-import
modprobe test-oops
"""


def run(program, config, build, init, append=None):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "init"
        script.write_text(init)
        text = pathlib.Path(config).read_text()
        files = ", ".join(f'"{build}/test-modules/{name}.ko"' for name in MODULES)
        text, modules = re.subn(r"(?ms)^modules = \[.*?\]", f"modules = [{files}]", text)
        text, inits = re.subn(r"(?m)^init = .*$", f'init = "{script}"', text)
        text = re.sub(r"(?m)^min_tests = .*$", "min_tests = 1", text)
        assert modules == 1 and inits == 1, "the configuration has another shape than expected"
        path = pathlib.Path(folder) / "config.toml"
        path.write_text(text)
        command = [program, "run", str(path)] + (["--append", append] if append else [])
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=False, text=True, errors="replace")


def check(condition, what, result):
    if not condition:
        sys.exit(f"FAILED: {what}\n{result.stdout}\n{result.stderr}\nexit code {result.returncode}")


def main():
    program, config, build = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    result = run(program, config, build, STORY + "poweroff\n")
    planned = sum(int(n) for n in re.findall(r"(?m)^1\.\.(\d+)", result.stdout))
    check(result.returncode == 0, "the kernel's tests of itself pass", result)
    check(planned > 50 and len(re.findall(r"(?m)^ok \d", result.stdout)) == planned, "every result is there", result)
    result = run(program, config, build, STORY + "poweroff\n", "module_far")
    check(result.returncode == 0 and re.search(r"test_reloc: [1-9]\d* veneers", result.stdout),
          "modules out of reach work through veneers", result)
    for how, signs in {"null": ("NULL pointer dereference", "crash_null+"), "jump": ("instruction abort", "crash_jump+"),
                       "text": ("permission fault, write", "crash_text+"), "alias": ("permission fault", "crash_alias+"),
                       "data": ("permission fault", "crash_data+"), "stack": ("Insufficient stack space", " crash+"),
                       "undefined": ("undefined instruction", "crash+"), "bug": ("kernel BUG at", "crash+")}.items():
        result = run(program, config, build, f"modprobe test-oops\ncrash {how}\necho alive\n")
        check(result.returncode == 1, f"crash {how} fails the run", result)
        for sign in (*signs, "[test_oops]", "Call trace:", "[ halted ]"):
            check(sign in result.stdout, f"crash {how} shows {sign!r}", result)
        check("\nalive" not in result.stdout, f"crash {how} ends the run", result)


if __name__ == "__main__":
    main()
