#!/usr/bin/env python3
"""End-to-end tests of the guest's driver of Mali GPUs, on GPUs that have more and less than the default one.

usage: panfrost.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import os
import re

from e2e import EXIT, check, in_order, main

PLATFORM = """
[boot]
kernel = "guest:Image"
modules = ["guest:modules/io-pgtable-arm.ko", "guest:modules/panfrost.ko"]
init = "%(init)s"
bootargs = "console=ttyAMA0"

[bus]
type = "router"

[ram]
type = "memory"
map = [0x40000000]
params = { size = "256MiB" }

[gic]
type = "gicv2"
params = { cpus = %(cpus)d }
map.distributor = [0x08000000, "4KiB"]
map.cpu_interface = [0x08010000, "8KiB"]
wires = { %(wires)s }

[uart0]
type = "pl011"
map = [0x09000000, "4KiB"]
interrupts = { irq = "SPI 1" }

[gpu0]
type = "mali"
map = { registers = [0x0b000000, "16KiB"] }
interrupts = { job = "SPI 40", mmu = "SPI 41", gpu = "SPI 42" }
params = { %(params)s }
"""
CPU = '\n[cpu%d]\ntype = "cpu"\ninterrupts = { timer_virt = "PPI 11", timer_phys = "PPI 14" }\n'


SECOND = """
[gpu1]
type = "mali"
map = { registers = [0x0b010000, "16KiB"] }
interrupts = { job = "SPI 43", mmu = "SPI 44", gpu = "SPI 45" }
params = { gpu_id = 0x07500000, address_spaces = 4 }
"""


def gpu(b, script, *options, params="", cpus=1, status="pass", more=""):
    wires = ", ".join('irq%d = "cpu%d.irq"' % (n, n) for n in range(cpus))
    text = PLATFORM % {"init": b.write("init", script), "wires": wires, "cpus": cpus, "params": params}
    r = b.run(b.write("gpu.toml", text + "".join(CPU % n for n in range(cpus)) + more), *options)
    check(r.returncode == EXIT[status], "expected exit code %d" % EXIT[status], r)
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    return r


def skipped(r):
    return re.findall(r"(?m)^ok \d+ - ([\w-]+):.*# SKIP", r.stdout)


def case_the_driver_is_loaded_by_alias_and_all_its_tests_pass(b):
    r = gpu(b, "coldplug\nsettle\nlsmod\npantest\npantest --test random --seed 2\nexpect-fail rmmod io-pgtable-arm\n"
               "rmmod panfrost\nrmmod io-pgtable-arm\nlsmod\npoweroff\n", "--strict")
    in_order(r, [r"format ARM_MALI_LPAE registered",
                 r"panfrost b000000\.gpu: Mali T860, id 0x860 r2p0: 8 address spaces of 48 bits, 3 job slots",
                 r"^panfrost +\d+ +0$", r"^io_pgtable_arm +\d+ +1 panfrost \(tables\)$",
                 r"^ok \d+ - heap: .*", r"^ok \d+ - unbind: .*", r"^ok \d+ - random: .*",
                 r"io_pgtable_arm: in use by panfrost \(tables\)", r"panfrost b000000\.gpu: powered down"])
    check(not skipped(r), "the default GPU lacks something", r)
    check(not re.search(r"panfrost|io_pgtable", r.stdout[r.stdout.rindex("Module "):]), "modules are left at the end", r)


def case_jobs_that_break_the_rules_are_told_and_recovered_from(b):
    r = gpu(b, "coldplug\nsettle\npantest --all\npoweroff\n")
    in_order(r, [r"slot 0, client \d+: JOB_CONFIG_FAULT 0x40, job at", r"DATA_INVALID_FAULT 0x58", r"^ok \d+ - bad-job:",
                 r"^ok \d+ - random-bad:"])
    check("guest error: a job of type 100" in r.stderr + r.stdout, "the model does not hold it against the guest", r)


def case_a_gpu_waits_for_its_page_table_format(b):
    r = gpu(b, "insmod /lib/modules/panfrost.ko\ndeferred\nexpect-fail pantest\ninsmod /lib/modules/io-pgtable-arm.ko\n"
               "settle\ndeferred\necho here\npantest --test values\npoweroff\n")
    in_order(r, [r"b000000\.gpu.*page-table format ARM_MALI_LPAE is not registered: modprobe io-pgtable-fmt-5",
                 r"pantest: no GPU is bound", r"panfrost b000000\.gpu: Mali T860",
                 r"^Device +Why it waits\nhere$", r"^ok 1 - values"])
    check(r.stdout.count("Mali T860") == 1, "it is told again and again", r)


def case_a_gpu_that_does_not_power_up_is_left_without_a_warning(b):
    r = gpu(b, "coldplug\nsettle\nexpect-fail pantest\nrmmod panfrost\nrmmod io-pgtable-arm\npoweroff\n", "--strict",
            params="power_ns = 1000000000")
    in_order(r, [r"panfrost b000000\.gpu: the L2 cache does not power up", r"b000000\.gpu: probe failed with error -ETIMEDOUT",
                 r"pantest: no GPU is bound"])
    check("WARNING" not in r.stdout, "the kernel warns", r)


def case_who_has_a_client_open_holds_the_driver(b):
    r = gpu(b, "coldplug\nsettle\npanfrost open\npanfrost open\nexpect-fail rmmod panfrost\npanfrost status\npanfrost reset\n"
               "panfrost close\npanfrost status\nrmmod panfrost\npoweroff\n")
    in_order(r, [r"^client 1 is open, it has 64 KiB at 0x2000000", r"panfrost: in use by client 1 of b000000\.gpu,client 2 of b000000\.gpu",
                 r"^power: shader 0xf, tiler 0x1, L2 0x1", r"^client 2: 1 buffers, 64 KiB", r"reset: somebody asked for it",
                 r"1 resets\n", r"powered down"])


def case_the_tables_of_a_client_are_shown_in_the_words_of_decode(b):
    r = gpu(b, "coldplug\nsettle\npanfrost open\npanfrost tables 1\npanfrost tables 1 0x2003000\nexpect-fail panfrost tables 2\n"
               "expect-fail panfrost tables 1 no\nexpect-fail panfrost tables x\npanfrost close\npoweroff\n")
    whole, one = re.findall(r"(?m)^0x0{16}  .*mali, level 0: table.*\n(?:0x.*\n)+?(?=.*level 0:|panfrost:)", r.stdout)
    found = re.search(r"(?m)^0x0000000002000000  (0x[0-9a-f]{16})  mali, level 3: page, 4 KiB at 0x[0-9a-f]+; (.*)$", whole)
    check(found, "no leaf", r)
    check(re.findall(r"(?m)^0x0*([0-9a-f]*) .*level 3: page", one) == ["2003000"], "the way to an address is another", r)
    said = b.run("pte", "--format", "mali", "--level", "3", found[1], command="decode")
    check(said.returncode == 0, "decode does not know it", said)
    for field in found[2].split("; ")[0].split(", "):
        name, value = re.fullmatch(r"(\S+) (\S+)", field).groups()
        line = re.search(r"(?m)^.*%s.*$" % re.escape(name), said.stdout)
        check(line and value in line[0], "decode says of %s: %s" % (field, line and line[0]), said)


def case_many_seeds_leave_what_the_model_of_the_jobs_expects(b):
    runs = "".join("pantest --test random-bad --seed %d\n" % seed for seed in range(100, 108))
    r = gpu(b, "coldplug\nsettle\n" + runs + "poweroff\n")
    check(len(re.findall(r"(?m)^ok 1 - random-bad", r.stdout)) == 8, "runs are missing", r)


def passes(b, params, lacks=()):
    r = gpu(b, "coldplug\nsettle\npantest\npoweroff\n", "--strict", params=params)
    check(skipped(r) == list(lacks), "skipped: %s" % skipped(r), r)


def case_a_gpu_with_one_of_everything_passes(b):
    passes(b, "slots = 1, address_spaces = 1, tlb_entries = 1, shader_cores = 1", ("slots", "heap-shared", "endless", "hang"))


def case_a_gpu_with_sixteen_of_everything_passes(b):
    passes(b, "slots = 16, address_spaces = 16, tlb_entries = 4096, shader_cores = 32")


def case_a_gpu_that_caches_nothing_and_does_not_snoop_passes(b):
    passes(b, "tlb_entries = 0, coherent = false")


def case_a_slow_gpu_passes(b):
    passes(b, "reset_ns = 1000000, power_ns = 500000, mmu_command_ns = 5000")


def case_four_cpus_pass_as_well(b):
    r = gpu(b, "coldplug\nsettle\ncpus\npantest\npantest --test random --seed 3\nrmmod panfrost\npoweroff\n", "--strict", cpus=4)
    check("CPUs on line: 4" in r.stdout, "not four CPUs", r)


def case_two_gpus_are_two(b):
    r = gpu(b, "coldplug\nsettle\npantest --device b000000.gpu --test unbind\npantest --device b000000.gpu --test turns\n"
               "pantest --device b010000.gpu --test turns\npantest --device b010000.gpu --test unbind\n"
               "expect-fail pantest --device c000000.gpu\nlsmod\nrmmod panfrost\npoweroff\n", "--strict", more=SECOND)
    in_order(r, [r"panfrost b000000\.gpu: Mali T860.*8 address spaces", r"panfrost b010000\.gpu: Mali T760, id 0x750 r0p0: 4 address",
                 r"^ok 1 - unbind", r"^ok 1 - turns", r"^ok 1 - turns", r"panfrost b010000\.gpu: powered down", r"^ok 1 - unbind",
                 r"no GPU of that name is bound", r"^io_pgtable_arm +\d+ +2 panfrost \(tables\)"])


def case_without_a_stop_each_chain_without_an_end_costs_a_reset(b):
    r = gpu(b, "modprobe panfrost stop=0\npantest --test close\npantest --test hang\npantest --test reset\npanfrost status\n"
               "poweroff\n", "--strict")
    in_order(r, [r"reset: a job does not stop", r"^ok 1 - close", r"^ok 1 - hang", r"^ok 1 - reset"])


if __name__ == "__main__":
    main(globals())
