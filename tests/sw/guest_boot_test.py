#!/usr/bin/env python3
"""Start-up, the init script, the shell, and the end of a run."""
import re
import subprocess
import tempfile
import pathlib

from guest_support import QEMU, BUILD, TRAILER, GuestTest, boot, cpio, main, modules, newc


class Boot(GuestTest):
    def test_the_banner_comes_first_and_power_off_ends_the_run(self):
        run = self.run_script("poweroff\n")
        self.assertRegex(run.messages()[0], r"^smmu-vp guest [\d.]+ \(AArch64")
        self.assert_console(run, "GICv2 with", "virtual timer at", "initramfs: 1 files", "Power down, status 0")

    def test_messages_carry_rising_time_stamps(self):
        run = self.run_script("sleep 20\nuptime\npoweroff\n")
        stamps = [float(t) for t in re.findall(r"^\[ *(\d+\.\d{6})\]", run.console, re.M)]
        self.assertGreater(len(stamps), 5)
        self.assertEqual(stamps, sorted(stamps))
        self.assertGreater(stamps[-1] - stamps[0], 0.020)

    def test_a_kernel_entered_at_el2_drops_to_el1(self):
        self.run_script("poweroff\n", machine="virt,gic-version=2,virtualization=on")

    def test_the_elf_file_boots_where_it_is_linked_and_misses_its_device_tree(self):
        # QEMU gives none to an ELF file; without a console the kernel says so by semihosting.
        run = boot(image=BUILD / "kernel.elf")
        self.assertEqual(run.status, 2, run.console)
        self.assert_console(run, "smmu-vp guest", "Kernel panic: no valid device tree at 0x", "start_kernel+")

    def test_any_amount_of_ram_is_used(self):
        # 64 MiB, above 4 GiB, and in two nodes of the device tree.
        two_nodes = ("-object", "memory-backend-ram,size=512M,id=a", "-object", "memory-backend-ram,size=512M,id=b",
                     "-numa", "node,memdev=a", "-numa", "node,memdev=b")
        for memory, extra in (("64", ()), ("6000", ()), ("1024", two_nodes)):
            with self.subTest(memory):
                run = self.run_script("insmod /lib/modules/test-core.ko\npoweroff\n", "test-core", memory=memory,
                                      extra=extra)
                self.assert_console(run, f"K/{int(memory) * 1024}K available")

    def test_other_cores_run_it_too(self):
        for cpu in ("cortex-a53", "max"):
            with self.subTest(cpu):
                self.run_script("insmod /lib/modules/test-core.ko\npoweroff\n", "test-core", cpu=cpu)

    def test_the_status_of_power_off_is_the_status_of_the_run(self):
        self.run_script("poweroff 7\n", status=7)

    def test_devices_of_the_device_tree_are_listed(self):
        run = self.run_script("devices\npoweroff\n")
        self.assertRegex(run.console, r"(?m)^9000000\.pl011 +platform +pl011 +arm,pl011$")

    def test_loglevel_hides_messages_from_the_console_but_not_from_dmesg(self):
        run = self.run_script("dmesg\necho mark\npoweroff\n", append="loglevel=4")
        self.assertEqual(run.console.count("GICv2 with"), 1)
        self.assertLess(run.console.find("GICv2 with"), run.console.find("mark"))


