#!/usr/bin/env python3
"""End-to-end tests of `mmu-masters`, the binding before `iommus`: several SMMUv2s whose nodes list their masters.

usage: legacy_binding.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import itertools
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import EXIT, check, in_order, main  # noqa: E402

COUNT = 3
SMMUS = ["%x.iommu" % (0x9100000 + n * 0x100000) for n in range(COUNT)]
MASTERS = ["%x.dma" % (0xa000000 + n * 0x1000) for n in range(COUNT)]
LOAD = "modprobe io-pgtable-arm\nmodprobe io-pgtable-arm-v7s\n"
STATE = "cat /sys/kernel/devices_deferred\niommu groups\n"
NO_DRIVER = "IOMMU %s has no driver yet"
FAILED = "IOMMU %s has failed to probe"
MISSING = "IOMMU /iommu@%s, one of mmu-masters, is not bound yet"


def platform(b):
    """The shipped SMMUv2 platform with COUNT SMMUs, and a testdev behind each."""
    b.alone(os.path.join(b.source, "vp-configs", "gki-smmuv2.toml"))
    text = re.sub(r"(?m)^min_tests = .*$", "min_tests = 0", b.text())
    head, smmu, dma = re.match(r"(?ms)(.*?)(^\[smmu0\]\n.*?)(^\[dma0\]\n.*)", text).groups()
    smmu += "params.mmu_masters = true\n"
    for n in range(COUNT):
        one = smmu.replace("[smmu0]", "[smmu%d]" % n).replace("0x09100000", "%#x" % (0x9100000 + n * 0x100000))
        head += re.sub(r"SPI (\d+)", lambda m, n=n: "SPI %d" % (int(m[1]) + 48 * n), one) + "\n"
    for n in range(COUNT):
        head += (dma.replace("[dma0]", "[dma%d]" % n).replace("0x0a000000", "%#x" % (0xa000000 + n * 0x1000)).replace("SPI 4", "SPI %d" % (4 + n))
                 .replace("smmu0", "smmu%d" % n).replace("stream = 0x100", "stream = %#x" % (0x100 * (n + 1)))) + "\n"
    head, n = re.subn(r'(type = "gicv2"\nparams = \{ )', r"\1num_spis = 192, ", head)
    assert n == 1, "the configuration has another shape than expected"
    b.config = b.write("legacy.toml", head)
    return b


def tree(b):
    blob = os.path.join(b.folder, "platform.dtb")
    r = b.run(b.config, "--output", blob, command="dtb")
    check(r.returncode == 0, "the platform's own device tree", r)
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True, check=True).stdout


def run(b, init, text=None, expected=EXIT["pass"], *options):
    options = list(options)
    if text is not None:
        blob = os.path.join(b.folder, "tree.dtb")
        subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", blob, b.write("tree.dts", text)], check=True)
        options += ["--dtb", blob]
    r = b.run(b.config, "--init", b.write("legacy.init", init), *options)
    check(r.returncode == expected and "not ok" not in r.stdout, "expected exit code %d" % expected, r)
    return r


def in_node(text, node, line, drop=None):
    """`line` as the first of a node's properties, without those that match `drop`."""
    head, body, tail = re.match(r"(?ms)(.*?^\t%s \{\n)(.*?)(^\t\};.*)" % re.escape(node), text).groups()
    if drop is not None:
        body, n = re.subn(r"(?m)^\t\t%s.*\n" % drop, "", body)
        assert n, "%s has no %s" % (node, drop)
    return head + "\t\t" + line + "\n" + body + tail


def smmu(n):
    return "iommu@%x" % (0x9100000 + n * 0x100000)


def master(n):
    return "dma@%x" % (0xa000000 + n * 0x1000)


