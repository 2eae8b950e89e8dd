#!/usr/bin/env python3
"""End-to-end tests of what modules are for: one kernel, one set of modules and one init script on every platform gki-*.

usage: one_image.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess

from e2e import EXIT, check, in_order, main

INIT = 'init = "guest:gki.init"'
# What no device tree tells, because the bus tells it: modules by the type of a component.
BEHIND_A_BUS = {}
# Of the platforms, what must be loaded and what must not; "*" as in a shell.
KNOWN = {
    "gki-none": ((), ("*smmu*", "io-pgtable*")),
    "gki-smmuv2": (("arm-smmu", "io-pgtable-arm"), ("arm-smmu-v3",)),
    "gki-smmuv3": (("arm-smmu-v3", "io-pgtable-arm"), ("arm-smmu", "io-pgtable-arm-v7s")),
    "gki-dual": (("arm-smmu", "arm-smmu-v3", "io-pgtable-arm"), ()),
    "gki-panfrost": (("panfrost", "io-pgtable-arm"), ("io-pgtable-arm-v7s",)),
    "gki-msm": (("msm", "arm-smmu", "io-pgtable-arm"), ("arm-smmu-v3",)),
}


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def platforms(b):
    found = {os.path.basename(p)[:-len(".toml")]: p for p in glob.glob(os.path.join(b.source, "vp-configs", "gki-*.toml"))}
    with_script = {name: path for name, path in sorted(found.items()) if INIT in text_of(path)}
    check({"gki-dual", "gki-none", "gki-smmuv2", "gki-smmuv3"} <= set(with_script), "platforms with gki.init: %s" % sorted(with_script))
    return with_script


def report(b, config, *options):
    path = os.path.join(b.folder, "report.json")
    r = b.run(config, "--json", path, *options)
    return r, json.loads(text_of(path))


def modinfo(path, field):
    """What Debian's modinfo says of a module, a list."""
    tool = shutil.which("modinfo", path="/usr/sbin:/sbin:" + os.environ["PATH"])
    r = subprocess.run([tool, "-F", field, path], capture_output=True, text=True, timeout=60, check=True)
    return r.stdout.split("\n")[:-1]


class Modules:
    """The shipped modules by name, each with its aliases and with what it wants first."""

    def __init__(self, b):
        self.aliases, self.wants = {}, {}
        for path in sorted(glob.glob(os.path.join(b.modules, "*.ko"))):
            name = os.path.basename(path)[:-len(".ko")]
            self.aliases[name] = modinfo(path, "alias")
            soft = re.findall(r"\bpre: ((?:[\w-]+ ?)*)(?=$|post:)", " ".join(modinfo(path, "softdep")))
            self.wants[name] = [w for text in modinfo(path, "depends") for w in text.split(",") if w] + " ".join(soft).split()

    def named(self, name):
        return next((n for n in self.aliases if n.replace("-", "_") == name.replace("-", "_")), None)

    def with_wanted(self, names):
        todo, done = list(names), set()
        while todo:
            name = self.named(todo.pop())
            if name and name not in done:
                done.add(name)
                todo += self.wants[name]
        return done


def asked_for(b, config, modules):
    """Modules that answer to a node of the device tree, and what those want."""
    blob = os.path.join(b.folder, "platform.dtb")
    r = b.run(config, "-o", blob, command="dtb")
    check(r.returncode == 0, "no device tree of %s" % config, r)
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True, timeout=60, check=True).stdout
    names = [n for component, extra in BEHIND_A_BUS.items() if 'type = "%s"' % component in text_of(config) for n in extra]
    for line in re.findall(r"(?m)^\s*compatible = (.*);$", source):
        modalias = "of:NxT(null)C" + "C".join(re.sub(r'\\0|", "', "\0", line).strip('"').split("\0"))
        names += [n for n, aliases in modules.aliases.items() if any(fnmatch.fnmatchcase(modalias, a) for a in aliases)]
    return modules.with_wanted(names)


