#!/usr/bin/env python3
"""End-to-end tests: the guest on device trees of a user's own, seen from outside.

usage: device_trees.py --program smmu-vp --source DIR --build DIR CASE
A case is a function of this file whose name starts with case_. Exit 0: passed.
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from e2e import EXIT, check, in_order, main  # noqa: E402

GIC = 1  # the phandle that the platform gives it


def sub(pattern, replacement, text):
    text, n = re.subn(pattern, lambda _: replacement, text, flags=re.M)
    assert n == 1, "the platform's device tree has another shape than expected: %s" % pattern
    return text


def platform_tree(b):
    blob = os.path.join(b.folder, "platform.dtb")
    r = b.run(None, "--output", blob, command="dtb")
    check(r.returncode == 0, "the platform's own device tree", r)
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True, check=True).stdout


def run_tree(b, text, init):
    """Runs `init` on the tree of this text; what dtc would warn of is often the point."""
    source, blob = b.write("tree.dts", text), os.path.join(b.folder, "tree.dtb")
    subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", blob, source], check=True)
    return b.run(b.variant(init=init), "--dtb", blob)


def in_root(text, nodes):
    """`nodes` added at the end of the root."""
    return text.rstrip().removesuffix("};") + nodes + "\n};\n"


def disable(text, node):
    return sub(r"^\t%s \{" % re.escape(node), "\t%s {\n\t\tstatus = \"disabled\";" % node, text)


# ---- performance monitors of an SMMUv3 (Linux's bindings/perf/arm,smmu-v3-pmcg.yaml)

def case_performance_monitors_are_nodes_of_their_own(b):
    def tree(params, interrupts):
        def change(text):
            text = sub(r'^map = \{ registers = \[0x09050000, "128KiB"\] \}', 'map = { registers = [0x09050000, "640KiB"] }', text)
            text = sub(r'cmdq_sync_irq = "SPI 76" \}', 'cmdq_sync_irq = "SPI 76"%s }' % interrupts, text)
            return sub(r"^params.tbus = 3$", "params.tbus = 3\nparams.pmcg = true\n" + params, text)
        blob = os.path.join(b.folder, "pmcg.dtb")
        r = b.run(b.variant(change=change), "--output", blob, command="dtb")
        check(r.returncode == 0, "the device tree", r)
        d = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", blob], capture_output=True, text=True)
        check(d.returncode == 0 and d.stderr == "", "dtc: " + d.stderr)
        smmu = re.search(r"\tiommu@9050000 \{.*?\n\t\};", d.stdout, re.S)[0]
        check("reg = <0x00 0x9050000 0x00 0xa0000>;" in smmu, "the SMMU's window:\n" + smmu)
        names = re.search(r"interrupt-names = (.*);", smmu)[1]
        check(sorted(re.findall(r"[\w-]+", names.replace("\\0", " "))) == ["cmdq-sync", "eventq", "gerror"], "the SMMU's own interrupts: " + names)
        return re.findall(r"\n\tpmu@(\w+) \{\n(.*?)\n\t\};", d.stdout, re.S)

    wired = tree("", ', pmcg0_irq = "SPI 77", pmcg2_irq = "SPI 78"')
    check([at for at, _ in wired] == ["9070000", "90b0000"], "those whose interrupt is wired: %r" % wired)
    check("reg = <0x00 0x9070000 0x00 0x1000 0x00 0x9080000 0x00 0x1000>;" in wired[0][1], "Page 0 and Page 1: " + wired[0][1])
    check('compatible = "arm,smmu-v3-pmcg";' in wired[0][1] and "interrupts = <0x00 0x4d 0x01>;" in wired[0][1], "by an edge: " + wired[0][1])
    check("interrupts = <0x00 0x4e 0x01>;" in wired[1][1] and "msi-parent" not in wired[1][1], wired[1][1])

    messages = tree("params.pmcg_msi = true\nparams.pmcg_reloc = false\n", "")
    check(len(messages) == 4 and all("msi-parent" in n and "interrupts" not in n for _, n in messages), "each sends messages: %r" % messages)
    check("reg = <0x00 0x9070000 0x00 0x1000>;" in messages[0][1], "Page 0 alone: " + messages[0][1])
    check(tree("", "") == [], "nothing could tell of an overflow")
    part = tree("params.IIDR = 0x4832243b\n", ', pmcg0_irq = "SPI 77"')
    check('compatible = "arm,mmu-600-pmcg\\0arm,smmu-v3-pmcg";' in part[0][1], "of an MMU-600: " + part[0][1])


# ---- status (Devicetree Specification 0.4, 2.3.4)

def case_memory_is_what_the_nodes_that_are_okay_say(b):
    half = sub(r"reg = <0x00 0x40000000 0x00 0x20000000>;", "reg = <0 0x40000000 0 0x10000000>;", platform_tree(b))
    for status, kib in (("", 524288), ('"okay"', 524288), ('"ok"', 524288), ('"disabled"', 262144), ('"reserved"', 262144),
                        ('"fail"', 262144), ('"fail-sss"', 262144), ('"okayish"', 262144), ("<0>", 262144)):
        line = "status = %s;" % status if status else ""
        reg = "reg = <0 0x50000000 0 0x10000000>;"
        for properties in (reg + line, line + reg):
            r = run_tree(b, in_root(half, 'memory@50000000 { device_type = "memory"; %s };' % properties), "poweroff\n")
            check(r.returncode == 0 and "K/%dK available" % kib in r.stdout, "%d KiB with status %s" % (kib, status), r)


def case_a_reservation_that_is_disabled_reserves_nothing(b):
    def free(status):
        nodes = ("reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; "
                 "r@48000000 { reg = <0 0x48000000 0 0x4000000>; %s }; };" % status)
        r = run_tree(b, in_root(platform_tree(b), nodes), "poweroff\n")
        return int(re.search(r"Memory: (\d+)K/", r.stdout)[1])
    check(free('status = "disabled";') - free("") == 65536, "64 MiB make the difference")


def case_memory_whose_reg_is_malformed_is_no_memory(b):
    half = sub(r"reg = <0x00 0x40000000 0x00 0x20000000>;", "reg = <0 0x40000000 0 0x10000000>;", platform_tree(b))
    for reg, text in (("<0 0x50000000 0x10000000>", "its reg of 12 bytes is no list of 2 address and 2 size cells"),
                      ("[00 00 00]", "its reg of 3 bytes is no list of 2 address and 2 size cells")):
        r = run_tree(b, in_root(half, 'memory@50000000 { device_type = "memory"; reg = %s; };' % reg), "poweroff\n")
        check(r.returncode == 0 and "K/262144K available" in r.stdout, "expected 256 MiB", r)
        in_order(r, ["fdt: memory@50000000: " + text])
    # Without any left there is no RAM.
    r = run_tree(b, sub(r"^\t#size-cells = <0x02>;", "\t#size-cells = <3>;", half), "poweroff\n")
    check(r.returncode == EXIT["fail"], "expected a panic", r)
    in_order(r, ["fdt: memory@40000000: its reg has 2 address and 3 size cells: 1 or 2 are possible", "the device tree has no memory node"])


UART = """
	%s {
		%s@9000000 {
			compatible = "arm,pl011", "arm,primecell";
			reg = <0x00 0x9000000 0x00 0x1000>;
			interrupts = <0 1 4>;
		};
	};