def states(r):
    """Of each STATE: {device: reason}, {device: its IOMMU}."""
    found = []
    # The first is what stands behind the first `cat`.
    for part in re.split(r"(?m)^#state\r?\n", r.stdout)[1:]:
        part = part.replace("\r", "")
        deferred = dict(re.findall(r"(?m)^([0-9a-f]+\.\w+)\t(.*)$", part))
        groups = dict(re.findall(r"(?m)^group \d+: (\S+), domain DMA, behind (\S+), streams", part))
        found.append((deferred, groups))
    return found


SHOW = "echo '#state'\n" + STATE


def deferred_for(*reasons):
    return dict(zip(MASTERS, reasons))


def behind(*numbers):
    return {MASTERS[n]: SMMUS[n] for n in numbers}


# Of a platform on which no SMMU is bound, whose driver is there.
NONE = deferred_for(*(NO_DRIVER % s for s in SMMUS))


def waiting(bound, missing):
    """What masters wait for when their SMMUs are bound, or not, and operations wait for one."""
    return deferred_for(*(MISSING % missing.removesuffix(".iommu") if s in bound else NO_DRIVER % s for s in SMMUS))


def case_masters_wait_until_each_smmu_is_bound_in_whatever_order(b):
    platform(b)
    orders = list(itertools.permutations(range(COUNT)))
    init = LOAD + "insmod /lib/modules/testdev-dma.ko\n" + SHOW + "insmod /lib/modules/arm-smmu.ko\n"
    for order in orders:
        init += SHOW + "".join("unbind %s\n" % s for s in SMMUS) + SHOW
        init += "".join("bind arm-smmu %s\n%s" % (SMMUS[n], SHOW if n != order[-1] else "") for n in order)
        init += "".join("dmatest --device %s --test copy --size 1\n" % m for m in MASTERS)
    r = run(b, init + SHOW + "rmmod testdev-dma arm-smmu\n" + SHOW + "poweroff\n")
    expected = [(NONE, {})]
    for order in orders:
        expected += [({}, behind(0, 1, 2)), (NONE, {})]
        for n in range(1, COUNT):
            bound = [SMMUS[i] for i in order[:n]]
            expected.append((waiting(bound, min(s for s in SMMUS if s not in bound)), {}))
    expected += [({}, behind(0, 1, 2)), ({}, {})]
    found = states(r)
    check(found == expected, "who waits for whom: " + "\n".join("%s, expected %s" % pair for pair in itertools.zip_longest(found, expected)), r)
    check(r.stdout.count("bus platform has IOMMU operations: of 3 SMMUs 3 are bound, 0 failed") == len(orders) + 1, "operations are set at the last one", r)
    check(len(re.findall(r"(?m)^ok 1 - copy: 1 MiB", r.stdout)) == COUNT * len(orders), "data is moved by each master", r)



ALL = LOAD + "insmod /lib/modules/testdev-dma.ko\ninsmod /lib/modules/arm-smmu.ko\n"


def case_all_tests_of_the_client_pass_behind_an_smmu_that_lists_it(b):
    platform(b)
    text = tree(b)
    phandles = [re.search(r"(?ms)^\t%s \{.*?phandle = <(0x\w+)>" % master(n), text)[1] for n in range(COUNT)]
    for n, phandle in enumerate(phandles):
        check("mmu-masters = <%s %#x %#x>;" % (phandle, 0x100 * (n + 1), 0x100 * (n + 1) + 1) in text, "the list of SMMU %d:\n" % n + text)
    check(text.count("#stream-id-cells = <0x02>;") == COUNT and "iommu-cells" not in text and "iommus" not in text, "the binding:\n" + text)
    r = run(b, ALL + "dmatest --size 5\npoweroff\n", None, EXIT["pass"], "--strict")
    check(not re.search(r"# SKIP the device is behind no IOMMU", r.stdout) and "ok 2 - read" in r.stdout, "the device is behind its SMMU", r)