class Script(GuestTest):
    def test_a_failing_command_ends_the_script_and_the_run_fails(self):
        run = self.run_script("echo one\n\n# comment\ncat /nothing\necho two\n", status=1)
        self.assert_console(run, "one", "/init: line 4: 'cat /nothing' failed: -ENOENT")
        self.assertNotIn("two", run.lines)

    def test_a_dash_ignores_failure(self):
        self.assertIn("two", self.run_script("-cat /nothing\necho two\npoweroff\n").lines)

    def test_an_unknown_command_is_a_failure(self):
        self.assert_console(self.run_script("nonsense\n", status=1), "sh: nonsense: command not found")

    def test_expect_fail_turns_failure_into_success_and_the_reverse(self):
        self.run_script("expect-fail cat /nothing\npoweroff\n")
        self.assert_console(self.run_script("expect-fail echo\n", status=1), "expect-fail: echo succeeded")
        self.run_script("expect-fail nonsense\n", status=1)

    def test_quotes_keep_blanks_and_backslashes_keep_quotes(self):
        run = self.run_script("""echo "a  b" 'c "d' e\\ f \\"g\npoweroff\n""")
        self.assertIn('a  b c "d e f "g', run.lines)
        self.run_script("echo 'open\n", status=1)

    def test_a_script_without_power_off_ends_with_the_verdict(self):
        self.run_script("echo done\n")

    def test_no_init_is_a_failure(self):
        self.assert_console(boot(), "no /init in the initramfs")
        self.assertEqual(boot().status, 1)

    def test_another_script_can_be_named(self):
        run = self.run_script("poweroff 3\n", files={"other": b"echo other\npoweroff\n"}, append="init=/other")
        self.assertIn("other", run.lines)

    def test_a_warning_makes_a_plain_power_off_fail(self):
        run = self.run_script("insmod /lib/modules/test-oops.ko\ncrash warn\npoweroff\n", "test-oops", status=1)
        self.assert_console(run, "WARNING: at", "crash+", "[test_oops]", "1 warnings")

    def test_a_corrupt_archive_is_reported_and_what_was_read_before_it_stays(self):
        good = cpio({"init": b"ls\npoweroff\n", "a": b"A" * 100, "b": b"B"})
        for damage, where in ((b"070709", good.rfind(b"070701", 0, good.find(b"b\0"))), (b"zzzzzz", 600)):
            bad = good[:where] + damage + good[where + 6:]
            run = boot(archive=bad)
            self.assert_console(run, "initramfs: corrupt archive", "/init")
        run = boot(archive=good[:len(good) - 300])
        self.assertEqual(run.status, 0, run.console)


SHOW = b"cat a b c\npoweroff\n"


class Archive(GuestTest):
    """newc as Linux's Documentation/driver-api/early-userspace/buffer-format.rst has it."""

    def run_archive(self, archive):
        run = boot(archive=archive)
        self.assertEqual(run.status, 0, run.console)
        return run

    def test_all_names_of_a_file_have_its_data_whichever_name_it_came_with(self):
        for where in range(3):
            for script in range(2):
                with self.subTest(data_with=where, script_with=script):
                    run = self.run_archive(
                        b"".join(newc(name, b"shared\n" * (i == where), inode=7, links=3) for i, name in enumerate("abc")) +
                        b"".join(newc(name, SHOW * (i == script), inode=8, links=2) for i, name in enumerate(("init", "linuxrc"))) +
                        TRAILER)
                    self.assertEqual(run.lines.count("shared"), 3, run.console)

    def test_cpio_writes_archives_that_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a").write_bytes(b"shared\n")
            (root / "b").hardlink_to(root / "a")
            (root / "c").hardlink_to(root / "a")
            (root / "linuxrc").write_bytes(SHOW)
            (root / "init").hardlink_to(root / "linuxrc")
            names = "init\na\nb\nlinuxrc\nc\n".encode()
            archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=subprocess.PIPE,
                                     check=True).stdout
        self.assertEqual(self.run_archive(archive).lines.count("shared"), 3)

    def test_inode_and_device_tell_files_apart_and_a_trailer_ends_their_meaning(self):
        run = self.run_archive(newc("a", inode=7, links=2) + newc("b", b"of b\n", inode=7, links=2, device=(0, 1)) +
                               newc("x", b"of a\n", inode=7, links=2) + TRAILER +
                               newc("c", b"of c\n", inode=7, links=2) + newc("init", SHOW, inode=7) + TRAILER)
        self.assertEqual([line for line in run.lines if line.startswith("of ")], ["of a", "of b", "of c"])

    def test_chosen_inode_numbers_make_no_reading_slow(self):
        # Multiples of 65536 are alike to a hash of the lower bits. With -icount the guest's clock counts instructions.
        run = boot(archive=b"".join(newc("%x" % i, inode=i << 16, links=2) for i in range(20000)) +
                   newc("init", b"poweroff\n") + TRAILER, extra=("-icount", "shift=0"))
        self.assertEqual(run.status, 0, run.console)
        seconds = re.search(r"\[ *([0-9.]+)\] initramfs: 20001 files", run.console)
        self.assertLess(float(seconds[1]), 0.3, run.console)

    def test_a_folder_has_many_links_and_is_no_file(self):
        run = self.run_archive(newc("d", mode=0o040755, inode=7, links=3) +
                               newc("init", b"ls\npoweroff\n", inode=7, links=2) + TRAILER)
        self.assert_console(run, "d        0 /d", "-       12 /init")

    def test_names_have_up_to_4095_bytes_and_a_longer_one_is_left_out_by_name(self):
        longest, longer = ("d" * 63 + "/") * 63 + "e" * 63, "f" * 4096
        run = self.run_archive(newc("a", inode=7, links=3) + newc(longest, b"long\n") +
                               newc(longer, b"with the long name\n", inode=7, links=3) + newc("b", inode=7, links=3) +
                               newc("c", b"c\n") + newc("init", b"ls\n" + SHOW) + TRAILER)
        self.assert_console(run, "a name has 4096 bytes, 4095 are allowed: 'ffff", "is left out", "5 files in",
                            "-        5 /" + longest, "with the long name\nwith the long name\nc\n")


