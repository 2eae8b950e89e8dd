#!/usr/bin/env python3
"""End-to-end tests of the guest's Adreno driver: a GPU behind its SMMUv2, on the kernel image of every platform.

usage: msm.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import itertools
import os
import re

from e2e import EXIT, check, in_order, main

# All but those of packets that a run with --strict holds against the guest.
TESTS = ("write", "copy", "add", "nested", "order", "ring", "switch", "threads", "same-addresses", "isolation", "kernel", "kernel-unmap",
         "readonly", "unmap", "heap", "terminate", "no-stall", "bad-buffer", "hang", "watchdog",
         "reset-in-fault", "others", "random")
STALLING = ("isolation", "kernel", "kernel-unmap", "readonly", "unmap", "heap", "terminate", "no-stall", "bad-buffer", "reset-in-fault",
            "random")


def shipped(b):
    b.config = os.path.join(b.source, "vp-configs", "gki-msm.toml")
    return b


def run(b, init, *options, change=None, status="pass"):
    r = b.run(shipped(b).variant(init=init, change=change), "--min-tests", "0", *options)
    check(r.returncode == EXIT[status], "expected exit code %d" % EXIT[status], r)
    check("not ok" not in r.stdout, "a KTAP test failed", r)
    return r


def parameter(section, line):
    """A line more below the type of a component."""
    return lambda text: re.sub(r'(?m)^type = "%s"\n' % section, 'type = "%s"\n%s\n' % (section, line), text)


def ran(r, *names, skipped=()):
    lists = [text for text in r.stdout.split("KTAP version 1") if "- same-addresses: " in text]
    check(len(lists) == 1, "one list of msmtest is expected", r)
    for name in names:
        m = re.search(r"(?m)^ok \d+ - %s: .*$" % re.escape(name), lists[0])
        check(m, "%s did not run" % name, r)
        check(("# SKIP" in m[0]) == (name in skipped), "%s: %s" % (name, m[0]), r)


def case_the_driver_is_found_by_alias_and_does_all_that_it_should(b):
    r = b.run(shipped(b).config, "--strict")
    check(r.returncode == EXIT["pass"], "expected exit code 0", r)
    ran(r, *TESTS)
    in_order(r, [r"format ARM_64_LPAE_S1 registered", r"arm-smmu 9100000\.iommu: SMMUv2", r"msm a100000\.gpu: kernel at 0xffff000000000000",
                 r"^io_pgtable_arm .*arm_smmu \(tables\),.*msm \(tables\)", r"a100000\.gpu, domain unmanaged, behind 9100000\.iommu, streams 0",
                 r"^ok \d+ - switch", r"in use by .*msm \(tables\)", r"module: msm: unloaded", r"module: io_pgtable_arm: unloaded"])


def case_packets_against_the_rules_end_their_job_alone(b):
    r = run(b, "modprobe -a arm-smmu msm\nmsmtest --all\nmsm status\npoweroff\n")
    ran(r, *TESTS, "bad-packet", "protected", "table-update")
    in_order(r, [r"bad packet: .* CP_INTERRUPT_STATUS 0x1 ", r"IB1 0x10000010, \d+ words left",
                 r"job \d+ of process \d+ \(ASID \d+\) at 0x10000000 ended", r"protected register: .* CP_PROTECT_STATUS 0x800 ",
                 r"2 faults of the kernel, [1-9]\d+ recoveries"])


def case_a_fault_is_told_with_its_process_and_tables(b):
    r = run(b, "modprobe -a arm-smmu msm\nmsm status\nmsmtest --test isolation\nmsmtest --test kernel\npoweroff\n")
    m = re.search(r"process 0 \(idle\): ASID (\d+) TTBR0 (0x[0-9a-f]+),", r.stdout)
    check(m, "the idle process is not shown", r)
    in_order(r, [r"read of 0x5a5a5a50000 is not mapped: process [1-9]\d*, ASID (?!%s,)\d+, TTBR0 (?!%s,)0x[0-9a-f]+, IB1 0x10000000," % m.groups(),
                 r"write of 0x5a5a5a50000 is not mapped", r"read of 0xffff0000[0-9a-f]+ is not permitted"])


def case_the_probe_waits_for_the_smmu_and_for_the_format_in_any_order(b):
    init, words = "", []
    for order in itertools.permutations(("io-pgtable-arm", "arm-smmu", "msm")):
        for n, module in enumerate(order):
            init += "echo step %s %d\ninsmod /lib/modules/%s.ko\ndeferred\n" % ("/".join(order), n, module)
            loaded = order[:n + 1]
            words.append("step %s %d\r?\n" % ("/".join(order), n))
            if "msm" in loaded and "arm-smmu" not in loaded:
                words.append(r"a100000\.gpu +IOMMU 9100000\.iommu")
            elif "msm" in loaded and "io-pgtable-arm" not in loaded:
                words.append(r"a100000\.gpu +page-table format ARM_64_LPAE_S1 is not registered: modprobe io-pgtable-fmt-2")
        init += "msmtest --test write\nrmmod -a\n"
        words.append(r"^ok 1 - write")
    in_order(run(b, init + "poweroff\n"), words)


def case_what_is_in_use_does_not_go_and_what_went_comes_back(b):
    init = ("modprobe -a arm-smmu msm\nexpect-fail rmmod io-pgtable-arm\nexpect-fail rmmod arm-smmu\nrmmod msm\n"
            "iommu groups\n" + "modprobe msm\nmsmtest --test switch\nrmmod msm\n" * 3 + "rmmod arm-smmu\nrmmod io-pgtable-arm\npoweroff\n")
    r = run(b, init)
    in_order(r, [r"io_pgtable_arm: in use by arm_smmu \(tables\),msm \(tables\)", r"arm_smmu: in use by msm \("] +
             [r"^ok 1 - switch", r"stopped after 4\d\d jobs"] * 3 + [r"module: io_pgtable_arm: unloaded"])


def case_the_gpu_and_its_smmu_are_unbound_and_bound_at_run_time(b):
    init = ("modprobe -a arm-smmu msm\nmsmtest --test switch\nunbind a100000.gpu\nexpect-fail msm status\niommu groups\n"
            "bind msm a100000.gpu\nmsmtest --test heap\nunbind 9100000.iommu\nexpect-fail msm status\ndeferred\n"
            "bind arm-smmu 9100000.iommu\nsettle\nmsmtest --test others\nrmmod -a\nlsmod\npoweroff\n")
    in_order(run(b, init), [r"^ok 1 - switch", r"stopped after", r"msm: no GPU", r"^ok 1 - heap", r"stopped after", r"msm: no GPU",
                            r"a100000\.gpu +IOMMU 9100000\.iommu", r"in iommu group 0", r"^ok 1 - others", r"module: msm: unloaded"])


def case_a_gpu_unbound_under_switches_of_processes_ends_their_jobs(b):
    met = unbound_at_each(b, "switch", "a100000.gpu", "msm a100000.gpu", (100, 101, 200, 300, 400))
    check(len(met) == 5, "the GPU went too late")
    for r in met:
        in_order(r, [r"# \d\d+ switches", r"stopped after \d\d+ jobs"])


def case_an_smmu_unbound_under_threads_that_map_and_submit_takes_the_gpu_along(b):
    met = unbound_at_each(b, "threads", "9100000.iommu", "arm-smmu 9100000.iommu", (50, 51, 100, 250, 260))
    check(len(met) >= 4, "the SMMU went too late")
    for r in met:
        # ENODEV, whatever the thread was at.
        check(set(re.findall(r"a thread's error is (\S+),", r.stdout)) == {"0x13"}, "a thread ends with another error", r)
        in_order(r, [r"a100000\.gpu: stopped after", r"9100000\.iommu: stopped", r"a100000\.gpu: kernel at"])


def case_a_gpu_unbound_under_a_hang_is_not_started_again(b):
    met = unbound_at_each(b, "hang", "a100000.gpu", "msm a100000.gpu", (100, 4000) + tuple(range(8300, 8440, 10)))
    # Before the GPU finds out, about then, and while it is reset.
    check(any("hang: RBBM_INT_0_STATUS" not in r.stdout for r in met), "the GPU is always reset", met[0])
    check(any("hang: RBBM_INT_0_STATUS" in r.stdout for r in met), "the GPU is never reset", met[0])
    for r in met:
        in_order(r, [r"the job ends with -19, expected (-110|0)", r"a100000\.gpu: stopped after"])


def case_a_gpu_unbound_and_bound_under_random_schedules_leaves_nothing_behind(b):
    met = unbound_at_each(b, "random", "a100000.gpu", "msm a100000.gpu", (40, 200, 600, 800, 1000, 1200))
    check(len(met) >= 5, "the GPU went too late")


def case_a_command_that_uses_the_gpu_is_named_by_rmmod(b):
    init = ("modprobe test-together\nmodprobe -a arm-smmu msm\ntogether 'msmtest --test hang' '@1000 expect-fail rmmod msm' '@1100 lsmod'\n"
            "rmmod msm\npoweroff\n")
    together = os.path.join(b.build, "sw", "test-modules", "test-together.ko")
    r = run(b, init, "--module", together)
    in_order(r, [r"module: msm: in use by command msmtest", r"^msm +\d+ +1 +command msmtest", r"^ok 1 - hang", r"module: msm: unloaded"])


def case_random_schedules_do_what_the_model_does(b):
    run(b, "modprobe -a arm-smmu msm\n" + "".join("msmtest --test random --seed %d\n" % s for s in range(2, 18)) + "msm status\npoweroff\n",
        "--strict")


def two_processors(text):
    cpu = '[cpu1]\ntype = "cpu"\ninterrupts = { timer_virt = "PPI 11", timer_phys = "PPI 14" }\n\n[gic]\n'
    text = text.replace("[gic]\n", cpu).replace('type = "gicv2"\n', 'type = "gicv2"\nparams.cpus = 2\n')
    return text.replace('wires = { irq0 = "cpu0.irq" }', 'wires = { irq0 = "cpu0.irq", irq1 = "cpu1.irq" }')


def unbound_under(b, test, away, back, delay):
    """The GPU goes, and comes back, so many microseconds after a test has begun on another processor. Returns the run and how many jobs
    it had done by then; the test may fail, but the kernel goes on, nothing is left held, and the next test passes."""
    init = ("modprobe test-together\nmodprobe -a arm-smmu msm\ntogether '-msmtest --test %s' '@%d unbind %s' '-@%d bind %s'\n"
            "settle\nmsmtest --test write\nexpect-fail modprobe nothing\nrmmod -a\nlsmod\npoweroff\n" % (test, delay, away, delay + 3000, back))
    together = os.path.join(b.build, "sw", "test-modules", "test-together.ko")
    r = b.run(shipped(b).variant(init=init, change=two_processors), "--min-tests", "0", "--timeout-sim", "10s", "--module", together)
    check(r.returncode in (EXIT["pass"], EXIT["fail"]), "expected exit code 0 or 1", r)
    check(not re.search(r"Oops|panic|WARNING|BUG|stays busy|not freed", r.stdout), "the kernel complains", r)
    in_order(r, [r"^(not )?ok 1 - %s" % test, r"^ok 1 - write", r"module: msm: unloaded", r"module: io_pgtable_arm: unloaded", r"Power down"])
    m = re.search(r"a100000\.gpu: stopped after (\d+) jobs", r.stdout)
    check(m and m.start() < r.stdout.index("ok 1 - write"), "the GPU was not unbound", r)
    return r, int(m[1])


def unbound_at_each(b, test, away, back, delays):
    """At each moment, the first one twice: nothing differs then. Returns the runs in which the test met it."""
    runs = [unbound_under(b, test, away, back, d) for d in delays]
    again, _ = unbound_under(b, test, away, back, delays[0])
    check(again.stdout == runs[0][0].stdout, "the same run again ends in another way", again)
    counts = [n for _, n in runs]
    check(counts == sorted(counts), "later is not later: %s" % counts)
    return [r for r, _ in runs if re.search(r"(?m)^not ok 1 - %s" % test, r.stdout)]


def case_processors_submit_and_serve_it_at_the_same_time(b):
    r = run(b, "modprobe -a arm-smmu msm\nmsmtest\n" + "msmtest --test threads\n" * 5 + "poweroff\n", change=two_processors)
    in_order(r, [r"CPUs on line: 2"])
    ran(r, *TESTS)


def case_a_gpu_behind_an_smmu_of_another_kind_or_of_none_is_refused(b):
    init = "modprobe -a arm-smmu msm\ndeferred\niommu groups\npoweroff\n"
    r = run(b, init, change=lambda text: text.replace('params.personality = "qcom-adreno-smmu"', "params.NUMCB = 5\nparams.NUMPAGENDXB = 2"))
    in_order(r, [r'a100000\.gpu: its SMMU 9100000\.iommu gives it no TTBR1: is it "qcom,adreno-smmu"\?'])
    r = run(b, init, change=lambda text: re.sub(r"(?m)^behind = .*port.*\n", "", text).replace("tbus = 3", "tbus = 2"))
    in_order(r, [r"a100000\.gpu: no IOMMU translates for it"])


def case_a_bus_without_a_sign_bit_is_refused_by_name(b):
    r = run(b, "modprobe -a arm-smmu msm\npoweroff\n", change=parameter("smmuv2", "params.UBS = 44"))
    in_order(r, [r"a GPU needs AArch64 stage 1 in context bank 0, and 49 bits of input: aarch64, 44 bits"])


def case_faults_that_cannot_wait_are_told_all_the_same(b):
    r = run(b, "modprobe -a arm-smmu msm\nmsmtest\npoweroff\n", change=parameter("smmuv2", "params.stalls = false\nparams.GSE = false\nparams.STALLD = false"))
    in_order(r, [r"a100000\.gpu: faults do not wait"])
    ran(r, *TESTS, skipped=STALLING)


def case_other_devices_of_the_smmu_go_on_beside_the_gpu(b):
    r = run(b, "modprobe -a arm-smmu testdev-dma msm\nmsmtest --test hang\ndmatest --size 5\nmsmtest --test switch\nsmmuv2 status\npoweroff\n")
    in_order(r, [r"^ok 1 - hang", r"^ok \d+ - copy", r"^ok \d+ - switch: hundreds"])


def case_an_smmu_that_does_not_snoop_and_other_granules_are_used(b):
    r = run(b, "modprobe -a arm-smmu msm\nmsmtest\npoweroff\n", change=parameter("smmuv2", "params.CTTW = false"))
    ran(r, *TESTS)
    for granule in ("16", "64"):
        sizes = "".join("params.PTFSv8_%skB = %s\n" % (g, str(g == granule).lower()) for g in ("4", "16", "64"))
        r = run(b, "modprobe -a arm-smmu msm\nmsmtest\npoweroff\n", change=parameter("smmuv2", sizes))
        in_order(r, [r"pages of %d bytes" % (int(granule) * 1024)])
        ran(r, *TESTS)


if __name__ == "__main__":
    main(globals())