def case_one_that_fails_is_named_and_not_waited_for(b):
    text = tree(platform(b))
    for bad in range(COUNT):
        broken = in_node(text, smmu(bad), "reg = <0 %#x 0 0x800>;" % (0x9100000 + bad * 0x100000), "reg =")
        good = [n for n in range(COUNT) if n != bad]
        # Loaded with all there, and with one bound behind the failure.
        r = run(b, ALL + SHOW + "unbind %s\n" % SMMUS[good[0]] + SHOW + "bind arm-smmu %s\n" % SMMUS[good[0]] + SHOW + "poweroff\n", broken)
        in_order(r, [r"%s: is not bound \(-EINVAL\): masters of other SMMUs do not wait for it" % SMMUS[bad]])
        reason = {MASTERS[bad]: FAILED % SMMUS[bad]}
        # Operations that are set stay for those that are still bound.
        partly = (dict(reason, **{MASTERS[good[0]]: NO_DRIVER % SMMUS[good[0]]}), behind(good[1]))
        check(states(r) == [(reason, behind(*good)), partly, (reason, behind(*good))], "who is behind whom: %s" % states(r), r)
        check("of 3 SMMUs 2 are bound, 1 failed" in r.stdout, "the failure is counted", r)


def case_where_all_fail_nothing_is_set_and_their_masters_wait(b):
    text = tree(platform(b))
    for n in range(COUNT):
        text = in_node(text, smmu(n), "reg = <0 %#x 0 0x800>;" % (0x9100000 + n * 0x100000), "reg =")
    r = run(b, ALL + SHOW + "rmmod arm-smmu testdev-dma\n" + SHOW + "poweroff\n", text)
    check(states(r) == [(deferred_for(*(FAILED % s for s in SMMUS)), {}), ({}, {})], "who waits: %s" % states(r), r)
    check("has IOMMU operations" not in r.stdout, "no operations are set", r)


def case_the_last_smmu_may_be_named_and_no_other_is_waited_for_behind_it(b):
    text = in_node(tree(platform(b)), smmu(1), "smmu-vp,last-smmu;")
    init = LOAD + "insmod /lib/modules/testdev-dma.ko\ninsmod /lib/modules/arm-smmu.ko\n" + "".join("unbind %s\n" % s for s in SMMUS)
    init += "".join("bind arm-smmu %s\n" % SMMUS[n] + SHOW for n in (0, 1, 2))
    r = run(b, init + "poweroff\n", text)
    check(states(r) == [(waiting(SMMUS[:1], SMMUS[1]), {}), ({MASTERS[2]: NO_DRIVER % SMMUS[2]}, behind(0, 1)), ({}, behind(0, 1, 2))],
          "who is behind whom: %s" % states(r), r)
    check("of 3 SMMUs 2 are bound, 0 failed; smmu-vp,last-smmu" in r.stdout, "why operations are set", r)
    # That it fails ends the wait as well.
    text = in_node(text, smmu(1), "reg = <0 0x9200000 0 0x800>;", "reg =")
    init = ALL + "unbind %s\nunbind %s\n" % (SMMUS[0], SMMUS[2]) + "bind arm-smmu %s\n" % SMMUS[2] + SHOW + "-bind arm-smmu %s\n" % SMMUS[1] + SHOW
    r = run(b, init + "poweroff\n", text)
    check(states(r) == [({MASTERS[0]: NO_DRIVER % SMMUS[0], MASTERS[1]: FAILED % SMMUS[1],
                          MASTERS[2]: MISSING % SMMUS[0].removesuffix(".iommu")}, {}),
                        ({MASTERS[0]: NO_DRIVER % SMMUS[0], MASTERS[1]: FAILED % SMMUS[1]}, behind(2))], "who is behind whom: %s" % states(r), r)


