#!/usr/bin/env python3
"""What a user or a tool gives the guest: paths of the initramfs, lines of scripts, arguments of commands, results."""
import re

from guest_support import TRAILER, GuestTest, boot, main, module, newc

FOLDER, LINK = 0o040755, 0o120777


class Paths(GuestTest):
    def run_archive(self, archive, script, status=0):
        run = boot(archive=archive + newc("init", script.encode()) + TRAILER)
        self.assertEqual(run.status, status, run.console)
        return run

    def test_a_later_entry_replaces_an_earlier_one_however_its_path_is_spelled(self):
        spellings = ("d/f", "./d/f", "/d/f", "d//f", "d/./f", ".//d/././f", "d/f/", "d/f/.")
        for spelling in spellings:
            with self.subTest(spelling):
                run = self.run_archive(newc("d", mode=FOLDER) + newc("d/f", b"old\n") + newc(spelling, b"latest\n"),
                                       "ls d\ncat " + " ".join(spellings) + "\npoweroff\n")
                self.assertEqual([line for line in run.lines if line.endswith("/d/f")], ["-        7 /d/f"], run.console)
                self.assertEqual(run.lines.count("latest"), len(spellings), run.console)
                self.assertNotIn("old", run.lines)
                self.assert_console(run, "initramfs: 3 files")

    def test_an_archive_behind_another_replaces_its_files(self):
        run = self.run_archive(newc("a", b"old\n") + newc("b", b"of b\n") + TRAILER + newc("a", b"latest\n") + TRAILER, "cat a b\npoweroff\n")
        self.assert_console(run, "latest\nof b\n")
        self.assertNotIn("old", run.lines)

    def test_every_command_takes_the_same_module_of_a_path_that_is_there_twice(self):
        path, good = "lib/modules/test-export.ko", module("test-export")
        for first, second, expect in ((b"damaged", good, ""), (good, b"damaged", "expect-fail ")):
            run = self.run_archive(newc(path, first) + newc(path, second),
                                   f"{expect}insmod {path}\n-rmmod test-export\n{expect}modprobe test-export\n"
                                   f"{expect}modinfo test-export\npoweroff\n")
            self.assertEqual(run.console.count(path), 1, run.console)

    def test_a_folder_and_a_link_are_replaced_by_a_file_and_the_reverse(self):
        run = self.run_archive(newc("a", mode=FOLDER) + newc("a", b"of a\n") + newc("b", b"b", mode=LINK) + newc("b", b"of b\n") +
                               newc("c", b"of c\n") + newc("c", mode=FOLDER) + newc("c/d", b"of d\n"),
                               "cat a b c/d\nls\nexpect-fail cat c\npoweroff\n")
        self.assert_console(run, "of a\nof b\nof d\n", "-        5 /a\n-        5 /b\nd        0 /c\n-        5 /c/d\n",
                            "cat: c: not a regular file\n")

    def test_what_is_below_a_file_is_left_out_by_name(self):
        run = self.run_archive(newc("a", mode=FOLDER) + newc("a/x", b"1") + newc("a-b", b"2") + newc("a/y/z", b"3") + newc("a", b"4"), "ls\npoweroff\n")
        self.assert_console(run, "a file is where its folder should be: '/a/x' is left out", "'/a/y/z' is left out", "3 files in",
                            "-        1 /a-b\n-        1 /a\n")

    def test_a_path_that_leads_upwards_or_hides_bytes_is_left_out_by_name(self):
        for name, why in (("a/../b", "leads upwards by '..': 'a/../b'"), ("..", "leads upwards by '..': '..'"), ("a\0b", "null character inside: 'a'"),
                          ("/", "the root is no folder: '/'"), ("", "the root is no folder: '/'")):
            with self.subTest(name):
                run = self.run_archive(newc(name, b"data"), "expect-fail ls b\nexpect-fail ls a\nls\npoweroff\n")
                self.assert_console(run, "initramfs: ", why + " is left out", "1 files in", "1 files are left out")
        # Zeros behind a name that is whole only pad it; two dots are no more than a name in "..a" and "a..".
        run = self.run_archive(newc("a\0\0\0", b"of a\n") + newc("..b/c..", b"of b\n"), "cat a ..b/c..\npoweroff\n")
        self.assert_console(run, "of a\nof b\n")

    def test_control_characters_of_names_are_shown_escaped(self):
        run = self.run_archive(newc("a\x1b[31m\nok 1 - x\\\x7f\x9b", b"text\n"), "ls\npoweroff\n")
        self.assert_console(run, r"-        5 /a\x1b[31m\x0aok 1 - x\\\x7f")
        self.assertNotIn("\x1b", run.console)

    def test_many_names_are_sorted_in_no_time(self):
        names = b"".join(newc("n%05d" % (i * 7919 % 20000), b"x") for i in range(20000)) * 2
        # With -icount the guest's clock counts instructions.
        run = boot(archive=names + newc("init", b"poweroff\n") + TRAILER, extra=("-icount", "shift=0"))
        self.assertEqual(run.status, 0, run.console)
        seconds = re.search(r"\[ *([0-9.]+)\] initramfs: 20001 files", run.console)
        self.assertLess(float(seconds[1]), 0.6, run.console)


