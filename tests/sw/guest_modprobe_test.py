#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Parameters, aliases, modprobe.conf, modules that load modules, and who holds whom."""
import re
import shutil
import subprocess

from guest_support import BUILD, Elf, GuestTest, main, module

SMMU = {"machine": "virt,gic-version=2,iommu=smmuv3"}


def conf(text, path="etc/modprobe.d/test.conf"):
    return {path: text.encode()}


def greedy():
    """A module that answers to everything, and was built for another kernel."""
    stale = Elf(module("test-import")).replace(b"alias=test-alias-*\0", b"alias=*\0stale-alia\0")
    return {"lib/modules/a-greedy.ko": stale.replace(b"vermagic=0.1", b"vermagic=0.0").bytes()}


class Parameters(GuestTest):
    DEFAULTS = "test_param: flag 0, level -1, count 7, room 0x100000000, text '(none)', bare 0"

    def test_a_dependency_that_is_not_there_is_told_in_one_line(self):
        run = self.run_script("expect-fail modprobe test-import\npoweroff\n", "test-import")
        self.assertRegex(run.console, r"test_import: depends on test-export, which is not in /lib/modules/|test-import: depends on")
        self.assertNotIn("test-import: not found", run.console)

    def test_every_type_is_set_by_insmod_and_modprobe_and_a_text_is_kept(self):
        given = "flag level=-3 count=0x10 room=0x123456789a text='a long word' bare-number=5"
        shown = "test_param: flag 1, level -3, count 16, room 0x123456789a, text 'a long word', bare 5"
        for command in ("insmod /lib/modules/test-param.ko", "modprobe test-param"):
            given_here = given.replace("text='a long word'", "'text=a long word'")
            run = self.run_script(f"{command} {given_here}\nrmmod test-param\n{command}\nfree\nrmmod test-param\n"
                                  f"{command} {given_here}\nrmmod test-param\n{command}\nfree\npoweroff\n", "test-param")
            self.assert_console(run, shown, "test_param: gone, text 'a long word'", self.DEFAULTS)
            memory = re.findall(r"(?:RAM|kmalloc).*", run.console)
            self.assertEqual(memory[:2], memory[2:])

    def test_what_does_not_fit_is_refused_by_name_and_the_module_with_it(self):
        for given, reason in (("level=many", "'many' is invalid for parameter 'level'"),
                              ("count=-1", "'-1' is invalid for parameter 'count'"),
                              ("level=99999999999", "'99999999999' is invalid for parameter 'level': out of range"),
                              ("flag=perhaps", "'perhaps' is invalid for parameter 'flag'"),
                              ("text", "parameter 'text' needs a value"),
                              ("level=", "'' is invalid for parameter 'level'"),
                              ("'text=\"open'", "a quote is not closed")):
            with self.subTest(given):
                run = self.run_script(f"modprobe test-param\nrmmod test-param\nfree\nexpect-fail modprobe test-param {given}\n"
                                      "free\nlsmod\npoweroff\n", "test-param")
                self.assertRegex(run.console, r"module: test_param: .*" + re.escape(reason))
                self.assertFalse(re.search(r"(?m)^test_param ", run.console))
                memory = re.findall(r"(?:RAM|kmalloc).*", run.console)
                self.assertEqual(memory[:2], memory[2:])

    def test_an_unknown_parameter_is_told_and_ignored(self):
        run = self.run_script("modprobe test-param colour=red level=2\npoweroff\n", "test-param")
        self.assert_console(run, "params: test_param: unknown parameter 'colour' ignored", "level 2,")

    def test_the_command_line_and_modprobe_conf_set_them_and_the_nearest_wins(self):
        files = conf("# defaults\noptions test_param level=1 count=2 \\\n  text=\"from conf\"\n")
        run = self.run_script("modprobe test-param count=4\npoweroff\n", "test-param", files=files,
                              append="test-param.level=3 other.level=9")
        self.assert_console(run, "level 3, count 4, room 0x100000000, text 'from conf'")

    def test_built_in_code_has_its_parameters_on_the_command_line(self):
        run = self.run_script("expect-fail modprobe test-alias-7\nmodprobe test-import\npoweroff\n", "test-export",
                              "test-import", append="modprobe.blacklist=other,test-import")
        self.assert_console(run, "modprobe: test-alias-7: blacklisted", "test_import: sum 42")

    def test_an_odd_parameter_table_is_refused(self):
        def damaged(offset, value):
            elf = Elf(module("test-param"))
            rela = elf.section(".rela__param")
            # Relocations of the first entry: name, module, var.
            for at in range(elf.offset(rela), elf.offset(rela) + elf.size(rela), 24):
                if int.from_bytes(elf.data[at:at + 8], "little") == offset:
                    return elf.put(at + 16, "<q", value).bytes()
            raise AssertionError("no such relocation")

        files = {"name.ko": damaged(0, 1 << 40), "var.ko": damaged(16, -(1 << 30)), "odd.ko": damaged(16, 3 + (1 << 4))}
        elf = Elf(module("test-param"))
        files["kind.ko"] = elf.put(elf.offset(elf.section("__param")) + 24, "<I", 99).bytes()
        for name in files:
            run = self.run_script(f"expect-fail insmod /{name}\npoweroff\n", files=files)
            self.assertRegex(run.console, r"module: test_param: parameter 0 lies outside of the module", name)

    def test_modinfo_shows_them_as_debians_does(self):
        path = shutil.which("modinfo", path="/usr/sbin:/sbin:/usr/bin:/bin")
        if path is None:
            self.skipTest("modinfo (Debian package kmod) is not installed")
        text = subprocess.run([path, str((BUILD / "test-modules/test-param.ko").resolve())], stdout=subprocess.PIPE,
                              check=True, text=True).stdout
        wanted = [line for line in text.splitlines() if line.startswith("parm")]
        self.assertEqual(len(wanted), 6)
        for name in ("test-param", "/lib/modules/test-param.ko"):
            run = self.run_script(f"modinfo {name}\npoweroff\n", "test-param")
            self.assertEqual(sorted(line for line in run.lines if line.startswith("parm")), sorted(wanted))

    def test_modinfo_prints_no_control_characters(self):
        bad = Elf(module("test-param")).replace(b"parm=flag:On or off", b"parm=flag:\x1b[2Joff\t\t")
        run = self.run_script("modinfo /bad.ko\nexpect-fail modinfo /init\npoweroff\n", files={"bad.ko": bad.bytes()})
        self.assert_console(run, r"flag:\x1b[2Joff\x09\x09 (bool)", "modinfo: /init: no module file")
        self.assertNotIn("\x1b", run.console)

    def test_names_of_files_reach_the_console_without_control_characters(self):
        name, shown = "\x9b2J\u00fc", r"\xc2\x9b2J\xc3\xbc"
        run = self.run_script(f"-insmod /{name}.ko\n-insmod /{name}\n-modprobe {name}\n-modprobe x{name}\n-modinfo {name}\n"
                              f"-modinfo x{name}\n-rmmod {name}\npoweroff\n", files={f"lib/modules/{name}.ko": b"x", f"{name}.ko": b"x"})
        self.assert_console(run, f"module: {shown}.ko: ", f"could not load module /{shown}: no such file", f"module: {shown}: ",
                            f"modprobe: x{shown}: not found", f"modinfo: /lib/modules/{shown}.ko: no module file",
                            f"modinfo: x{shown}: not found", f"module: {shown}: is not loaded")
        self.assertTrue(run.console.isascii())