def case_smmus_that_are_disabled_or_have_no_device_are_not_waited_for(b):
    text = tree(platform(b))
    r = run(b, ALL + SHOW + "poweroff\n", in_node(text, smmu(2), 'status = "disabled";'))
    check("of 2 SMMUs 2 are bound, 0 failed" in r.stdout and states(r) == [({}, behind(0, 1))], "a disabled one counts for nothing", r)
    # Below what is no bus nobody makes a device of it.
    head, node, tail = re.match(r"(?ms)(.*?)(^\t%s \{\n.*?^\t\};\n)(.*)" % smmu(2), text).groups()
    r = run(b, ALL + SHOW + "poweroff\n", head + "\todd { #address-cells = <2>; #size-cells = <2>;\n" + node + "\t};\n" + tail)
    alone = {MASTERS[2]: NO_DRIVER % smmu(2)}
    check("of 3 SMMUs 2 are bound, 0 failed" in r.stdout and states(r) == [(alone, behind(0, 1))], "one without a device is not waited for", r)


def case_deferred_probe_timeout_ends_the_wait_for_other_smmus(b):
    platform(b)
    init = ALL + "unbind %s\nunbind %s\nunbind %s\nbind arm-smmu %s\n" % (*SMMUS, SMMUS[0]) + SHOW + "sleep 3000\n" + SHOW
    r = run(b, init + "poweroff\n", None, EXIT["pass"], "--append", "deferred_probe_timeout=2")
    found = states(r)
    check(found[0] == (waiting(SMMUS[:1], SMMUS[1]), {}) and found[1] == ({}, behind(0)), "who waits: %s" % found, r)
    check(re.search(r"%s: IOMMU %s has no driver yet, and deferred_probe_timeout has passed: DMA is not translated" % (MASTERS[1], SMMUS[1]), r.stdout),
          "who goes on without", r)


def case_a_tree_with_both_bindings_is_refused_by_the_names_of_its_nodes(b):
    text = tree(platform(b))
    r = run(b, ALL + SHOW + "poweroff\n", in_node(text, smmu(1), "#iommu-cells = <1>;"))
    in_order(r, [r"/%s has mmu-masters and #iommu-cells: no SMMU of this device tree is used" % smmu(1)])
    refused = (deferred_for(*(FAILED % s for s in SMMUS)), {})
    check(states(r) == [refused], "no SMMU is used: %s" % states(r), r)
    # SMMU 1 has the one binding, the others the other: by a device, and by the map of a host bridge.
    half = in_node(text, smmu(1), "#iommu-cells = <1>;", "mmu-masters")
    one = re.search(r"(?ms)^\t%s \{.*?phandle = <(0x\w+)>" % smmu(1), text)[1]
    for node, line, how in ((master(1), "iommus = <%s 0x200 %s 0x201>;" % (one, one), "iommus"), (master(1), "iommu-map = <0 %s 0 8>;" % one, "iommu-map")):
        r = run(b, ALL + SHOW + "poweroff\n", in_node(half, node, line, "#stream-id-cells"))
        in_order(r, [r"/%s has mmu-masters, and /%s names /%s by %s: no SMMU of this device tree is used" % (smmu(0), node, smmu(1), how)])
        check(not states(r)[0][1], "no SMMU is used", r)
    # One that is disabled does not mix.
    r = run(b, ALL + SHOW + "poweroff\n", in_node(in_node(half, smmu(1), 'status = "disabled";'), master(1), "iommus = <%s 0x200>;" % one, "#stream-id-cells"))
    check(states(r) == [({}, behind(0, 2))], "the others are used", r)


