#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration of the guest kernel, by Debian's kconfiglib.

  kconfig.py SOURCES BUILD CONFIG generate  what the build reads, from CONFIG: BUILD/include/generated/autoconf.h and
                                            confighash.h, BUILD/include/config/auto.conf
  kconfig.py SOURCES BUILD CONFIG set       BUILD/.config becomes CONFIG, with a default for all that it leaves open
  kconfig.py SOURCES BUILD CONFIG TOOL      menuconfig, oldconfig, olddefconfig, savedefconfig or allnoconfig on
                                            BUILD/.config, which starts as CONFIG where there is none
"""
import hashlib
import os
import pathlib
import runpy
import shutil
import subprocess
import sys

TOOLS = ("menuconfig", "oldconfig", "olddefconfig", "savedefconfig", "allnoconfig")

try:
    import kconfiglib
except ImportError:
    kconfiglib = None


def find_another_python():
    """Goes on with an interpreter that has kconfiglib: Debian installs it for its own alone, and another may be first."""
    folders = os.environ.get("PATH", "").split(os.pathsep) + ["/usr/bin"]
    for python in filter(None, (shutil.which("python3", path=folder) for folder in folders)):
        if subprocess.run([python, "-c", "import kconfiglib"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            sys.stdout.flush()
            os.execv(python, [python, *sys.argv])
    sys.exit("kconfig: no python3 of PATH, nor /usr/bin/python3, has the module kconfiglib, which the guest's "
             "configuration needs\n  Debian: apt-get install python3-kconfiglib")


def write_if_other(path, text):
    """Make rebuilds what is older: a file that stays the same is not touched. Renamed, so that nobody reads half of it."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.rename(path)


def generate(kconf, config, build):
    kconf.load_config(str(config))
    values = [line for symbol in kconf.unique_defined_syms for line in symbol.config_string.splitlines()
              if not line.startswith("#")]
    make = "# Made by kconfig.py for make.\n" + "".join(f"{v}\n" for v in values)
    header = "/* Made by kconfig.py. */\n"
    for name, value in (v.split("=", 1) for v in values):
        header += {"y": f"#define {name} 1\n", "m": f"#define {name}_MODULE 1\n"}.get(value, f"#define {name} {value}\n")
    # Of all but modules: one more of them changes nothing for the others.
    hashed = "".join(f"{v}\n" for v in values if not v.endswith("=m"))
    digest = hashlib.sha256(hashed.encode()).hexdigest()[:12]
    write_if_other(build / "include/generated/autoconf.h", header)
    write_if_other(build / "include/generated/confighash.h",
                   f'/* Made by kconfig.py from what is built in. */\n#define CONFIG_HASH "{digest}"\n')
    # Newer than what it is made from, even if it stays the same: make would run this again and again.
    path = build / "include/config/auto.conf"
    write_if_other(path, make)
    path.touch()


def main():
    if len(sys.argv) != 5 or sys.argv[4] not in ("generate", "set", *TOOLS):
        sys.exit(__doc__)
    if kconfiglib is None:
        find_another_python()
    sources, build, config = (pathlib.Path(a).resolve() for a in sys.argv[1:4])
    command, dot_config = sys.argv[4], build / ".config"
    if not config.exists():
        known = ", ".join(sorted(p.stem.replace("_defconfig", "") for p in (sources / "configs").glob("*_defconfig")))
        sys.exit(f"kconfig: there is no {config}\n  configurations that are there: {known}")
    os.environ["srctree"] = str(sources)
    os.environ["KCONFIG_CONFIG"] = str(dot_config)
    os.environ["KCONFIG_WARN_UNDEF_ASSIGN"] = "y"  # a misspelt option is no option
    kconf = kconfiglib.Kconfig("Kconfig")
    if command == "generate":
        generate(kconf, config, build)
        return
    build.mkdir(parents=True, exist_ok=True)
    if command == "set" or not dot_config.exists():
        kconf.load_config(str(config))
        kconf.write_config()
        print(f"kconfig: {dot_config} is {config.name}")
    if command in TOOLS:
        os.chdir(build)  # savedefconfig writes ./defconfig
        sys.argv = [command]
        runpy.run_module(command, run_name="__main__")


if __name__ == "__main__":
    main()
