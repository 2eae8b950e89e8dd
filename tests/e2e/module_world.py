"""What a platform's modules and devices are expected to do, and scripts that hold the guest to it.

A platform is data: its modules, and its devices with what each needs. A world is what is loaded and bound at one moment; it
says of each step whether it succeeds and what is so behind it.
"""
import os
import re

from e2e import check

# Page-table formats: the module that brings it, and its number.
TABLES = {"ARM_64_LPAE_S1": ("io-pgtable-arm", 2), "ARM_MALI_LPAE": ("io-pgtable-arm", 5)}


class Device:
    """`module` brings its driver `driver`. A client is behind the device `iommu`, or has an MMU of its own, and needs the format
    `table`. `parent` makes it. `use` moves data, or is refused to; `%s` in it is one of `tests`. Of the first test `moved` is on
    the console."""

    def __init__(self, name, module, driver=None, iommu=None, table=None, parent=None, use="", tests=(), moved=""):
        self.name, self.module, self.driver, self.iommu, self.table = name, module, driver or module, iommu, table
        self.parent, self.use, self.tests, self.moved = parent, use, tests, moved
        self.format = TABLES[table][0] if table else None


V3 = Device("9050000.iommu", "arm-smmu-v3")
V2 = Device("9100000.iommu", "arm-smmu")
HOST = Device("3f000000.pcie", "pci-host-generic")
FORMATS = ("io-pgtable-arm", "io-pgtable-arm-v7s")

DATA = ("copy", "read", "write", "check", "unaligned", "ring", "remap", "switch", "identity", "isolation")
FAULTS = ("fault-read", "fault-write", "fault-midway", "fault-readonly", "fault-privileged", "fault-exec", "unmap", "split", "streams", "stage2",
          "page-fault", "page-fault-stage2")
# Of an IOMMU group with others: no test attaches a domain of its own.
SHARED = ("check", "read", "write", "unaligned", "ring", "fault-read", "fault-write", "unmap")


def client(name, iommu, tests, moved, **facts):
    return Device(name, iommu=iommu and iommu.name, table=iommu and "ARM_64_LPAE_S1", tests=tests, moved="ok 1 - %s: %s" % (tests[0], moved), **facts)


def testdev(name, iommu=None, **facts):
    use = "dmatest --device %s --size 1 --test " % name + "%s"
    if iommu and not facts:
        return client(name, iommu, DATA + FAULTS, "1 MiB", module="testdev-dma", use=use)
    return client(name, iommu, SHARED, "find a wrong byte\n", module="testdev-dma", use=use, **facts)


def functions(iommu, *names):
    """A host, and testdevs on it."""
    return [HOST, *(testdev("0000:" + n, iommu, parent=HOST.name) for n in names)]


def disk(name, iommu=None):
    return Device(name, "virtio_blk", "virtio-blk", iommu and iommu.name, iommu and "ARM_64_LPAE_S1", use="disk check --disk " + name,
                  moved=" as SHA256SUMS says, 0 wrong, 0 missing")


ADRENO = client("a100000.gpu", V2, ("copy", "write", "nested", "kernel", "unmap", "heap", "bad-packet", "hang"), "packets copy memory", module="msm",
                use="msmtest --device a100000.gpu --test %s")
MALI = Device("c000000.gpu", "panfrost", table="ARM_MALI_LPAE", use="pantest --device c000000.gpu --test %s", moved="ok 1 - values: ",
              tests=("values", "copy", "chain", "bad-job", "hole", "readonly", "unmap", "heap", "hang", "reset"))


class Platform:
    """`config` is a file of vp-configs, `.toml`; `modules` are the files that orders are made of."""

    def __init__(self, config, modules, devices, change=None):
        self.config, self.modules, self.change = config, tuple(modules), change
        self.devices = {d.name: d for d in devices}

    def clients(self):
        return [d for d in self.devices.values() if d.use]