def case_lists_that_are_malformed_are_refused_by_name_and_the_rest_is_used(b):
    text = tree(platform(b))
    one, two = (re.search(r"(?ms)^\t%s \{.*?phandle = <(0x\w+)>" % master(n), text)[1] for n in (0, 1))
    ok = behind(1, 2)

    def listed(line, *reasons, change=lambda t: t, groups=ok, deferred=None):
        r = run(b, ALL + SHOW + "poweroff\n", change(in_node(text, smmu(0), line, "mmu-masters")))
        in_order(r, reasons)
        found = states(r)[0]
        check(found[1] == groups and (deferred is None or found[0] == deferred), "%s: %s" % (line, found), r)

    entry = r"%s: its mmu-masters is malformed in entry %%d" % SMMUS[0]
    listed("mmu-masters = <%s 0x100 0x101 0x7777 1>;" % one, r"/%s: mmu-masters has phandle 0x7777, which no node has" % smmu(0), entry % 1,
           deferred={MASTERS[0]: FAILED % SMMUS[0]})
    listed("mmu-masters = <%s 0x100>;" % one, r"/%s: mmu-masters ends within entry 0, for which /%s wants 2 cells" % (smmu(0), master(0)), entry % 0)
    # One cell too many is the phandle of the next.
    listed("mmu-masters = <%s 0x100 0x101 0x102>;" % one, r"mmu-masters has phandle 0x102, which no node has", entry % 1)
    listed("mmu-masters = [00 01];", r"mmu-masters of 2 bytes is no list of cells", entry % 0)
    listed("mmu-masters = <%s 0x100 0x101>;" % one, r"mmu-masters names /%s, which has no #stream-id-cells" % master(0), entry % 0,
           change=lambda t: in_node(t, master(0), "", "#stream-id-cells"))
    listed("mmu-masters = <%s 0x100 0x101>;" % one, r"/%s, whose #stream-id-cells is 17: up to 16 are possible" % master(0),
           change=lambda t: in_node(t, master(0), "#stream-id-cells = <17>;", "#stream-id-cells"))
    # A master with two lists is refused alone.
    listed("mmu-masters = <%s 0x100 0x101 %s 0x100 0x101>;" % (one, one), r"/%s is refused: mmu-masters of /%s names it, and that of /%s again" %
           (master(0), smmu(0), smmu(0)), r"%s: mmu-masters of /%s and of /%s names it: its StreamIDs are not known" % (MASTERS[0], smmu(0), smmu(0)), deferred={})
    listed("mmu-masters = <%s 0x100 0x101 %s 0x200 0x201>;" % (one, two), r"/%s is refused: mmu-masters of /%s names it, and that of /%s as well" %
           (master(1), smmu(0), smmu(1)), groups=behind(0, 2), deferred={})
    listed("mmu-masters = <%s 0x100 0x10101>;" % one, r"%s: stream 0x10101 under mask 0: they have 16 bits" % MASTERS[0], deferred={})
    # SMMUs, a node without a device and an empty entry do no harm.
    me, other = (re.search(r"(?ms)^\t%s \{.*?phandle = <(0x\w+)>" % smmu(n), text)[1] for n in (0, 2))
    listed("#stream-id-cells = <1>; mmu-masters = <%s 5 %s 6 0 0x778 7 %s 0x100 0x101>;" % (me, other, one),
           r"mmu-masters of /%s names /%s, which is an IOMMU: ignored" % (smmu(0), smmu(0)), groups=behind(0, 1, 2), deferred={},
           change=lambda t: in_node(t, smmu(2), "#stream-id-cells = <1>;").replace("\n};", "\nx { phandle = <0x778>; #stream-id-cells = <1>; };\n};"))


def case_a_list_as_long_as_a_tree_can_be_makes_no_start_slow(b):
    text = tree(platform(b))
    one = re.search(r"(?ms)^\t%s \{.*?phandle = <(0x\w+)>" % master(0), text)[1]
    # A folder each, as dtc takes no longer lists of nodes.
    many = ["p%x { %s };" % (p, "".join("n%x { phandle = <%#x>; #stream-id-cells = <1>; };" % (i, 0x10000 + i) for i in range(p, p + 2000)))
            for p in range(0, 6000, 2000)]
    for entries, node in ((" ".join("%#x 1" % (0x10000 + i) for i in range(6000)), "".join(many)),
                          (" ".join(["%s 0x100 0x101" % one] * 40000), "")):
        changed = in_node(text, smmu(1), "mmu-masters = <%s>;" % entries, "mmu-masters").rstrip().removesuffix("};") + node + "\n};\n"
        r = run(b, ALL + SHOW + "uptime\npoweroff\n", changed)
        check(float(re.search(r"\[ *([0-9.]+)\] bus|\[ *([0-9.]+)\] arm-smmu: bus", r.stdout)[2]) < 1, "it takes a second", r)