class Aliases(GuestTest):
    def test_all_modules_that_match_are_loaded_so_that_a_greedy_one_hides_none(self):
        run = self.run_script("coldplug\ndevices\npoweroff\n", "arm-smmu-v3", "io-pgtable-arm", "test-export", files=greedy(), **SMMU)
        self.assert_console(run, "module: test_import: version magic '0.0")
        self.assertRegex(run.console, r"(?m)^9050000\.smmuv3 +platform +arm-smmu-v3 ")

    def test_an_alias_is_found_where_another_that_matches_is_refused_and_fails_where_all_are(self):
        run = self.run_script("modprobe test-alias-7\nlsmod\npoweroff\n", "test-export", "test-import", files=greedy())
        self.assertRegex(run.console, r"(?m)^test_import +\d+  0$")
        run = self.run_script("expect-fail modprobe test-alias-7\npoweroff\n", "test-export", files=greedy())
        self.assertEqual(run.console.count("version magic"), 1)

    def test_an_alias_of_any_length_is_looked_up(self):
        name = "test-alias-" + "x" * 400
        run = self.run_script(f"modprobe {name}\nlsmod\npoweroff\n", "test-export", "test-import")
        self.assertRegex(run.console, r"(?m)^test_import +\d+  0$")

    def test_the_index_is_made_once(self):
        script = "modprobe test-alias-1\nmodprobe -r test-import\n" * 5 + "expect-fail modprobe nobody\nmodinfo test-export\n"
        run = self.run_script(script + "poweroff\n", "test-export", "test-import")
        self.assertEqual(run.console.count("modprobe: 2 modules and 1 aliases"), 1)
        self.assert_console(run, "modprobe: nobody: not found in /lib/modules/")


