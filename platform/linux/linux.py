#!/usr/bin/env python3
"""Boots Debian's own arm64 Linux on the platform. `./vp linux` calls it; docs/linux.md explains.

usage: linux.py --program smmu-vp [CONFIG] [options of this script] [options of smmu-vp run]
"""
import argparse
import ctypes
import difflib
import fcntl
import hashlib
import json
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib

sys.dont_write_bytecode = True  # this folder may be another user's
from reports import Reports  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_CONFIG = os.path.join(HERE, "..", "..", "vp-configs", "linux-smmuv3.toml")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = """\
deb [arch=arm64 signed-by=%(key)s] http://deb.debian.org/debian bookworm main
deb [arch=arm64 signed-by=%(key)s] http://deb.debian.org/debian-security bookworm-security main
""" % {"key": KEYRING}
# Debian names a kernel by version; these depend on the newest of a series.
META = {"6.12": "linux-image-6.12-arm64", "6.1": "linux-image-arm64"}


class Kit:
    """What the first process of a kind of platform needs."""

    def __init__(self, init, modules, programs=(), disk=False):
        self.init = os.path.join(HERE, init)  # a script
        self.modules = modules  # by name
        self.programs = programs  # C sources in this folder, each a program without any library, in /bin
        self.disk = disk


