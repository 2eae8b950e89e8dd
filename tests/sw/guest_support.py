"""Boots the guest kernel on Debian's QEMU, which is a second machine beside our own platform."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ.get("SMMUVP_GUEST_DIR", "build/dev/sw"))
QEMU = shutil.which("qemu-system-aarch64")
SKIP_RETURN_CODE = 77
TIMEOUT = 60


def newc(name, data=b"", mode=0o100644, inode=0, links=1, device=(0, 0)):
    """One entry of a newc archive."""
    name = name.encode() + b"\0"
    fields = (inode, mode, 0, 0, links, 0, len(data), *device, 0, 0, len(name), 0)
    out = b"070701" + b"".join(b"%08X" % f for f in fields) + name
    out += b"\0" * (-len(out) % 4) + data
    return out + b"\0" * (-len(out) % 4)


TRAILER = newc("TRAILER!!!", mode=0)


def cpio(files):
    """A newc archive of {path: bytes}; folders are made as needed."""
    entries = {}
    for path, data in files.items():
        parts = path.split("/")
        for i in range(1, len(parts)):
            entries.setdefault("/".join(parts[:i]), (0o040755, b""))
        entries[path] = (0o100644, data)
    return b"".join(newc(path, data, mode, inode) for inode, (path, (mode, data)) in enumerate(entries.items(), 1)) + TRAILER


def module(name):
    for folder in ("test-modules", "modules"):
        path = BUILD / folder / f"{name}.ko"
        if path.exists():
            return path.read_bytes()
    raise FileNotFoundError(name)


def modules(*names):
    return {f"lib/modules/{n}.ko": module(n) for n in names}


class Run:
    """The console and the exit status of one boot."""

    def __init__(self, console, status):
        self.console = console
        self.status = status
        # What the script printed, without the kernel's own messages.
        self.lines = [line for line in console.splitlines() if not re.match(r"\[ *\d+\.\d+\]", line)]

    def messages(self):
        return re.findall(r"^\[ *\d+\.\d+\] (.*)$", self.console, re.M)


def boot(script=None, files=None, append="", machine="virt,gic-version=2", image=None, stdin=None, dtb=None,
         archive=None, memory="512", cpu="cortex-a72", extra=()):
    """Run `script` (the text of /init) to the end of the machine."""
    content = dict(files or {})
    if script is not None:
        content["init"] = script.encode()
    with tempfile.TemporaryDirectory() as folder:
        command = [QEMU, "-M", machine, "-cpu", cpu, "-m", memory, "-nic", "none", "-display", "none", "-serial", "stdio", *extra,
                   "-monitor", "none", "-semihosting", "-kernel", str(image or BUILD / "Image"), "-append", append]
        if content or archive is not None:
            path = pathlib.Path(folder) / "initrd"
            path.write_bytes(cpio(content) if archive is None else archive)
            command += ["-initrd", str(path)]
        if dtb is not None:
            command += ["-dtb", str(dtb)]
        try:
            result = subprocess.run(command, input=stdin if stdin is not None else b"", stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired as hang:
            raise AssertionError("the guest did not end:\n" + (hang.stdout or b"").decode(errors="replace")) from None
    return Run(result.stdout.decode(errors="replace").replace("\r", ""), result.returncode)


class GuestTest(unittest.TestCase):
    """Assertions that show the console when they fail."""

    def run_script(self, script, *names, status=0, files=None, **options):
        run = boot(script, {**modules(*names), **(files or {})}, **options)
        self.assertEqual(run.status, status, run.console)
        return run

    def assert_console(self, run, *texts):
        at = 0
        for text in texts:
            found = run.console.find(text, at)
            self.assertGreaterEqual(found, 0, f"{text!r} is not on the console, in this order:\n{run.console}")
            at = found + len(text)


class Elf:
    """Enough of ELF64 to damage a module in one place."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.shoff, = struct.unpack_from("<Q", data, 0x28)
        self.shnum, self.shstrndx = struct.unpack_from("<HH", data, 0x3C)

    def header(self, index):
        return self.shoff + 64 * index

    def field(self, index, offset, fmt):
        return struct.unpack_from(fmt, self.data, self.header(index) + offset)[0]

    def set_field(self, index, offset, fmt, value):
        struct.pack_into(fmt, self.data, self.header(index) + offset, value)
        return self

    def put(self, offset, fmt, value):
        struct.pack_into(fmt, self.data, offset, value)
        return self

    def offset(self, index):
        return self.field(index, 24, "<Q")

    def size(self, index):
        return self.field(index, 32, "<Q")

    def name(self, index):
        start = self.offset(self.shstrndx) + self.field(index, 0, "<I")
        return self.data[start:self.data.index(b"\0", start)].decode()

    def section(self, name):
        return next(i for i in range(self.shnum) if self.name(i) == name)

    def replace(self, old, new):
        """Same length, everywhere."""
        assert len(old) == len(new) and old in self.data, old
        self.data = bytearray(bytes(self.data).replace(old, new))
        return self

    def bytes(self):
        return bytes(self.data)


def main():
    if QEMU is None:
        print("skipped: qemu-system-aarch64 is not installed")
        sys.exit(SKIP_RETURN_CODE)
    if not (BUILD / "Image").exists():
        sys.exit(f"no guest kernel in {BUILD}")
    unittest.main(module="__main__", verbosity=2)
