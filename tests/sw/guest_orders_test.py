#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Page-table format, SMMU driver and DMA client: each built in or a module, and every order of loading the modules.

usage: guest_orders_test.py SMMU-VP GUEST-FOLDER SOURCES [--mixed]
Each runs with one CPU and with two. With --mixed, which takes minutes to build: kernels with some parts built in and others
modules; without: those with all of them the one or the other.
The kernels are built in GUEST-FOLDER-mixes, and kept there.
"""
import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, BUILD, SOURCES = "", pathlib.Path(), ""
CONFIGS = ("gki-smmuv3.toml", "gki-smmuv3-smp.toml")
PARTS = {"format": ("IOMMU_IO_PGTABLE_ARM_LPAE", "io-pgtable-arm"), "smmu": ("ARM_SMMU_V3", "arm-smmu-v3"),
         "client": ("TESTDEV_DMA", "testdev-dma")}


def make(folder, *goals):
    result = subprocess.run(["make", "--no-print-directory", "-s", "-j2", "-C", f"{SOURCES}/sw", f"O={folder}", *goals],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        raise AssertionError(f"make {' '.join(goals)} in {folder}:\n{result.stdout}")


def build(modular, without=()):
    """A kernel with all parts but `modular` built in, and none of `without`."""
    name = "-".join([p for p in PARTS if p in modular] + [f"no-{p}" for p in without])
    folder = BUILD.parent / f"{BUILD.name}-mixes" / (name or "none")
    config = folder / ".config"
    wanted = {f"CONFIG_{option}": "n" if part in without else "m" if part in modular else "y" for part, (option, _) in PARTS.items()}
    if not config.exists():
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, "gki_defconfig")
        text = re.sub(r"(?m)^CONFIG_TEST_MODULES=y$", "# CONFIG_TEST_MODULES is not set", config.read_text())
        for option, value in wanted.items():
            text = re.sub(rf"(?m)^(# )?{option}(=.| is not set)$", f"{option}={value}", text)
        config.write_text(text)
        make(folder, "olddefconfig")
    lines = config.read_text().splitlines()
    for option, value in wanted.items():
        assert (f"# {option} is not set" if value == "n" else f"{option}={value}") in lines, f"{option}={value} is not what {config} has"
    make(folder, "all")
    return folder


def run(folder, config, script):
    with open(f"{SOURCES}/vp-configs/{config}", encoding="utf-8") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as temporary:
        init = pathlib.Path(temporary) / "init"
        init.write_text(script)
        modules = sorted(str(m) for m in (folder / "modules").glob("*.ko"))
        for key, value in (("kernel", f'"{folder}/Image"'), ("init", f'"{init}"'), ("modules", repr(modules).replace("'", '"'))):
            text, n = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
            assert n == 1, f"the configuration has no {key} = line"
        mix = pathlib.Path(temporary) / "mix.toml"
        mix.write_text(text)
        return subprocess.run([PROGRAM, "run", str(mix), "--min-tests", "1"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120, check=False)


class Orders(unittest.TestCase):
    def test_a_client_does_not_wait_for_an_smmu_driver_that_is_configured_out(self):
        for modular in ((), ("client",)):
            with self.subTest(modular=modular):
                load = "".join(f"insmod /lib/modules/{PARTS[part][1]}.ko\n" for part in modular)
                result = run(build(modular, ("format", "smmu")), CONFIGS[0], f"{load}deferred\niommu groups\ndmatest --test read\npoweroff\n")
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertRegex(result.stdout, r"IOMMU 9050000\.iommu has no driver yet, and none can come any more: DMA is not translated")
                self.assertIn("no iommu groups", result.stdout)
                self.assertIn("ok 1 - read", result.stdout)


def check(self, modular):
    folder = build(modular)
    for config, order in itertools.product(CONFIGS, itertools.permutations(modular)):
        with self.subTest(config=config, order=order):
            load = "".join(f"insmod /lib/modules/{PARTS[part][1]}.ko\n" for part in order)
            result = run(folder, config, f"{load}deferred\niommu groups\ndmatest --test copy --size 2\npoweroff\n")
            self.assertEqual(result.returncode, 0, result.stdout)
            self.assertRegex(result.stdout, r"(?m)^group 0: a000000\.dma, domain DMA", result.stdout)
            self.assertIn("ok 1 - copy: 2 MiB", result.stdout)
            # Nobody waits at the end, and whoever had to wait said for what.
            self.assertNotRegex(result.stdout, r"(?m)^a000000\.dma +(IOMMU|page-table)", result.stdout)


def cases(mixed):
    if mixed:
        del Orders.test_a_client_does_not_wait_for_an_smmu_driver_that_is_configured_out
    for count in range(1, len(PARTS)) if mixed else (0, len(PARTS)):
        for modular in itertools.combinations(PARTS, count):
            built_in = [p for p in PARTS if p not in modular]
            name = (f"{'_and_'.join(built_in) or 'nothing'}_built_in_and_{'_and_'.join(modular) or 'nothing'}"
                    "_loaded_in_every_order_end_bound")
            setattr(Orders, f"test_{name}", lambda self, m=modular: check(self, m))


if __name__ == "__main__":
    PROGRAM, BUILD, SOURCES = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), os.path.abspath(sys.argv[3])
    cases("--mixed" in sys.argv)
    unittest.main(argv=sys.argv[:1], verbosity=2)