# crc32c is asked for by name at run time, so no dependency shows it: ext4 needs a checksum of this name.
DISK = Kit("init", ["virtio_mmio", "virtio_blk", "ext4", "crc32c_generic"], disk=True)
# vfio_pci and vfio_iommu_type1 let a process drive a function of PCI.
MONITORS = Kit("init", [*DISK.modules, "arm_smmuv3_pmu", "vfio_pci", "vfio_iommu_type1"], programs=["pmu.c", "vfio.c"], disk=True)
GPU = Kit("gpu-init", ["panfrost"], programs=["gpu.c"])
COMPILER = ["aarch64-linux-gnu-gcc", "-std=gnu11", "-O2", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie",
            "-static", "-nostdlib", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none", "-Wl,-z,noexecstack"]
# Debian keeps mke2fs and depmod where only root's PATH looks.
TOOL_ENV = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
SKIP = 77
CONFIG_ERROR = 64
INTERNAL_ERROR = 70


class Failed(Exception):
    """What ends the script, in words for the user."""


class Unavailable(Failed):
    """Debian's archive cannot be reached, which is nobody's mistake."""


class Stopped(BaseException):
    """SIGTERM or SIGHUP. No `except Exception` takes it for a failure."""


def say(text):
    try:
        if sys.stderr is not None:  # else print() would take standard output
            print("linux: " + text, file=sys.stderr, flush=True)
    except OSError:
        pass  # nobody can be told


def open_standard_descriptors():
    """A file that is opened later would otherwise become standard output. What was closed takes nothing."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if descriptor == 2 else os.O_RDONLY)
            os.set_inheritable(descriptor, True)


def show(text):
    """To standard output. @return the exit code"""
    try:
        while text:
            text = text[os.write(1, text):]
    except BrokenPipeError:
        pass  # the reader has seen enough
    except OSError as e:
        say("cannot write to standard output: %s" % e.strerror)
        return INTERNAL_ERROR
    return 0


def call(argv, what, error=Failed, **more):
    """Output of a program. Raises `error` with the last lines that it said."""
    try:
        r = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                           **{"env": TOOL_ENV, **more})
    except OSError as e:
        raise error("%s: %s" % (what, e)) from e
    if r.returncode != 0:
        said = (r.stderr.strip() or r.stdout.strip()).splitlines()[-5:]
        raise error("%s failed (%s):\n  %s" % (what, " ".join(argv[:1]), "\n  ".join(said)))
    return r.stdout


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while chunk := f.read(1 << 20):
            h.update(chunk)
    return h.hexdigest()


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "smmu-vp", "linux")


def kernel_of(release):
    return os.path.join("boot", "vmlinuz-" + release)


def needed_modules(folder, names):
    """path -> paths that it needs, below `folder`, /lib/modules/X, of the named modules; each after what it needs."""
    needs, paths = {}, {}
    with open(os.path.join(folder, "modules.dep")) as f:
        for line in f:
            path, _, rest = line.partition(":")
            needs[path] = rest.split()
            paths[re.sub(r"\.ko(\.\w+)?$", "", os.path.basename(path)).replace("-", "_")] = path
    wanted = {}

    def take(path):
        for other in needs[path]:
            if other not in wanted:
                take(other)
        wanted[path] = needs[path]

    for name in names:
        if name in paths:  # else it is built in
            take(paths[name])
    return wanted


def used_files(root, release):
    """What runs take from the unpacked packages, by name below `root`."""
    modules = os.path.join("lib", "modules", release)
    yield kernel_of(release)
    yield os.path.join("bin", "busybox")
    yield os.path.join(modules, "modules.dep")
    for path in needed_modules(os.path.join(root, modules), MONITORS.modules + GPU.modules):
        yield os.path.join(modules, path)


class Packages:
    """Debian's arm64 packages, in a cache folder with an apt state of its own; the host's apt is not touched."""

    def __init__(self, cache, series):
        self.cache, self.series = cache, series
        self.folder = os.path.join(cache, series)
        self.record = os.path.join(self.folder, "packages.json")

    def apt(self, program, *args, **more):
        state = os.path.join(self.cache, "apt")
        for folder in ("lists/partial", "archives/partial"):
            os.makedirs(os.path.join(state, folder), exist_ok=True)
        sources, status = os.path.join(state, "sources.list"), os.path.join(state, "status")
        with open(sources, "w") as f:
            f.write(SOURCES)
        open(status, "a").close()
        options = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
                   "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                   "Dir::State": state, "Dir::State::lists": os.path.join(state, "lists"),
                   "Dir::State::status": status, "Dir::Cache": state, "APT::Architecture": "arm64",
                   "APT::Architectures": "arm64", "APT::Sandbox::User": "", "Acquire::Languages": "none",
                   "Acquire::Retries": "1", "Acquire::http::Timeout": "20", "APT::Update::Error-Mode": "any",
                   "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false"}
        argv = [program]
        for key, value in options.items():
            argv += ["-o", "%s=%s" % (key, value)]
        return call(argv + list(args), "%s %s" % (program, args[0]), **more)

    def downloaded(self):
        """The packages in the cache, or None if they are not what was downloaded."""
        try:
            with open(self.record) as f:
                packages = json.load(f)
            if all(sha256(os.path.join(self.folder, p["file"])) == p["sha256"] for p in packages):
                return packages
            say("the packages in %s are damaged; getting them again" % self.folder)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def download(self):
        if not os.path.exists(KEYRING):
            raise Failed("there is no %s (package debian-archive-keyring)" % KEYRING)
        say("getting Debian's package lists for arm64")
        self.apt("apt-get", "update", error=Unavailable)
        shown = self.apt("apt-cache", "show", META[self.series])
        names = re.findall(r"(?m)^Depends: (linux-image-[^ ,]+-arm64)", shown)
        if not names:
            raise Failed("%s depends on no package linux-image-...-arm64" % META[self.series])
        wanted = [names[0], "busybox-static"]
        fresh = tempfile.mkdtemp(prefix="new-", dir=self.cache)
        try:
            say("downloading %s (about 90 MB)" % " and ".join(wanted))
            self.apt("apt-get", "download", *wanted, error=Unavailable, cwd=fresh)
            packages = []
            for name in wanted:
                file = next((f for f in sorted(os.listdir(fresh)) if f.startswith(name + "_")), None)
                if file is None:
                    raise Failed("apt-get downloaded no %s" % name)
                path = os.path.join(fresh, file)
                version = call(["dpkg-deb", "-f", path, "Version"], "reading %s" % file).strip()
                packages.append({"name": name, "version": version, "file": file, "sha256": sha256(path)})
            self.unpack(fresh, packages)
            with open(os.path.join(fresh, "packages.json"), "w") as f:
                json.dump(packages, f, indent=1)
            shutil.rmtree(self.folder, ignore_errors=True)
            os.rename(fresh, self.folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    @staticmethod
    def unpack(folder, packages):
        """Unpacks below folder/root, and records what a run uses of it."""
        root, record = os.path.join(folder, "root"), os.path.join(folder, "files.json")
        if os.path.exists(record):
            os.unlink(record)
        shutil.rmtree(root, ignore_errors=True)
        for p in packages:
            call(["dpkg-deb", "-x", os.path.join(folder, p["file"]), root], "unpacking %s" % p["file"])
        found = os.listdir(os.path.join(root, "lib", "modules"))
        if len(found) != 1:
            raise Failed("%s has no folder of its own below lib/modules" % packages[0]["name"])
        call(["depmod", "-b", root, found[0]], "depmod")
        files = {name: sha256(os.path.join(root, name)) for name in used_files(root, found[0])}
        with open(record, "w") as f:
            json.dump({"release": found[0], "files": files}, f, indent=1)

    def unpacked(self):
        """Finds what unpack() made. @return None if a run can use it, else what is wrong."""
        try:
            with open(os.path.join(self.folder, "files.json")) as f:
                record = json.load(f)
            self.root = os.path.join(self.folder, "root")
            self.release = record["release"]
            for name in used_files(self.root, self.release):
                if sha256(os.path.join(self.root, name)) != record["files"][name]:
                    return "%s is not what was unpacked" % name
        except OSError as e:
            return "%s: %s" % (e.filename, e.strerror)
        except (ValueError, KeyError, TypeError) as e:
            return "the record does not fit: %s" % e
        self.modules = os.path.join(self.root, "lib", "modules", self.release)
        self.kernel = os.path.join(self.root, kernel_of(self.release))
        return None

    def hold(self, how):
        try:
            fcntl.flock(self.lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another ./vp linux, which %s" %
                ("uses the packages" if how == fcntl.LOCK_EX else "gets the packages"))
            fcntl.flock(self.lock, how)

    def get(self, update):
        """Afterwards the files are there and stay what they are until this process ends: the lock is shared with other
        runs, and getting packages needs it alone."""
        os.makedirs(self.cache, exist_ok=True)
        self.lock = open(os.path.join(self.cache, "lock"), "w")
        for _ in range(3):
            self.hold(fcntl.LOCK_SH)
            packages = None if update else self.downloaded()
            if packages and self.unpacked() is None:
                break
            # Taking it alone gives the shared one up first, so that somebody else may have mended it by now.
            self.hold(fcntl.LOCK_EX)
            packages = None if update else self.downloaded()
            if not packages:
                self.download()
            else:
                wrong = self.unpacked()
                if wrong:
                    say("unpacking the packages in %s again (%s)" % (self.folder, wrong))
                    self.unpack(self.folder, packages)
            update = False
        else:
            raise Failed("the packages in %s do not stay what they are" % self.folder)
        for p in packages:
            say("%s %s, SHA-256 %s" % (p["name"], p["version"], p["sha256"]))


class Cpio:
    """A newc archive that depends on names and contents only."""

    def __init__(self):
        self.names, self.data, self.inode = set(), bytearray(), 0

    def entry(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        self.data += b"\0" * (-len(self.data) % 4) + content
        self.data += b"\0" * (-len(self.data) % 4)

    def add(self, path, mode, content, kind=0o100000, device=(0, 0)):
        parts = path.strip("/").split("/")
        for i in range(1, len(parts)):
            folder = "/".join(parts[:i])
            if folder not in self.names:
                self.names.add(folder)
                self.entry(folder, 0o040755)
        self.names.add("/".join(parts))
        self.entry("/".join(parts), kind | mode, content, device)

    def finish(self):
        self.entry("TRAILER!!!", 0)
        return bytes(self.data) + b"\0" * (-len(self.data) % 512)


def read(path):
    with open(path, "rb") as f:
        return f.read()


def compiled(source):
    """The program of a C source in this folder."""
    with tempfile.TemporaryDirectory(prefix="smmu-vp-linux-") as folder:
        program = os.path.join(folder, "program")
        call([*COMPILER, "-o", program, os.path.join(HERE, source)], "compiling %s (package gcc-aarch64-linux-gnu)" % source)
        return read(program)


def own_aliases(module, name):
    """What a module says that it drives, as lines of modules.alias; its .modinfo holds them as they are."""
    return b"".join(b"alias %s %s\n" % (alias, name.encode())
                    for alias in re.findall(rb"\0alias=([!-~]+)(?=\0)", module))


def make_initramfs(packages, own_disk, init=None, kit=DISK):
    """@param init  the script that is the first process, in place of the kit's"""
    cpio = Cpio()
    cpio.add("/init", 0o755, read(init or kit.init))
    cpio.add("/bin/busybox", 0o755, read(os.path.join(packages.root, "bin", "busybox")))
    if own_disk:
        cpio.add("/own-disk", 0o644, b"")  # platform/linux/init asks for it
    # The first process writes here before it mounts anything.
    cpio.add("/dev/console", 0o600, b"", 0o020000, (5, 1))
    base = "/lib/modules/%s/" % packages.release
    plain = lambda path: re.sub(r"\.xz$", "", path)
    for source in kit.programs:
        cpio.add("/bin/" + os.path.splitext(source)[0], 0o755, compiled(source))
    dep, aliases = "", b""
    for path, needs in needed_modules(packages.modules, kit.modules).items():
        content = read(os.path.join(packages.modules, path))
        content = lzma.decompress(content) if path.endswith(".xz") else content
        cpio.add(base + plain(path), 0o644, content)
        dep += "%s: %s\n" % (plain(path), " ".join(map(plain, needs)))
        aliases += own_aliases(content, os.path.basename(plain(path))[:-len(".ko")].replace("-", "_"))
    cpio.add(base + "modules.dep", 0o644, dep.encode())
    # What the kernel, or the first process, asks for by alias.
    cpio.add(base + "modules.alias", 0o644, aliases)
    return cpio.finish()


def kit_of(config):
    """What the configuration's platform needs. A mistake in it is the simulator's to tell."""
    try:
        with open(config, "rb") as f:
            components = [c for c in tomllib.load(f).values() if isinstance(c, dict)]
    except (OSError, tomllib.TOMLDecodeError):
        return DISK
    if any(c.get("type") == "mali" for c in components):
        return GPU
    params = [c["params"] for c in components if isinstance(c.get("params"), dict)]
    monitors = any(p.get("pmcg") or p.get("personality") == "arm-mmu-600" or p.get("ats") for p in params)
    return MONITORS if monitors else DISK


def make_disk(path):
    """An ext4 image with files and their checksums; no root is needed."""
    with tempfile.TemporaryDirectory() as folder:
        host = os.path.join(folder, "host")
        os.mkdir(host)
        sums = []
        for name, size in (("small.bin", 1000), ("large.bin", 3 << 20)):
            # SHAKE is a stream of any length from a seed: contents that do not compress and never change.
            content = hashlib.shake_256(name.encode()).digest(size)
            with open(os.path.join(host, name), "wb") as f:
                f.write(content)
            sums.append("%s  %s\n" % (hashlib.sha256(content).hexdigest(), name))
        with open(os.path.join(host, "SHA256SUMS"), "w") as f:
            f.writelines(sums)
        # The same image each time: no random identity, no time of the host's, no owner but root.
        uuid, now = "5d5a7c1e-0000-4000-8000-736d6d752d76", "1700000000"
        env = {**TOOL_ENV, "E2FSPROGS_FAKE_TIME": now}
        call(["mke2fs", "-q", "-F", "-t", "ext4", "-U", uuid, "-E", "hash_seed=%s,lazy_itable_init=0,root_owner=0:0" % uuid,
              "-d", folder, path, "32M"], "mke2fs", env=env)
        commands = os.path.join(folder, "commands")
        with open(commands, "w") as f:
            for inode in ("/", "/host", *("/host/" + name for name in sorted(os.listdir(host)))):
                for field in ("atime", "ctime", "mtime", "crtime"):
                    f.write("set_inode_field %s %s @%s\n" % (inode, field, now))
                    f.write("set_inode_field %s %s_extra 0\n" % (inode, field))
                f.write("set_inode_field %s uid 0\nset_inode_field %s gid 0\n" % (inode, inode))
                if inode.startswith("/host/"):
                    f.write("set_inode_field %s mode 0100644\n" % inode)
            f.write("set_inode_field /host mode 040755\nset_inode_field / mode 040755\n")
        call(["debugfs", "-w", "-f", commands, path], "debugfs", env=env)


def check_disk(path):
    """What Linux wrote, seen from outside. Returns what is wrong, or nothing."""
    fsck = subprocess.run(["e2fsck", "-fn", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=TOOL_ENV)
    if fsck.returncode != 0:
        return "e2fsck finds mistakes in the image:\n" + fsck.stdout

    def cat(name):
        return subprocess.run(["debugfs", "-R", "cat /guest/" + name, path], stdin=subprocess.DEVNULL,
                              capture_output=True, env=TOOL_ENV).stdout

    sums = cat("SHA256SUMS").decode(errors="replace").splitlines()
    if len(sums) != 2:
        return "the image has no /guest/SHA256SUMS with two lines"
    for line in sums:
        said, name = line.split()
        found = hashlib.sha256(cat(name)).hexdigest()
        if said != found:
            return "/guest/%s: Linux says SHA-256 %s, the image has %s" % (name, said, found)
        say("/guest/%s has the SHA-256 that Linux gave it, %s" % (name, found))
    return None


def stop_signals():
    """SIGTERM and SIGHUP end the script as an exception does: what it has made goes, and nothing goes on without it."""
    def stop(number, _):
        for other in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup's wish
            signal.signal(number, stop)


def simulate(argv, stdout):
    """Runs the simulator to its end, whatever ends this script. Returns its exit code; below 0: the signal that it
    died of."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def end_with_parent():
        libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, for a SIGKILL of the script
        if os.getppid() != parent:
            os._exit(CONFIG_ERROR)

    child = subprocess.Popen(argv, stdout=stdout, preexec_fn=end_with_parent)
    try:
        return child.wait()
    except BaseException as e:
        # Ctrl-C has reached the simulator, too, and a second signal would keep it from its reports.
        if isinstance(e, Stopped):
            child.send_signal(e.args[0])
        for last in (child.terminate, child.kill):
            try:
                child.wait(timeout=10)
                break
            except subprocess.TimeoutExpired:
                last()
        child.wait()
        raise


class Arguments(argparse.ArgumentParser):
    def error(self, message):
        raise Failed(message + "; ./vp linux --help lists the options")


def parse(argv):
    """Returns what is for this script, the configuration, and what is for `smmu-vp run`."""
    parser = Arguments(prog="./vp linux", add_help=False, allow_abbrev=False)
    parser.add_argument("--program", required=True)
    parser.add_argument("--kernel")
    parser.add_argument("--initrd")
    parser.add_argument("--series", choices=sorted(META), default="6.12")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--disk")
    parser.add_argument("--skip-without-packages", action="store_true")
    parser.add_argument("--help", "-h", action="store_true")
    args, rest = parser.parse_known_args(argv)
    config = rest.pop(0) if rest and not rest[0].startswith("-") else DEFAULT_CONFIG
    if args.help:
        return args, config, rest
    # Mistakes are told before packages are fetched. smmu-vp knows its own options; with --help it stops after them.
    r = subprocess.run([args.program, "run", "--help", config, *rest], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, errors="replace")
    if r.returncode != 0:
        said = re.sub(r"(?m)^smmu-vp: ", "", r.stderr.strip())
        unknown = re.search(r"unknown option '(--[^'=]*)", said)
        near = unknown and difflib.get_close_matches(unknown[1], ["--kernel", "--initrd", "--series", "--update", "--disk"])
        parser.error("unknown option '%s'; did you mean '%s'?" % (unknown[1], near[0]) if near else said)
    if not os.path.isfile(config):
        raise Failed("there is no configuration '%s'" % config)
    if args.kernel and not args.initrd:
        raise Failed("--kernel needs --initrd: the modules of Debian's initramfs fit Debian's kernel only")
    for option, file in (("kernel", args.kernel), ("initrd", args.initrd), ("disk", args.disk)):
        if file is not None and not os.path.isfile(file):
            raise Failed("--%s: there is no file '%s'" % (option, file))
    return args, config, rest


HELP = """usage: ./vp linux [CONFIG] [options]

CONFIG is vp-configs/linux-smmuv3.toml unless given. Options:
  --kernel FILE   your own kernel (Image, gzip, EFI zboot, ELF); then --initrd is needed, too
  --initrd FILE   your own initramfs
  --disk FILE     your own disk image. With ext4 and files of the form of docs/linux.md the tests use it, and write
                  to it; else the three tests of files are skipped. Without this option, a new one for each run
  --series 6.12   Debian's kernel series: 6.12 (default) or 6.1
  --update        get the newest packages even if there are some in the cache
  --console       a shell in Linux instead of the tests
Any other option is one of `smmu-vp run`: --append, --dtb, --set, --json, --trace ..."""


def run(args, config, rest, folder, reports):
    """Returns the exit code, and the verdict and the reason where the simulator's report does not say them."""
    kernel, initrd, disk, kit = args.kernel, args.initrd, args.disk, kit_of(config)
    own_disk = disk is not None or any(word.startswith(("disk0.image=", "--set=disk0.image=")) for word in rest)
    if not kernel:
        packages = Packages(cache_folder(), args.series)
        packages.get(args.update)
        kernel = packages.kernel
    if not initrd:
        initrd = os.path.join(folder, "initramfs.cpio")
        with open(initrd, "wb") as f:
            f.write(make_initramfs(packages, own_disk, kit=kit))
    if kit.disk and not own_disk:
        disk = os.path.join(folder, "disk.ext4")
        make_disk(disk)
    options = ["--kernel", kernel, "--initrd", initrd, *(["--set", "disk0.image=" + disk] if disk else [])]
    if args.initrd is None and "--console" not in rest and not any(w.startswith("--min-tests") for w in rest):
        options += ["--min-tests", "1"]  # this script's init prints results
    # As in the simulator: a report on standard output has it alone.
    stdout = 2 if reports.on_standard_output() else None
    status = simulate([args.program, "run", config, *options, *reports.redirected(rest)], stdout)
    if status < 0:
        reason = "the simulator died of %s" % signal.Signals(-status).name
        say(reason)
        return 128 - status, "internal", reason
    if status == 0 and kit.disk and not own_disk and args.initrd is None and "--console" not in rest:
        wrong = check_disk(disk)
        if wrong:
            say(wrong)
            return 1, "fail", wrong
    return status, None, None


def outcome(reports):
    """One run. Returns the exit code; the reports say the same."""
    skip, config = "--skip-without-packages" in sys.argv, DEFAULT_CONFIG
    try:
        args, config, rest = parse(sys.argv[1:])
        if args.help:
            return show(HELP.encode() + b"\n")
        with tempfile.TemporaryDirectory(prefix="smmu-vp-linux-") as folder:
            code, verdict, reason = run(args, config, rest, folder, reports)
    except Unavailable as e:
        code, verdict, reason = SKIP if skip else CONFIG_ERROR, "config", str(e)
        say(("SKIPPED: " if skip else "") + reason)
    except (Failed, OSError, lzma.LZMAError) as e:
        code, verdict, reason = CONFIG_ERROR, "config", str(e)
        say(reason)
    except KeyboardInterrupt:
        code, verdict, reason = 130, "interrupted", "interrupted"
    except Stopped as e:
        code, verdict, reason = 128 + e.args[0], "interrupted", "interrupted"
    if verdict is not None:
        reports.tell(verdict, code, reason, config)
    return code


def main():
    open_standard_descriptors()
    stop_signals()
    reports = Reports(sys.argv[1:])
    try:
        code = outcome(reports)
    finally:
        text = reports.close()
    return show(text) or code


if __name__ == "__main__":
    sys.exit(main())