class Configuration(GuestTest):
    def test_aliases_with_all_kinds_of_patterns(self):
        files = conf("alias snd-?[0-9][!a-c]* test-export\n", "etc/modprobe.conf")
        run = self.run_script("expect-fail modprobe snd-x7a\nexpect-fail modprobe snd-xx7d\nmodprobe snd_x7d-tail\nlsmod\n"
                              "poweroff\n", "test-export", files=files)
        self.assertRegex(run.console, r"(?m)^test_export +\d+  0$")

    def test_a_blacklisted_module_answers_to_its_name_only_and_with_b_not_even_to_that(self):
        run = self.run_script("expect-fail modprobe test-alias-1\nmodprobe -b test-import\nlsmod\necho next\n"
                              "modprobe test-import\nlsmod\npoweroff\n", "test-export", "test-import",
                              files=conf("blacklist test_import\n"))
        before, after = run.console.split("\nnext\n")
        self.assertNotRegex(before, r"(?m)^test_")
        self.assertRegex(after, r"(?m)^test_import ")

    def test_soft_dependencies_come_from_it_too(self):
        run = self.run_script("modprobe test-param\npoweroff\n", "test-param", "test-export", "test-hold",
                              files=conf("softdep test-param pre: test-hold absent post: test-export\n"))
        self.assert_console(run, "test_hold: loaded", "test_param: loaded", "test_export: loaded")

    def test_lines_that_make_no_sense_are_told_and_passed_over(self):
        run = self.run_script("modprobe other\npoweroff\n", "test-export",
                              files=conf("install x /bin/true\n\x1b[31m y z\noptions\nalias one\nblacklist\n"
                                         "alias other test-export\n"))
        for number, text in ((1, "'install' is not supported"), (2, "'\\x1b[31m' is not supported"),
                             (3, "options wants more words"), (4, "alias wants"), (5, "blacklist wants")):
            self.assertRegex(run.console, rf"modprobe: /etc/modprobe.d/test.conf:{number}: " + re.escape(text))
        self.assertNotIn("\x1b", run.console)
        self.assert_console(run, "test_export: loaded")

    def test_no_memory_while_the_index_is_made_is_a_clean_failure(self):
        run = self.run_script("insmod /lib/modules/test-oom.ko\n-oom modprobe test-param / rmmod test-param\npoweroff 0\n",
                              "test-oom", "test-param", files=conf("options test-param level=3\nalias a test-param\n"))
        # The index itself stays: the round that comes through has more in use than before, and only that one.
        self.assertLessEqual(len(re.findall(r"oom: allocation \d+:", run.console)), 1, run.console)
        self.assert_console(run, "no memory for the index of modules", "test_param: flag 0, level 3")


class Requests(GuestTest):
    def renamed(self, letter):
        """test-request under another name."""
        data = Elf(module("test-request")).replace(b"test_request", b"test_reques" + letter.encode())
        return {f"lib/modules/test-reques{letter}.ko": data.bytes()}

    def test_an_init_may_load_modules(self):
        run = self.run_script("modprobe test-request ask=test-import\nlsmod\npoweroff\n", "test-request", "test-hold",
                              "test-export", "test-import")
        self.assert_console(run, "test_import: sum 42", "test_request: test-import: here", "test_request: loaded")

    def test_an_absent_module_is_no_message(self):
        run = self.run_script("modprobe test-request ask=nobody\npoweroff\n", "test-request", "test-hold")
        self.assert_console(run, "test_request: nobody: ENOENT")
        self.assertNotIn("not found", run.console)

    def test_a_module_that_asks_for_itself_is_told_so(self):
        run = self.run_script("modprobe test-request ask=test-request\nlsmod\npoweroff\n", "test-request", "test-hold")
        self.assert_console(run, "test_request: test-request: EDEADLK")
        self.assertRegex(run.console, r"(?m)^test_request +\d+  0$")

    def test_modules_are_loaded_later_on_the_work_queue(self):
        run = self.run_script("modprobe test-request later=test-import\nsettle\nlsmod\npoweroff\n", "test-request",
                              "test-hold", "test-export", "test-import")
        self.assertRegex(run.console, r"(?m)^test_import +\d+  0$")

    def test_a_module_that_another_thread_is_loading_is_waited_for(self):
        # test_reques1 sleeps in its init, which the work queue runs; the shell asks for it meanwhile.
        files = {**self.renamed("1"), **conf("options test_reques1 sleep_ms=50 ask=test-import\n")}
        run = self.run_script("modprobe test-request later=test-reques1 sleep_ms=10\nlsmod\necho meanwhile\n"
                              "modprobe test-reques1\nlsmod\npoweroff\n", "test-request", "test-hold", "test-export",
                              "test-import", files=files)
        first, second = run.console.split("\nmeanwhile\n")
        self.assertRegex(first, r"(?m)^test_reques1 +\d+  0 \[loading\]$")
        self.assertRegex(second, r"(?m)^test_reques1 +\d+  0$")
        self.assertEqual(run.console.count("test_reques1: loaded"), 1)

    def test_a_symbol_of_a_module_that_is_coming_is_waited_for(self):
        # test-hold, whose symbol test-request uses, is not up before its own soft dependency's init has slept.
        files = {**self.renamed("1"), **self.renamed("2"),
                 **conf("options test_reques1 sleep_ms=50\noptions test_reques2 ask=test-reques1\n")}
        run = self.run_script("modprobe test-request later=test-reques1 sleep_ms=10\nmodprobe test-reques2\npoweroff\n",
                              "test-request", "test-hold", files=files)
        self.assert_console(run, "test_reques1: loaded", "test_reques2: test-reques1: here", "test_reques2: loaded")

    def test_two_modules_that_load_each_other_from_two_threads_do_not_hang(self):
        files = {**self.renamed("1"), **self.renamed("2"),
                 **conf("options test_reques1 sleep_ms=30 ask=test-reques2\noptions test_reques2 sleep_ms=30 "
                        "ask=test-reques1\n")}
        run = self.run_script("modprobe test-request later=test-reques1 sleep_ms=10\nmodprobe test-reques2\nsettle\nlsmod\n"
                              "poweroff\n", "test-request", "test-hold", files=files)
        answers = re.findall(r"test_reques([12]): test-reques\d: (\w+)", run.console)
        self.assertEqual(sorted(answer for _, answer in answers), ["EDEADLK", "here"], run.console)
        self.assertEqual(len(re.findall(r"(?m)^test_reques[12] +\d+  0$", run.console)), 2)

    def test_loads_within_loads_are_bounded(self):
        files, options = {}, ""
        for letter in "abcdefghijkl":
            files.update(self.renamed(letter))
            options += f"options test_reques{letter} ask=test-reques{chr(ord(letter) + 1)}\n"
        run = self.run_script("modprobe test-requesa\nlsmod\npoweroff\n", "test-hold", files={**files, **conf(options)})
        self.assert_console(run, "modules that load modules nest more than 8 deep", "ELOOP")
        self.assertEqual(len(re.findall(r"(?m)^test_reques\w +\d+  0$", run.console)), 8)