class Lines(GuestTest):
    def test_a_control_character_refuses_its_line_and_the_script(self):
        for bad, shown in ((b"\0", "0x00"), (b"\x1b", "0x1b"), (b"\r", "0x0d"), (b"\x03", "0x03"), (b"\x7f", "0x7f")):
            for line in (b"echo he" + bad + b"re", b"-echo he" + bad + b"re", b"# in a" + bad + b"comment"):
                run = self.run_script("", files={"s": b"echo before\n" + line + b"\necho behind\n"}, append="init=/s", status=1)
                self.assert_console(run, "before", "sh: control character " + shown + " in column", "/s: line 2: '")
                self.assertNotIn("\nhe", run.console)
                self.assertNotIn("behind", run.lines)

    def test_lines_end_with_a_line_feed_alone_or_behind_a_carriage_return_and_the_last_may_have_none(self):
        for script in ("echo one\necho two", "echo one\r\necho two\r\n", "\r\n\techo one \r\n  echo two\t\r", "echo one\n\n# x\necho two\n\n"):
            with self.subTest(script):
                run = self.run_script(script)
                self.assert_console(run, "\none\ntwo\n")

    def test_a_line_of_8191_bytes_is_run_and_a_longer_one_refused(self):
        self.assertIn("x" * 8180, self.run_script("echo " + "x" * 8180 + "      \npoweroff\n").lines)
        run = self.run_script("echo " + "x" * 8187 + "\n", status=1)
        self.assert_console(run, "sh: a line of 8192 bytes: 8191 are allowed", "/init: line 1: ")

    def test_what_is_no_line_fails_even_behind_a_dash(self):
        for line, why in (("-echo 'a", "a quote is not closed"), ("echo \"a\\\"", "a quote is not closed"),
                          ("-echo" + " x" * 32, "more than 32 words")):
            run = self.run_script(line + "\necho behind\n", status=1)
            self.assert_console(run, "sh: " + why, "/init: line 1: ")
            self.assertNotIn("behind", run.lines)

    def test_empty_words_comments_and_backslashes(self):
        run = self.run_script("echo '' \"\" a#b '#c' # d\necho \\# \\\\ '\\' \"a\\\"b\" end\\\npoweroff\n")
        self.assert_console(run, "\n  a#b #c\n# \\ \\ a\"b end\\\n")

    def test_an_empty_script_is_one_and_a_folder_is_none(self):
        self.run_script("")
        run = boot(archive=newc("init", mode=FOLDER) + TRAILER)
        self.assertEqual(run.status, 1, run.console)
        self.assert_console(run, "/init is no file to run")