def second_cpu(text):
    """The shipped configurations have one CPU."""
    for old, new in (("[gic]\n", '[cpu1]\ntype = "cpu"\ninterrupts = { timer_virt = "PPI 11", timer_phys = "PPI 14" }\n\n[gic]\n'),
                     ('irq0 = "cpu0.irq"', 'irq0 = "cpu0.irq", irq1 = "cpu1.irq"'),
                     ("params = { v2m_spi_base", "params = { cpus = 2, v2m_spi_base"),
                     ('event_out = "cpu0.event"', 'event_out = ["cpu0.event", "cpu1.event"]')):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


PLATFORMS = {p.config: p for p in (
    Platform("gki-none", ("io-pgtable-arm", "testdev-dma", "virtio_blk", "pci-host-generic"), [
        testdev("a000000.dma"), disk("a010000.virtio"), *functions(None, "00:01.0", "01:00.0")]),
    Platform("gki-smmuv3", ("io-pgtable-arm", "arm-smmu-v3", "testdev-dma", "virtio_blk", "pci-host-generic"), [
        V3, testdev("a000000.dma", V3), disk("a010000.virtio", V3),
        *functions(V3, "00:01.0", "01:00.0", "03:00.0", "03:01.0", "06:00.0", "07:00.0")]),
    Platform("gki-smmuv3-smp", ("io-pgtable-arm", "arm-smmu-v3", "testdev-dma"), [V3, testdev("a000000.dma", V3)]),
    Platform("gki-smmuv2", (*FORMATS, "arm-smmu", "testdev-dma", "virtio_blk", "pci-host-generic"), [
        V2, testdev("a000000.dma", V2), disk("a010000.virtio", V2), *functions(V2, "00:01.0", "02:00.0", "02:01.0")]),
    Platform("gki-dual", (*FORMATS, "arm-smmu-v3", "arm-smmu", "testdev-dma", "virtio_blk", "pci-host-generic"), [
        V3, V2, testdev("a000000.dma", V3), testdev("a002000.dma", V2), disk("a010000.virtio", V3), disk("a011000.virtio", V2),
        *functions(V3, "00:01.0", "02:00.0", "02:01.0")]),
    Platform("gki-msm", ("io-pgtable-arm", "arm-smmu", "testdev-dma", "msm"), [V2, testdev("a000000.dma", V2), ADRENO]),
    Platform("gki-panfrost", ("io-pgtable-arm", "testdev-dma", "panfrost"), [testdev("a000000.dma"), MALI]),
)}


class World:
    """Nothing is loaded at first."""

    def __init__(self, platform, loaded=(), off=()):
        self.platform, self.loaded, self.off = platform, set(loaded), set(off)

    def copy(self):
        return World(self.platform, self.loaded, self.off)

    def bound(self, name):
        """`off` are devices that somebody has unbound: they wait for nothing."""
        d = self.platform.devices[name]
        return self.wanted(d) and self.reason(d) is None

    def there(self, d):
        return d.parent is None or self.bound(d.parent)

    def wanted(self, d):
        return d.module in self.loaded and d.name not in self.off and self.there(d)

    def reason(self, d):
        if d.iommu and not self.bound(d.iommu):
            return "IOMMU %s has no driver yet" % d.iommu
        if d.format and d.format not in self.loaded:
            return "page-table format %s is not registered: modprobe io-pgtable-fmt-%d" % (d.table, TABLES[d.table][1])
        return None

    def deferred(self):
        return {d.name: self.reason(d) for d in self.platform.devices.values()
                if self.wanted(d) and self.reason(d)}

    def behind(self):
        return {d.name: d.iommu for d in self.platform.clients() if d.iommu and self.bound(d.name)}

    def held(self, module):
        """By a client that is bound: the driver of its IOMMU, and the format of its tables."""
        bound = [d for d in self.platform.clients() if self.bound(d.name)]
        return any(module == d.format or (d.iommu and module == self.platform.devices[d.iommu].module) for d in bound)

    def step(self, words):
        """Does what a line says; whether it succeeds."""
        what, *names = words.split()
        done = getattr(self, "do_" + what)(*names)
        # What is made anew has been unbound by nobody.
        self.off -= {d.name for d in self.platform.devices.values() if not self.there(d)}
        return done

    def do_insmod(self, module):
        if module in self.loaded:
            return False
        self.loaded.add(module)
        # A driver that comes is offered each device.
        self.off -= {d.name for d in self.platform.devices.values() if d.module == module}
        return True

    def do_rmmod(self, module):
        if module not in self.loaded or self.held(module):
            return False
        self.loaded.remove(module)
        self.off -= {d.name for d in self.platform.devices.values() if d.module == module}
        return True

    def do_bind(self, name):
        d = self.platform.devices[name]
        if d.module not in self.loaded or not self.there(d):
            return False
        self.off.discard(name)
        return self.bound(name)

    def do_unbind(self, name):
        if not self.bound(name):
            return False
        self.off.add(name)
        return True

    def do_use(self, name, _test=None):
        return self.bound(name)