"""
BUS = 'simple { compatible = "simple-bus"; #address-cells = <2>; #size-cells = <2>; ranges; %s'


def case_the_console_is_a_uart_that_is_not_disabled(b):
    tree = disable(platform_tree(b), "serial@9000000")
    other = UART.replace("%s {", BUS % "", 1) % "other"
    r = run_tree(b, in_root(tree, other), "devices\ninterrupts\npoweroff\n")
    check(r.returncode == 0, "expected exit code 0", r)
    in_order(r, [r"stdout-path is /serial@9000000, which is disabled", r"console at .*0x09000000", r"^9000000\.other +platform +pl011",
                 r"^ +33:.* pl011"])
    check("9000000.serial" not in r.stdout, "the disabled one is no device", r)
    # Without any, there is no console, and the run goes on.
    r = run_tree(b, tree, "poweroff\n")
    check(r.returncode == 0 and r.stdout == "", "expected a silent run", r)
    # What is below a disabled node is not there either.
    r = run_tree(b, in_root(tree, UART.replace("%s {", BUS % 'status = "disabled";', 1) % "other"), "poweroff\n")
    check(r.returncode == 0 and r.stdout == "", "expected a silent run", r)


def case_a_disabled_interrupt_controller_or_timer_is_missed_by_name(b):
    for node, text in (("interrupt-controller@8000000", "no GICv2 in the device tree, or it is disabled"),
                       ("timer", "no arm,armv8-timer in the device tree, or it is disabled")):
        r = run_tree(b, disable(platform_tree(b), node), "poweroff\n")
        check(r.returncode == EXIT["fail"] and text in r.stdout, "expected a panic: " + text, r)


def case_disabled_devices_and_iommus_are_not_used(b):
    tree = platform_tree(b)
    r = run_tree(b, disable(tree, "dma@a000000"), "modprobe testdev-dma\ndevices\nexpect-fail dmatest\npoweroff\n")
    check(r.returncode == 0 and "a000000.dma" not in r.stdout, "expected no DMA device", r)
    r = run_tree(b, disable(tree, "iommu@9050000"),
                 "modprobe arm-smmu-v3\nmodprobe testdev-dma\niommu groups\ndmatest\npoweroff\n")
    check(r.returncode == 0 and "9050000.iommu" not in r.stdout, "expected no SMMU", r)
    in_order(r, [r"^no iommu groups", r"^ok 2 - read: read and add up$"])


# ---- interrupts (2.4)

SHOW = "interrupts\npoweroff\n"
SERIAL = r"interrupts = <0x00 0x01 0x04>;"


def nexus(content, name="nexus", cells="#address-cells = <2>; #interrupt-cells = <1>;"):
    return "%s: %s { %s %s };" % (name, name, cells, content)


TO_NEXUS = "interrupt-parent = <&nexus>; interrupts = <5>;"
TO_SLOTS = "interrupt-parent = <&slots>; interrupts = <5>;"
# A row of a map: unit address, specifier; then the GIC, which has two address cells, and its specifier.
ROW = "%s {gic} 0 0 0 1 4".replace("{gic}", str(GIC))


def case_interrupts_are_found_through_maps_and_parents(b):
    tree = platform_tree(b)
    bus = ('bus@9000000 { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x9000000 0x10000>; '
           '%s serial@0 { compatible = "arm,pl011", "arm,primecell"; reg = <0 0x1000>; %s }; };')
    without = sub(r"(?s)^\tserial@9000000 \{.*?\n\t\};\n", "", tree)
    for what, text in {
            "the bus is the nexus": in_root(without, bus % (
                "#interrupt-cells = <1>; interrupt-map-mask = <0 63>; interrupt-map = <0 5 %d 0 0 0 1 4>;" % GIC, "interrupts = <5>;")),
            "the bus names the parent": in_root(without.replace("interrupt-parent = <0x01>;", "", 1), bus % (
                "interrupt-parent = <%d>;" % GIC, "interrupts = <0 1 4>;") + "timer0: t {};").replace(
                    "always-on;", "always-on; interrupt-parent = <%d>;" % GIC),
            "a nexus aside": in_root(sub(SERIAL, TO_NEXUS, tree), nexus(
                "interrupt-map-mask = <0 0 63>; interrupt-map = <%s>;" % ROW % "0 0 5")),
            "no mask": in_root(sub(SERIAL, TO_NEXUS, tree), nexus("interrupt-map = <%s>;" % ROW % "0 0x9000000 5")),
            "the unit address decides": in_root(sub(SERIAL, TO_NEXUS, tree), nexus(
                "interrupt-map-mask = <0 0xffff000 1>; interrupt-map = <0 0x9001000 1 {0} 0 0 0 9 4  0 0x9000000 0 {0} 0 0 0 9 4 "
                "0 0x9000000 1 {0} 0 0 0 1 4>;".format(GIC))),
            "two maps": in_root(sub(SERIAL, TO_NEXUS, tree), nexus("interrupt-map-mask = <0 0 1>; interrupt-map = <0 0 1 &slots 7 8>;") +
                                nexus("interrupt-map = <7 8 %d 0 0 0 1 4>;" % GIC, "slots", "#address-cells = <0>; #interrupt-cells = <2>;")),
            "extended through a map": in_root(sub(SERIAL, "interrupts-extended = <&nexus 5>; interrupts = <0 77 4>;", tree), nexus(
                "interrupt-map-mask = <0 0 63>; interrupt-map = <%s>;" % ROW % "0 0 5")),
            "extended": sub(SERIAL, "interrupts-extended = <%d 0 1 4>;" % GIC, tree),
            "an entry that leads to what is off is passed over": in_root(sub(SERIAL, TO_NEXUS, tree), nexus(
                "interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 &off 3  %s>;" % ROW % "0 0 5") +
                'off: off { status = "disabled"; interrupt-controller; #interrupt-cells = <1>; };')}.items():
        r = run_tree(b, text, SHOW)
        check(r.returncode == 0 and re.search(r"(?m)^ +33:.* pl011", r.stdout), what, r)


def case_a_map_that_goes_by_addresses_is_not_for_a_device_without_one(b):
    tree = sub(r"interrupts = <0x01 0x0d .*>;", "interrupt-parent = <&nexus>; interrupts = <0 1 2 3>;", platform_tree(b))
    rows = "interrupt-map = <0 0 2 %d 0 0 1 11 0x104>;" % GIC
    r = run_tree(b, in_root(tree, nexus("interrupt-map-mask = <0 0 3>; " + rows)), "poweroff\n")
    check(r.returncode == 0 and "interrupt 27" in r.stdout, "expected the virtual timer's interrupt", r)
    r = run_tree(b, in_root(tree, nexus(rows)), "poweroff\n")
    check(r.returncode == EXIT["fail"], "expected a panic", r)
    in_order(r, ["/timer: it has no reg of 2 cells, and interrupt-map of /nexus goes by it", "panic"])


def case_malformed_interrupts_are_refused_by_name_and_the_run_goes_on(b):
    tree = platform_tree(b)
    full = "interrupt-map-mask = <0 0 63>; interrupt-map = <%s>;" % ROW % "0 0 5"
    to_slots = "interrupt-map = <0 0 5 &slots 5>;"
    for serial, nodes, text in (
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 %d 0 0 0 1>;" % GIC), "interrupt-map of /nexus is too short"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5>;"), "interrupt-map of /nexus is too short"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <%s 0 0>;" % ROW % "0 0 6"), "interrupt-map of /nexus is too short"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0>; interrupt-map = <%s>;" % ROW % "0 0 5"), "interrupt-map-mask of /nexus is too short"),
            (TO_NEXUS, nexus("interrupt-map;"), "interrupt-map of /nexus has no entry for its interrupt"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <%s>;" % ROW % "0 0 6"), "has no entry for its interrupt"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 0x7777 0 0 0 1 4>;"), "leads to phandle 0x7777, which no node has"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 &nexus 0 0 5>;"), "more than 16 interrupt-maps, in circles"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; interrupt-map = <0 0 5 &slots 0 0 5>;") + nexus(
                "interrupt-map = <0 0 5 &nexus 0 0 5>;", "slots"), "more than 16 interrupt-maps, in circles"),
            (TO_NEXUS, nexus(full, cells="#address-cells = <2>; #interrupt-cells = <0>;"), "/nexus with 0 #interrupt-cells; 1 to 16"),
            (TO_NEXUS, nexus(full, cells="#address-cells = <2>; #interrupt-cells = <17>;"), "/nexus with 17 #interrupt-cells; 1 to 16"),
            (TO_NEXUS, nexus(full, cells="#address-cells = <2>; #interrupt-cells = <0xffffffff>;"), "4294967295 #interrupt-cells"),
            (TO_NEXUS, nexus(full, cells="#address-cells = <0x3fffffff>; #interrupt-cells = <1>;"), "/nexus with 1073741823 #address-cells"),
            (TO_NEXUS, nexus(to_slots) + nexus("", "slots", ""), "/slots, which has no #interrupt-cells"),
            (TO_NEXUS, nexus("interrupt-map-mask = <0 0 63>; " + to_slots) + nexus("", "slots", "#interrupt-cells = <1>;"),
             "/slots, which is no interrupt-controller and has no interrupt-map"),
            (TO_NEXUS, nexus(full + ' status = "disabled";'), "/nexus, which is disabled"),
            ("interrupt-parent = <0x7777>; interrupts = <5>;", "", "interrupt-parent of /serial@9000000 is phandle 0x7777, which no node has"),
            ("interrupt-parent = <0>; interrupts = <5>;", "", "interrupt-parent of /serial@9000000 is phandle 0, which no node has"),
            (TO_SLOTS, "slots: slots { interrupt-parent = <&more>; }; more: more { interrupt-parent = <&slots>; };",
             "interrupt-parent goes in circles"),
            ("interrupts-extended = <0x7777 5>;", "", "interrupts-extended is malformed up to entry 0"),
            ("interrupts-extended = <%d 0 1>;" % GIC, "", "interrupts-extended is malformed up to entry 0")):
        r = run_tree(b, in_root(sub(SERIAL, serial, tree), nodes), SHOW)
        check(r.returncode == 0, "the run goes on after: " + text, r)
        check(re.search(r"of: /serial@9000000: .*" + re.escape(text), r.stdout), "the log does not say: " + text, r)
        check(not re.search(r"(?m)^ +\d+:.* pl011", r.stdout), "expected no interrupt: " + text, r)


if __name__ == "__main__":
    main(globals())
