#!/usr/bin/env python3
"""A crash prints an oops with registers and a symbolised back-trace, and ends the run with a failure."""
import re
import struct
import subprocess
import tempfile
import pathlib

from guest_support import QEMU, Elf, GuestTest, boot, main, module

OOPS_STATUS = 2


class Oops(GuestTest):
    def crash(self, how):
        return self.run_script(f"insmod /lib/modules/test-oops.ko\ncrash {how}\necho alive\n", "test-oops",
                               status=OOPS_STATUS)

    def check(self, how, *texts):
        run = self.crash(how)
        self.assert_console(run, *texts, "[ halted ]")
        self.assertNotIn("alive", run.lines)
        return run

    def test_a_way_to_die_that_is_none_is_answered_by_those_that_are(self):
        run = self.run_script("insmod /lib/modules/test-oops.ko\nexpect-fail crash\nexpect-fail crash softly\npoweroff\n", "test-oops")
        self.assertEqual([line[:22] for line in run.lines if "usage" in line], ["usage: crash null|jump"] * 2, run.console)

    def test_a_null_pointer_write_is_decoded(self):
        run = self.check("null", "NULL pointer dereference at virtual address 0000000000000010",
                         "data abort, level 0 translation fault, write", "FAR = 0x0000000000000010", "pc : crash_null+",
                         "[test_oops]", "x29: ", "x0 : ", "Call trace:")
        trace = run.console[run.console.index("Call trace:"):]
        names = re.findall(r" (\w+)\+0x[\da-f]+/0x[\da-f]+(?: \[(\w+)\])?$", trace, re.M)
        self.assertEqual(names[:5], [("crash_null", "test_oops"), ("crash", "test_oops"), ("shell_run_argv", ""),
                                     ("run_line", ""), ("shell_main", "")])

    def test_names_of_a_module_file_reach_the_console_without_control_characters(self):
        odd = Elf(module("test-oops")).replace(b"\0crash_null\0", b"\0cra\x1b[2J\x9bll\0").bytes()
        run = self.run_script("insmod /odd.ko\ncrash null\n", files={"odd.ko": odd}, status=OOPS_STATUS)
        self.assert_console(run, r"pc : cra\x1b[2J\x9bll+", "Call trace:", r"cra\x1b[2J\x9bll+")
        self.assertNotIn("\x1b", run.console)

    def test_a_jump_into_nowhere_names_its_caller(self):
        self.check("jump", "execution at virtual address 0000000000001000", "instruction abort", "Call trace:",
                   "crash_jump+", "crash+")

    def test_module_code_is_read_only(self):
        self.check("text", "write at virtual address", "permission fault", "crash_text+")

    def test_module_data_is_not_executable(self):
        self.check("data", "execution at virtual address", "permission fault", "crash_data+")

    def test_kernel_code_is_read_only_through_both_of_its_maps(self):
        self.check("kernel-text", "permission fault", "crash_kernel_text+")
        self.check("alias", "permission fault", "crash_alias+")

    def test_a_stack_overflow_is_caught_on_a_stack_apart(self):
        self.check("stack", "Insufficient stack space", "Thread stack:", "pc : crash_stack", "Call trace:", " crash+")

    def test_an_undefined_instruction_is_named(self):
        self.check("undefined", "undefined instruction", "crash+")

    def test_a_bug_names_its_line(self):
        self.check("bug", "kernel BUG at testmods/test-oops.c:", "crash+")


class DeviceTree(GuestTest):
    """A bad device tree ends in a panic or a running system, never in silence."""

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "dtb"
            subprocess.run([QEMU, "-M", f"virt,gic-version=2,dumpdtb={path}", "-cpu", "cortex-a72", "-m", "512",
                            "-nic", "none", "-display", "none"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            cls.good = path.read_bytes()

    def boot_blob(self, blob):
        # As raw data: QEMU itself would refuse or mend the blob as a -dtb.
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "dtb"
            path.write_bytes(blob)
            return boot("poweroff\n", dtb=path)

    def test_a_cell_count_that_is_absurd_does_not_crash(self):
        size, structure, strings = struct.unpack_from(">III", self.good, 4)
        del size, strings
        at = self.good.index(struct.pack(">I", 3), structure)
        self.assertGreater(at, 0)
        for old, new in ((b"#interrupt-cells", b"#interruXt-cells"), (b"#address-cells\0", b"#addreXs-cells\0"),
                         (b"interrupt-parent\0", b"interrupt-pareXt\0"), (b"arm,pl011\0", b"arm,plXXX\0"),
                         (b"arm,psci\0", b"arm,pXci\0")):
            with self.subTest(old):
                run = self.boot_blob(self.good.replace(old, new))
                self.assertIn(run.status, (0, 1, OOPS_STATUS), run.console)


if __name__ == "__main__":
    main()