def command(platform, words):
    """The shell's line for a step."""
    what, *names = words.split()
    if what == "insmod":
        return "insmod /lib/modules/%s.ko" % names[0]
    if what == "bind":
        return "bind %s %s" % (platform.devices[names[0]].driver, names[0])
    if what == "use":
        d = platform.devices[names[0]]
        return d.use % names[1] if d.tests else d.use
    return words


class Script:
    """Lines for the guest, and what /sys is to show between them."""

    def __init__(self, platform):
        self.platform, self.lines, self.expected, self.uses = platform, [], [], 0

    def step(self, world, words):
        line = command(self.platform, words)
        # What a module that is absent brings is no command, which expect-fail takes for a mistake.
        known = not words.startswith("use") or self.platform.devices[words.split()[1]].module in world.loaded
        self.lines.append(line if world.step(words) else ("expect-fail " if known else "-") + line)

    def show(self, world, what):
        self.lines.append("echo '#%d'\ncat /sys/kernel/devices_deferred\niommu groups" % len(self.expected))
        self.expected.append((what, world.deferred(), world.behind()))

    def mismatch(self, console):
        """The first state that is not as expected, as text; None: all are there."""
        parts = dict(re.findall(r"(?ms)^#(\d+)\n(.*?)(?=^#\d|\Z)", console))
        for n, (what, deferred, behind) in enumerate(self.expected):
            part = parts.get(str(n))
            if part is None:
                return "behind %s the guest says no more" % what
            found = (dict(re.findall(r"(?m)^(\S+)\t(.*)$", part)),
                     dict(re.findall(r"(?m)^group \d+: (\S+), domain (?:DMA|unmanaged), behind (\S+), streams", part)))
            if found != (deferred, behind):
                return "behind %s: deferred, and behind which IOMMU: %s, expected %s" % (what, found, (deferred, behind))
        return None

    def run(self, b, *options):
        """On the platform of `b`; the result, and its console without carriage returns."""
        r = b.run(b.config, "--init", b.write("script.init", "\n".join([*self.lines, "poweroff", ""])), "--timeout-sim", "600s", *options,
                  timeout=3000)
        return r, r.stdout.replace("\r", "")


def prepare(b, platform, tests=(), change=None):
    """Lets `b` run scripts on a platform, with its modules and these test modules in the initramfs."""
    b.config = os.path.join(b.source, "vp-configs", platform.config + ".toml")
    files = [os.path.join(b.build, "sw", "modules", m + ".ko") for m in platform.modules]
    files += [os.path.join(b.build, "sw", "test-modules", t + ".ko") for t in tests]
    text, n = re.subn(r"(?ms)^modules = \[.*?\]", "modules = [%s]" % ", ".join('"%s"' % f for f in files), b.text())
    check(n == 1, "the configuration has no modules = [ line")
    text = re.sub(r"(?m)^min_tests = .*$", "min_tests = 0", text)
    for edit in (platform.change, change):
        text = edit(text) if edit else text
    b.config = b.write("platform.toml", text)