class Interactive(GuestTest):
    def shell(self, keys, **options):
        """Types `keys` once the prompt is there, or what `until` says."""
        with tempfile.TemporaryDirectory() as folder:
            initrd = pathlib.Path(folder) / "initrd"
            initrd.write_bytes(cpio(options.get("files", {"x": b""})))
            guest = subprocess.Popen(
                [QEMU, "-M", "virt,gic-version=2", "-cpu", "cortex-a72", "-m", "512", "-nic", "none", "-display", "none", "-serial",
                 "stdio", "-monitor", "none", "-semihosting", "-kernel", str(BUILD / "Image"), "-initrd", str(initrd),
                 "-append", options.get("append", "init=none shell=1")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            text = b""
            try:
                while options.get("until", b"guest# ") not in text:
                    chunk = guest.stdout.read1(4096)
                    self.assertTrue(chunk, text)
                    text += chunk
                for key in keys:
                    guest.stdin.write(key)
                    guest.stdin.flush()
                    # The editor echoes something for each group of keys.
                    text += guest.stdout.read1(4096)
                text += guest.communicate(timeout=30)[0]
            finally:
                guest.kill()
                guest.wait()
        return text.decode(errors="replace").replace("\r", ""), guest.returncode

    def test_a_typed_command_runs(self):
        text, status = self.shell([b"echo typed\r", b"poweroff 5\r"])
        self.assertEqual(status, 5)
        self.assertIn("\ntyped\n", text)

    def test_the_line_can_be_edited(self):
        left, home = b"\x1b[D", b"\x1b[H"
        for keys, want in ((b"echo axb" + left + b"\x7f" + b"-\r", "a-b"), (b"zecho hi" + home + b"\x1b[3~\r", "hi"),
                           (b"junk\x15echo u\r", "u"), (b"echo one two\x17three\r", "one three"),
                           (b"cho end\x01e\x05!\r", "end!")):
            text, _ = self.shell([keys, b"poweroff\r"])
            self.assertIn(f"\n{want}\n", text)

    def test_sequences_that_mean_nothing_leave_nothing_in_the_line(self):
        # With parameters, a private one, intermediate bytes; of a function key; a key with Alt.
        for sequence in (b"\x1b[?25h", b"\x1b[1;5;9m", b"\x1b[ q", b"\x1b[>0;1!p", b"\x1bOP", b"\x1bx", b"\x1b\x1b[200~", b"\x1b[" + b"9" * 99 + b"~"):
            text, _ = self.shell([b"echo a" + sequence + b"b\r", b"poweroff\r"])
            self.assertIn("\nab\n", text, sequence)

    def test_control_characters_end_a_sequence_and_count_themselves(self):
        for sequence in (b"\x1b", b"\x1b[", b"\x1b[12", b"\x1bO"):
            text, status = self.shell([b"poweroff 9" + sequence + b"\x03", b"poweroff 8" + sequence + b"\r"])
            self.assertEqual(status, 8, text)
        # None gets into the line, and so into the history.
        text, _ = self.shell([b"echo c\x00\x02\x06\x1c\x1d\x1e\x1f\x07d\r", b"\x1b[A\r", b"poweroff\r"])
        self.assertEqual(text.count("\ncd\n"), 2, text)

    def test_a_line_is_as_long_as_its_buffer_and_no_longer(self):
        text, _ = self.shell([b"echo " + b"x" * 600 + b"\r", b"poweroff\r"])
        self.assertIn("\n" + "x" * 506 + "\n", text)
        self.assertIn("\a", text)

    def test_ctrl_c_ends_a_script_whatever_its_line_ignores(self):
        for line in ("sleep 86400000", "-sleep 86400000", "expect-fail sleep 86400000"):
            text, status = self.shell([b"\x03"], files={"init": f"echo now\n{line}\necho behind\n".encode()}, append="", until=b"\nnow")
            self.assertEqual(status, 1, text)
            # Where it finds the script, a moment decides.
            self.assertRegex(text, "/init: line [12]: ")
            self.assertNotIn("behind", text)

    def test_history_brings_lines_back(self):
        text, _ = self.shell([b"echo first\r", b"echo second\r", b"\x1b[A\x1b[A\r", b"poweroff\r"])
        self.assertEqual(text.count("\nfirst\n"), 2)

    def test_tab_completes_commands(self):
        text, status = self.shell([b"powero\t 6\r"])
        self.assertEqual(status, 6, text)

    def test_tab_completes_modules_where_a_command_takes_them(self):
        text, _ = self.shell([b"modprobe test-ex\t\r", b"modinfo te\t\r", b"expect-fail rmmo\ttest_ex\t\r", b"lsmo\t\r", b"poweroff\r"],
                             files=modules("test-export"))
        self.assertIn("modprobe test-export ", text)
        self.assertRegex(text, r"(?m)^name: +test_export$")
        self.assertIn("expect-fail rmmod test_export ", text)

    def test_tab_completes_devices_where_a_command_takes_them(self):
        text, _ = self.shell([b"bind pl011 9000000.p\t\r", b"expect-fail unbin\t9000000.p\tx\r", b"poweroff\r"])
        self.assertIn("bind pl011 9000000.pl011 ", text)
        self.assertIn("usage: unbind DEVICE", text)

    def test_tab_completes_paths_a_folder_at_a_time(self):
        text, _ = self.shell([b"cat /no\t\ton\t\r", b"cat /sys/bu\tpl\tdevi\t9000000.p\tmo\t\r", b"ls /sys/\t\x15poweroff\r"],
                             files={"notes/one": b"first\n", "notes/two": b"second\n", "other": b""})
        self.assertIn("one  two", text)
        self.assertIn("\nfirst\n", text)
        self.assertIn("\nof:Npl011T(null)Carm,pl011Carm,primecell\n", text)
        # What the folder has, and the line again.
        self.assertRegex(text, r"\n(\w+/ +)*kernel/ +(\w+/ +)*\n")

    def test_tab_lists_what_a_word_can_become_once_each(self):
        text, _ = self.shell([b"cat /a\t\t\x15poweroff\r"], files={"a/one": b"", "a/two": b"", "ab": b""})
        self.assertIn("\na/  ab  \n", text)

    def test_dmesg_w_shows_what_comes_until_ctrl_c(self):
        text, _ = self.shell([b"dmesg -w\r", b"\x03", b"echo behind\r", b"expect-fail dmesg -x\r", b"poweroff\r"])
        self.assertEqual(text.count("GICv2 with"), 2)
        self.assertIn("\nbehind\n", text)
        self.assertIn("usage: dmesg [-w]", text)

    def test_with_shell_1_the_script_ends_in_the_shell_instead_of_power_off(self):
        text, status = self.shell([b"poweroff 4\r"], files={"init": b"echo scripted\npoweroff 9\n"}, append="shell=1")
        self.assertIn("scripted", text)
        self.assertEqual(status, 4)


class SelfTests(GuestTest):
    def test_the_kernels_services_pass_their_tests(self):
        run = self.run_script("insmod /lib/modules/test-core.ko\nrmmod test-core\npoweroff\n", "test-core")
        plan = int(re.search(r"^1\.\.(\d+)$", run.console, re.M).group(1))
        self.assertEqual(len(re.findall(r"^ok \d+ - ", run.console, re.M)), plan)

    def test_everything_is_read_before_the_end_of_a_long_help(self):
        run = self.run_script("help\npoweroff\n", files=modules("test-export"))
        for command in ("insmod", "modprobe", "rmmod", "lsmod", "modinfo", "dmesg", "devices", "poweroff"):
            self.assertRegex(run.console, rf"(?m)^{command} ")


if __name__ == "__main__":
    main()