def case_more_streams_than_an_entry_has_cells_are_refused_before_the_start(b):
    platform(b)
    path = b.write("many.toml", b.text().replace("stream = 0x100, count = 2", "stream = 0x100, count = 17"))
    r = b.run(path)
    check(r.returncode == EXIT["config"] and re.search(r"\[dma0\] behind: 17 streams; mmu_masters of \[smmu0\] lists at most 16 of a device", r.stderr), "the mistake", r)


def case_functions_below_a_pci_host_are_masters_by_their_requester_ids(b):
    with open(os.path.join(b.source, "vp-configs", "gki-smmuv2.toml")) as f:
        text = re.sub(r"(?m)^min_tests = .*$", "min_tests = 0", f.read()).replace('type = "smmuv2"\n', 'type = "smmuv2"\nparams.mmu_masters = true\n')
    b.config = b.write("pci.toml", text)
    r = b.run(b.config)
    check(r.returncode == EXIT["config"] and re.search(r"\[pci0\] behind: stream 0x1000; mmu_masters of \[smmu0\] wants 0 of a PCI host", r.stderr), "the mistake", r)
    for old, new in (("stream = 0x1000", "stream = 0"), ("stream = 0x100,", "stream = 0x800,"), ("stream = 0x110", "stream = 0x810")):
        check(text.count(old) == 1, "the configuration has another shape than expected: " + old)
        text = text.replace(old, new)
    b.config = b.write("pci.toml", text)
    functions = ["0000:" + n for n in ("00:01.0", "02:00.0", "02:01.0")]
    init = LOAD + "insmod /lib/modules/testdev-dma.ko\ninsmod /lib/modules/pci-host-generic.ko\n" + SHOW + "insmod /lib/modules/arm-smmu.ko\n" + SHOW
    init += "".join("dmatest --device %s --size 1 --test %s\n" % (f, t) for f in functions for t in ("check", "fault-read"))
    # The host comes behind its SMMU, too.
    init += "rmmod pci-host-generic\ninsmod /lib/modules/pci-host-generic.ko\n" + SHOW
    r = run(b, init + "poweroff\n", None, EXIT["pass"], "--strict")
    there = {d: SMMUS[0] for d in [MASTERS[0], *functions]}
    found = [(dict(re.findall(r"(?m)^(\S+)\t(.*)$", part)), dict(re.findall(r"(?m)^group \d+: (\S+), domain DMA, behind (\S+), streams", part)))
             for part in re.split(r"(?m)^#state\n", r.stdout.replace("\r", ""))[1:]]
    check(found == [({d: NO_DRIVER % SMMUS[0] for d in there}, {}), ({}, there), ({}, there)], "who is behind whom: %s" % found, r)
    check(re.search(r"(?m)^group \d+: 0000:00:01\.0, .*, streams 0x8\r?$", r.stdout), "a requester ID is the StreamID", r)
    check(len(re.findall(r"(?m)^ok 1 - (?:check|fault-read)(?!.*SKIP)", r.stdout)) == 2 * len(functions), "data moves and faults", r)


def case_streams_of_a_list_are_compared_with_the_wiring(b):
    text = tree(platform(b))
    r = run(b, "poweroff\n", re.sub(r"0x200 0x201>;", "0x210 0x211>;", text), EXIT["pass"])
    check(re.search(r"\[dma1\] behind: the device has StreamIDs 0x200 to 0x201 of \[smmu1\], but /%s in the device tree has StreamID 0x210" % master(1), r.stderr),
          "a tree that differs is told", r)
    r = run(b, "poweroff\n", text)
    check("in the device tree has" not in r.stderr, "a tree that fits is not", r)


if __name__ == "__main__":
    main(globals())