class Commands(GuestTest):
    def test_absurd_arguments_are_refused_in_one_line(self):
        script, expected = "", []
        for command, answer in (("sleep ''", "usage: sleep MILLISECONDS"), ("sleep -1", "usage: sleep MILLISECONDS"),
                                ("sleep 99999999999999999999", "usage: sleep MILLISECONDS"), ("sleep 1 2", "usage: sleep MILLISECONDS"),
                                ("poweroff 256", "poweroff: status 256: 0 to 255 are possible"),
                                ("poweroff -1", "poweroff: status -1: 0 to 255 are possible"), ("poweroff x", "usage: poweroff [STATUS]"),
                                ("poweroff 4294967296", "usage: poweroff [STATUS]"), ("cat", "usage: cat FILE..."),
                                ("cat ''", "cat: : no such file"), ("cat " + "/" * 5000, "cat: " + "/" * 5000 + ": no such file"),
                                ("ls a b", "usage: ls [PATH]"), ("ls nowhere", "ls: nowhere: no such file or directory"),
                                ("help a b", "usage: help [COMMAND]"), ("help nothing", "help: no command nothing"), ("ps x", "usage: ps"),
                                ("devices x", "usage: devices"), ("free x", "usage: free"), ("uptime x", "usage: uptime"),
                                ("interrupts x", "usage: interrupts"), ("lsmod x", "usage: lsmod [-a]"), ("lsmod -a x", "usage: lsmod [-a]"),
                                ("rmmod", "usage: rmmod NAME... | -a | --held"), ("rmmod -x", "usage: rmmod NAME... | -a | --held"),
                                ("rmmod -a x", "usage: rmmod NAME... | -a | --held"),
                                ("coldplug x", "usage: coldplug"), ("settle x", "usage: settle"), ("cpus x", "usage: cpus"),
                                ("dmesg x", "usage: dmesg [-w]"), ("deferred x", "usage: deferred"),
                                ("insmod ''", "insmod: ERROR: could not load module : no such file")):
            script += "expect-fail " + command + "\n"
            expected.append(answer)
        run = self.run_script(script + "echo end\npoweroff\n")
        begin = next(i for i, line in enumerate(run.lines) if line == expected[0])
        self.assertEqual(run.lines[begin:begin + len(expected) + 1], expected + ["end"], run.console)

    def test_expect_fail_takes_no_mistake_of_its_own_for_a_failure(self):
        for line, why in (("expect-fail expect-fail nonsense", "usage: expect-fail COMMAND..."), ("expect-fail", "usage: expect-fail COMMAND..."),
                          ("expect-fail nonsense", "sh: nonsense: command not found"), ("expect-fail echo", "expect-fail: echo succeeded")):
            run = self.run_script(line + "\n", status=1)
            self.assert_console(run, why, f"/init: line 1: '{line}' failed: -")

    def test_a_power_off_in_the_middle_ends_the_run_there(self):
        run = self.run_script("echo one\npoweroff 3\necho two\n", status=3)
        self.assertIn("one", run.lines)
        self.assertNotIn("two", run.lines)

    def test_tables_name_their_columns_and_keep_to_them(self):
        tables = {"ps": ("Thread", "State", "CPU"), "cpus": ("MPIDR", "State"), "devices": ("Device", "Bus", "Driver", "Compatible"),
                  "lsmod": ("Module", "Used by"), "interrupts": ("Chip", "Type", "To", "Name"), "deferred": ("Device", "Why it waits")}
        script = "modprobe test-import\n" + "".join(f"echo @{command}\n{command}\n" for command in tables) + "echo @\npoweroff\n"
        run = self.run_script(script, "test-export", "test-import")
        for command, columns in tables.items():
            header, *rows = re.search(rf"(?s)@{command}\n(.*?)\n@", run.console)[1].splitlines()
            self.assertTrue(rows or command == "deferred", command)
            for column in columns:
                at = header.index(column)
                for row in rows:
                    self.assertRegex(row[:at][-1:] + row[at:at + 1], r"^ ?\S$", f"{command}, {column}:\n{header}\n{row}")

    def test_help_is_a_table_of_uses(self):
        run = self.run_script("help\nhelp sleep\nmodprobe test-ktap\nhelp ktap\npoweroff\n", "test-ktap")
        use = run.lines.index("sleep MILLISECONDS               - wait; Ctrl-C ends it")
        self.assertEqual(run.lines.count(run.lines[use]), 2)
        columns = {line.index("- ") for line in run.lines if line.startswith(("cat ", "dmesg ", "expect-fail ", "help "))}
        self.assertEqual(len(columns), 1, run.console)
        # One that is too long for its column has a line of its own.
        self.assert_console(run, "ktap plan N|ok NAME|fail NAME|skip WHY NAME|lines\n" + " " * columns.pop() + "- print results\n")