def case_every_platform_boots_the_same_kernel_modules_and_initramfs_to_the_byte(b):
    first = None
    for name, config in platforms(b).items():
        r, j = report(b, config, "--timeout-sim", "1us")
        check(j["verdict"] == "sim-timeout", name, r)
        parts = {p["what"] + p.get("name", ""): (p["bytes"], p["sha256"]) for p in j["boot"]}
        parts.pop("device-tree")
        first = first or parts
        check(parts == first, "%s boots other bytes: %s" % (name, sorted(k for k in parts.keys() | first.keys() if parts.get(k) != first.get(k))))
    shipped = {"file/lib/modules/" + os.path.basename(p) for p in glob.glob(os.path.join(b.modules, "*.ko"))}
    check(set(first) == shipped | {"kernelImage", "initramfs", "file/init"}, "the parts are %s" % sorted(first))


def case_the_script_of_every_platform_names_no_module_and_no_device(b):
    script = re.sub(r"(?m)#.*", "", text_of(os.path.join(b.build, "sw", "gki.init")))
    words = set(script.replace("_", "-").split())
    named = [n for n in Modules(b).aliases if n.replace("_", "-") in words]
    check(not named and not re.search(r"\d", script), "gki.init names %s" % (named or "a number"))


def case_each_platform_loads_by_alias_what_its_device_tree_asks_for_and_nothing_else(b):
    modules = Modules(b)
    for name, config in platforms(b).items():
        r, j = report(b, config)
        check(r.returncode == EXIT["pass"] and "not ok" not in r.stdout, "%s: expected exit code 0" % name, r)
        told = j["modules"]
        loaded = {m["name"] for m in told["files"] if m["loaded"]}
        check({m["name"] for m in told["files"]} == set(modules.aliases), "%s tells of other modules than there are" % name, r)
        expected = asked_for(b, config, modules)
        check(loaded == expected, "%s has %s in memory, its device tree asks for %s" % (name, sorted(loaded), sorted(expected)), r)
        there, absent = KNOWN.get(name, ((), ()))
        check(set(there) <= loaded, "%s: %s must be loaded" % (name, there), r)
        check(not any(fnmatch.filter(loaded, a) for a in absent), "%s: %s must not be loaded" % (name, absent), r)
        # Of what stays out, the summary says how much that saves.
        out = [m for m in told["files"] if not m["loaded"]]
        saved = sum(m["bytes"] for m in out)
        check(out and saved == told["not_loaded_bytes"] and all(m["bytes"] > 0 for m in told["files"]), "%s: bytes" % name, r)
        row = re.search(r"(?m)^  modules +(\d+) of (\d+) loaded, \d+ KiB in memory; not loaded: (.*); (\d+) KiB saved$", r.stderr)
        check(row and row.groups()[:2] == (str(len(loaded)), str(len(modules.aliases))) and int(row[4]) == saved // 1024,
              "%s: the summary has no such row" % name, r)
        check(out[0]["name"] + " (%d KiB)" % (out[0]["bytes"] // 1024) in row[3], "%s: the row does not name what stayed out" % name, r)
        # Who waits for what is told, and at the end nobody waits, each that is held is refused, and nothing is left.
        in_order(r, [r"^Device +Why it waits\r?\n# selftest: ", r"module: \w+: unloaded$", r"^Module +Size +Used by\r?\n.*Power down, status 0"])
        held = set(re.findall(r"(?m)^(\w+) +\d+  [1-9]", r.stdout.replace("\r", "")))
        refused = set(re.findall(r"module: (\w+): in use by ", r.stdout))
        check(held == refused, "%s: held are %s, refused %s" % (name, sorted(held), sorted(refused)), r)


def case_modules_say_what_they_want_loaded_before_them(b):
    modules = Modules(b)
    for name, wants in (("arm-smmu", ["io-pgtable-arm", "io-pgtable-arm-v7s"]), ("arm-smmu-v3", ["io-pgtable-arm"]),
                        ("msm", ["io-pgtable-arm"]), ("panfrost", ["io-pgtable-arm"])):
        if name in ("msm", "panfrost") and name not in modules.aliases:
            continue
        soft = modinfo(os.path.join(b.modules, name + ".ko"), "softdep")
        check(soft == ["pre: " + " ".join(wants)], "%s has the soft dependencies %s" % (name, soft))


if __name__ == "__main__":
    main(globals())
