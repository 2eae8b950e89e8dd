#!/usr/bin/env python3
"""End-to-end tests: each order of loading a platform's modules, with what waits behind each single step.

usage: load_orders.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import itertools
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import EXIT, check, main  # noqa: E402
from module_world import PLATFORMS, Script, World, prepare  # noqa: E402


def load(script, world, order):
    for i, module in enumerate(order):
        script.step(world, "insmod " + module)
        script.show(world, "loading " + ", ".join(order[:i + 1]))


def unload(script, world, order):
    """In this order, as far as nobody holds what goes; what is held is refused, and tried again."""
    left = list(order)
    while left:
        before = len(left)
        for module in list(left):
            held = world.held(module)
            script.step(world, "rmmod " + module)
            if not held:
                left.remove(module)
            script.show(world, "unloading %s, of %s" % (module, ", ".join(order)))
        assert len(left) < before, "nothing can be unloaded"


def each_order(b, name, *modules):
    """One boot, in which all is unloaded behind each order; of all modules, or of these."""
    platform = PLATFORMS[name]
    prepare(b, platform)
    script, world = Script(platform), World(platform)
    script.show(world, "the start")
    moved = {}
    for order in itertools.permutations(modules or platform.modules):
        load(script, world, order)
        for client in platform.clients():
            if world.bound(client.name):
                script.step(world, " ".join(["use", client.name, *client.tests[:1]]))
                moved[client.moved] = moved.get(client.moved, 0) + 1
        unload(script, world, order)
    assert moved, "nobody moves data"
    r, console = script.run(b)
    check(script.mismatch(console) is None, "%s" % script.mismatch(console), r)
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    for text, count in moved.items():
        check(console.count(text) == count, "%r is to be told %d times: each client moves data in each order" % (text, count), r)


# The modules that others wait for, and those that wait. Those of disks wait as testdev does: at night they come, too.

def case_each_order_on_gki_none_lets_nobody_wait(b):
    each_order(b, "gki-none")


def case_each_order_on_gki_smmuv2_says_who_waits_behind_each_step(b):
    each_order(b, "gki-smmuv2", "io-pgtable-arm", "io-pgtable-arm-v7s", "arm-smmu", "testdev-dma", "pci-host-generic")


def case_each_order_on_gki_smmuv3_says_who_waits_behind_each_step(b):
    each_order(b, "gki-smmuv3", "io-pgtable-arm", "arm-smmu-v3", "testdev-dma", "pci-host-generic")


def case_each_order_on_gki_smmuv3_smp_says_who_waits_behind_each_step(b):
    each_order(b, "gki-smmuv3-smp")


def case_each_order_on_gki_dual_says_who_waits_behind_each_step(b):
    each_order(b, "gki-dual", "io-pgtable-arm", "arm-smmu-v3", "arm-smmu", "testdev-dma", "pci-host-generic")


def case_each_order_on_gki_msm_says_who_waits_behind_each_step(b):
    each_order(b, "gki-msm")


def case_each_order_on_gki_panfrost_says_who_waits_behind_each_step(b):
    each_order(b, "gki-panfrost")


def case_nightly_each_order_on_gki_smmuv3_with_its_disk(b):
    each_order(b, "gki-smmuv3")


def case_nightly_each_order_on_gki_dual_with_its_disks(b):
    each_order(b, "gki-dual", "io-pgtable-arm", "arm-smmu-v3", "arm-smmu", "testdev-dma", "virtio_blk", "pci-host-generic")


if __name__ == "__main__":
    main(globals())