class Concurrency(GuestTest):
    def test_modules_come_and_go_while_other_threads_hold_name_and_request_them(self):
        warm = "modprobe test-import\nrmmod test-import test-export\nmodprobe test-churn\ntest-rest\nrmmod test-churn\n-rmmod test-export\n"
        turn = "modprobe test-import\nsleep 1\nrmmod test-import\n-rmmod test-export\n"
        run = self.run_script(warm + "free\nmodprobe test-churn\n" + turn * 30 +
                              "test-rest\nrmmod test-churn\n-rmmod test-export\nfree\nlsmod\npoweroff\n", "test-churn",
                              "test-export", "test-import", extra=("-smp", "4"))
        self.assertEqual(run.console.count("test_import: gone"), 31)
        self.assertEqual(run.console.count("test_churn: some rounds, 0 bad"), 2, run.console)
        kmalloc = re.findall(r"kmalloc.*", run.console)
        self.assertEqual(kmalloc[0], kmalloc[1])


class Holders(GuestTest):
    def test_lsmod_and_rmmod_say_who_holds_a_module_and_why(self):
        run = self.run_script("modprobe test-request 'hold=domain of dma0'\nlsmod\nexpect-fail rmmod test-request\n"
                              "test-release\nrmmod test-request\npoweroff\n", "test-request", "test-hold")
        self.assertRegex(run.console, r"(?m)^test_request +\d+  1 test_hold \(domain of dma0\)$")
        self.assert_console(run, "module: test_request: in use by test_hold (domain of dma0)", "test_request: unloaded")

    def test_a_module_that_is_held_while_its_init_fails_keeps_its_memory_until_it_is_let_go(self):
        # The first round fills slabs that stay.
        run = self.run_script("-modprobe test-request 'hold=a queue' fail\ntest-release\nrmmod test-request\nfree\n"
                              "expect-fail modprobe test-request 'hold=a queue' fail\nlsmod\n"
                              "expect-fail modprobe test-request\nexpect-fail rmmod test-request\ntest-release\n"
                              "rmmod test-request\nfree\nmodprobe test-request\nlsmod\npoweroff\n", "test-request",
                              "test-hold")
        self.assert_console(run, "module: test_request: init failed: -ENODEV; 1 reference by test_hold (a queue) remains",
                            "[failed]", "module: test_request: an earlier load failed and is in use by test_hold (a queue)",
                            "module: test_request: in use by test_hold (a queue)", "test_request: unloaded",
                            "test_request: loaded")
        memory = re.findall(r"(?:RAM|kmalloc).*", run.console)
        self.assertEqual(memory[:2], memory[2:])


if __name__ == "__main__":
    main()