class Results(GuestTest):
    def run_results(self, script, status):
        return self.run_script("modprobe test-ktap\n" + script + "poweroff\n", "test-ktap", status=status)

    def test_a_result_beyond_the_plan_is_a_failure_with_a_number_of_its_own(self):
        for extra in ("ok", "skip why"):
            run = self.run_results(f"ktap plan 1\nktap ok a\nktap {extra} b\n", status=1)
            self.assert_console(run, "1..1\nok 1 - a\n# more results than planned: 1\nnot ok 2 - b", "1 test failures")
        self.run_results("ktap ok a\n", status=1)

    def test_a_plan_of_nothing_skips_all_of_it(self):
        self.assert_console(self.run_results("ktap plan 0\n", status=0), "KTAP version 1\n1..0 # SKIP no tests\n")
        self.run_results("ktap plan 0\nktap ok a\n", status=1)

    def test_a_plan_within_an_unfinished_one_leaves_the_first_a_failure(self):
        run = self.run_results("ktap plan 3\nktap ok a\nktap plan 1\nktap ok b\n", status=1)
        self.assert_console(run, "ok 1 - a\n# 2 results of the list before are missing\nKTAP version 1\n1..1\nok 1 - b\n", "2 test results are missing")
        # The rest of the outer one is beyond the inner one.
        self.run_results("ktap plan 2\nktap ok a\nktap plan 1\nktap ok b\nktap ok c\n", status=1)

    def test_text_that_would_be_read_as_something_else_is_escaped(self):
        run = self.run_results("ktap plan 3\nktap ok 'a # SKIP b\\c'\nktap skip 'no #5' 'd #1'\nktap lines\n", status=0)
        self.assert_console(run, "ok 1 - a \\# SKIP b\\\\c\nok 2 - d \\#1 # SKIP no \\#5\nok 3 - two\\x0aok 2 - lines\n# two\\x0aok 3 - lines\n")


class Selftests(GuestTest):
    LISTS = ("# selftest: test-self-1\nKTAP version 1\n1..1\nok 1 - the first is called without arguments\n", "# selftest: test-self-2\n",
             "# selftest: test-self-3\nKTAP version 1\n1..1\nok 1 - the third comes last\n")

    def test_selftest_runs_what_modules_bring_by_name_each_as_its_own_list(self):
        run = self.run_script("modprobe test-selftest\ntest-self-1\nselftest\npoweroff\n", "test-selftest")
        self.assert_console(run, *self.LISTS)
        self.assertEqual(run.console.count("KTAP version 1"), 1 + 3, run.console)

    def test_selftest_fails_when_one_fails_and_runs_the_rest(self):
        for how, why in (("fail", "EIO"), ("miss", "EIO"), ("return", "ENODEV")):
            with self.subTest(how):
                run = self.run_script(f"modprobe test-selftest how={how}\nexpect-fail selftest\npoweroff 0\n", "test-selftest")
                self.assert_console(run, *self.LISTS[:2], f"# selftest: test-self-2 failed: {why}\n", "# selftest: test-self-3\n", "ok 1 - the third comes last\n")
        run = self.run_script("modprobe test-selftest how=return\nselftest\npoweroff 0\n", "test-selftest", status=1)
        self.assert_console(run, "init: /init: line 2: 'selftest' failed: -ENODEV")

    def test_selftest_without_a_test_says_so_and_skips(self):
        run = self.run_script("modprobe test-selftest\nrmmod test-selftest\nselftest\npoweroff\n", "test-selftest")
        self.assert_console(run, "selftest: no loaded module has one\nKTAP version 1\n1..0 # SKIP no tests\n")


if __name__ == "__main__":
    main()
