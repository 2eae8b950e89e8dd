#!/usr/bin/env python3
"""Several CPUs on Debian's QEMU: which come, what they share, and how they end together."""
import pathlib
import re
import struct
import subprocess
import tempfile

from guest_support import BUILD, QEMU, GuestTest, boot, main

# One host thread takes turns, by the count of instructions: the same each time.
IN_TURNS = ("-icount", "shift=auto,sleep=off")


def smp(count):
    return ("-smp", str(count))


def passed(run):
    return [name for _, name in re.findall(r"(?m)^(ok) \d+ - (.*)$", run.console)]


def edited_tree(count, edit, folder):
    """The machine's tree for `count` CPUs with its text changed."""
    blob = pathlib.Path(folder) / "tree.dtb"
    subprocess.run([QEMU, "-M", f"virt,gic-version=2,dumpdtb={blob}", "-cpu", "cortex-a72", "-m", "512", "-nic", "none", *smp(count)],
                   capture_output=True, check=True)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(blob)], capture_output=True, text=True, check=True).stdout
    changed = edit(text)
    assert changed != text, "the machine's tree has another shape than expected"
    subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-o", str(blob)], input=changed, text=True, check=True)
    return blob


def symbol(name):
    listing = subprocess.run(["aarch64-linux-gnu-nm", str(BUILD / "kernel.elf")], capture_output=True, text=True, check=True).stdout
    return int(re.search(rf"(?m)^(\w+) \w {name}$", listing)[1], 16) - 0xffff800004000000


class Start(GuestTest):
    def online(self, run, *cpus):
        self.assertEqual([int(c) for c in re.findall(r"(?m)^ +(\d+) 0\S* +on line$", run.console)], list(cpus), run.console)

    def with_tree(self, count, edit, **options):
        with tempfile.TemporaryDirectory() as folder:
            return self.run_script("cpus\npoweroff\n", dtb=edited_tree(count, edit, folder), extra=smp(count), **options)

    def test_every_cpu_of_the_tree_comes(self):
        for count in (1, 2, 4, 8):
            with self.subTest(count):
                self.online(self.run_script("cpus\npoweroff\n", extra=smp(count)), *range(count))

    def test_cpus_that_start_at_el2_come_too(self):
        run = self.run_script("cpus\npoweroff\n", machine="virt,gic-version=2,virtualization=on", extra=smp(2))
        self.online(run, 0, 1)

    def test_the_command_line_limits_them(self):
        for append, count in (("maxcpus=2", 2), ("maxcpus=1", 1), ("maxcpus=0", 1), ("nosmp", 1), ("nosmp maxcpus=3", 1), ("maxcpus=8", 4)):
            with self.subTest(append):
                run = self.run_script("cpus\npoweroff\n", append=append, extra=smp(4))
                self.online(run, *range(count))
        run = self.run_script("cpus\npoweroff\n", append="maxcpus=many", extra=smp(2))
        self.assert_console(run, "smp: maxcpus=many: a number up to 8 is possible")
        self.online(run, 0, 1)

    def test_a_tree_without_cpus_has_one(self):
        self.online(self.with_tree(2, lambda t: t.replace("cpus {", "processors {", 1)), 0)

    def test_a_cpu_whose_status_is_disabled_is_passed_over(self):
        run = self.with_tree(4, lambda t: t.replace("cpu@2 {", 'cpu@2 {\n\t\t\tstatus = "disabled";', 1))
        # They count without it.
        self.assertEqual(re.findall(r"(?m)^ +\d+ (\S+) +on line$", run.console), ["0x0", "0x1", "0x3"])
        self.assertNotIn("left off", run.console)

    def test_a_cpu_that_is_started_in_another_way_is_left_off_by_name(self):
        run = self.with_tree(2, lambda t: re.sub(r'(cpu@1 \{.*?enable-method = ")psci', r"\1spin-table", t, count=1, flags=re.S))
        self.assert_console(run, '/cpus/cpu@1: left off, enable-method is not "psci"')
        self.online(run, 0)

    def test_a_cpu_that_firmware_does_not_know_is_left_off_by_name(self):
        def edit(text):
            more = '\n\t\tcpu@7 { device_type = "cpu"; compatible = "arm,cortex-a72"; reg = <7>; enable-method = "psci"; };\n\t\t'
            return text.replace("cpu@0 {", more.strip() + "\n\t\tcpu@0 {", 1)
        run = self.with_tree(2, edit)
        self.assert_console(run, "/cpus/cpu@7: left off, PSCI CPU_ON of 0x7: -EINVAL")
        self.assertEqual(re.findall(r"(?m)^ +\d+ (\S+) +on line$", run.console), ["0x0", "0x1"])

    def test_a_cpu_of_an_impossible_number_or_of_another_ones_is_left_off_by_name(self):
        run = self.with_tree(3, lambda t: re.sub(r"(cpu@2 \{.*?reg = <)0x0?2>", r"\g<1>1>", t, count=1, flags=re.S))
        self.assert_console(run, "/cpus/cpu@2: left off, another node has its reg")
        run = self.with_tree(2, lambda t: re.sub(r"(cpu@1 \{.*?reg = <)0x0?1>", r"\g<1>0x1000000>", t, count=1, flags=re.S))
        self.assert_console(run, "/cpus/cpu@1: left off, reg is no affinity of MPIDR_EL1")
        self.online(run, 0)

    def test_a_cpu_that_does_not_come_is_left_off_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            image, data = pathlib.Path(folder) / "Image", bytearray((BUILD / "Image").read_bytes())
            struct.pack_into("<I", data, symbol("secondary_entry"), 0x14000000)  # B .
            image.write_bytes(data)
            run = self.run_script("cpus\nps\npoweroff\n", image=image, extra=smp(2) + ("-icount", "shift=10,sleep=off"))
        self.assert_console(run, "/cpus/cpu@1: left off, it did not come within 5000 ms of CPU_ON", "1 0x1          lost")
        self.online(run, 0)


class Work(GuestTest):
    def test_what_cpus_share_comes_out_exactly(self):
        for extra in (smp(1), smp(2), smp(4), smp(4) + IN_TURNS):
            with self.subTest(extra):
                run = self.run_script("insmod /lib/modules/test-smp.ko\nrmmod test-smp\npoweroff\n", "test-smp", extra=extra)
                self.assertEqual(len(passed(run)), 18, run.console)

    def test_the_kernels_services_pass_their_tests_on_four(self):
        names = ("test-core", "test-irqchip", "test-reloc")
        script = "".join(f"insmod /lib/modules/{n}.ko\nrmmod {n}\n" for n in names)
        for extra in (smp(1), smp(4), smp(4) + IN_TURNS):
            with self.subTest(extra):
                run = self.run_script(script + "poweroff\n", *names, extra=extra)
                planned = sum(int(n) for n in re.findall(r"(?m)^1\.\.(\d+)$", run.console))
                self.assertEqual(len(passed(run)), planned, run.console)
                self.assertNotIn("SKIP no v2m", run.console)

    def test_threads_say_where_they_run_and_interrupts_where_they_came(self):
        run = self.run_script("ps\ninterrupts\nsleep 5\npoweroff\n", extra=smp(2))
        self.assert_console(run, "Thread                   State    CPU")
        self.assertRegex(run.console, r"(?m)^init +running +[01]$")
        self.assertRegex(run.console, r"(?m)^kworker/events:1 +\w+ +[01]$")
        self.assertRegex(run.console, r"(?m)^ IRQ +CPU0 +CPU1 +Chip +HW +Type +To +Name$")
        self.assertRegex(run.console, r"(?m)^ +27: +\d+ +\d+ +GICv2 +27 level +each +timer$")
        self.assertRegex(run.console, r"(?m)^ +33: +\d+ +\d+ +GICv2 +33 level +CPU0 +pl011$")

    def test_allocations_fail_by_count_however_many_cpus_there_are(self):
        # What the allocators keep is there after the first time.
        script = "insmod /lib/modules/test-oom.ko\nmodprobe test-import\nrmmod test-import\n" \
            "oom modprobe test-import / rmmod test-import\npoweroff\n"
        counts = set()
        for count in (1, 4):
            run = self.run_script(script, "test-oom", "test-export", "test-import", extra=smp(count))
            counts.add(re.search(r"oom: .*: (\d+) allocations, (\d+) failures, 0 leaks", run.console).groups())
        self.assertEqual(len(counts), 1, counts)

    def test_an_interrupt_that_a_module_leaves_is_freed_by_name(self):
        run = self.run_script("insmod /lib/modules/test-smp.ko\nsmp leave-irq 62\nrmmod test-smp\necho mark\ninterrupts\npoweroff\n",
                              "test-smp", extra=smp(2))
        self.assert_console(run, "irq: test_smp leaves interrupt 62 (left) requested: freed", "mark")
        self.assertNotRegex(run.console, r"(?m)^ +62:")


class Faults(GuestTest):
    def fault(self, how, *texts, status=2, count=2):
        run = self.run_script(f"insmod /lib/modules/test-smp.ko\nsmp {how}\npoweroff\n", "test-smp", status=status, extra=smp(count))
        self.assert_console(run, "ok 18", *texts)
        return run

    def test_an_oops_names_its_cpu_and_stops_the_others(self):
        self.fault("oops", "Internal error: Oops", "CPU: 1 thread: victim", "oops_thread+", "[ halted ]")
        self.fault("bug", "kernel BUG at testmods/test-smp-faults.c", "CPU: 3 thread: victim", "bug_thread+", count=4)
        run = self.fault("busy-panic", "Kernel panic: as asked", "CPU: 0 thread: panic", "[ halted ]", count=4)
        self.assertNotIn("does not stop", run.console)

    def test_a_cpu_that_does_not_stop_is_named_and_not_waited_for(self):
        self.fault("deaf", "smp: CPU 1 does not stop", "Kernel panic: as asked")

    def test_a_lock_is_not_taken_twice(self):
        self.fault("recursion", "recursion on CPU", "cmd_smp+", "[test_smp]")
        self.fault("mutex", "thread init takes it twice", "cmd_smp+")

    def test_a_lock_is_released_by_who_holds_it(self):
        self.fault("unlock", "releases it, which does not hold it", "cmd_smp+")

    def test_nobody_sleeps_with_a_spin_lock(self):
        self.fault("sleep", "thread init sleeps with 1 spin locks held on CPU", "msleep+", "cmd_smp+")

    def test_a_lock_that_should_be_held_is_looked_at(self):
        self.fault("held", "&lock is not held", "&mutex is not held", "2 warnings", status=1)

    def test_a_work_does_not_wait_for_itself(self):
        for how, text in (("flush-self", "flush_work of flush_self [test_smp] would wait for itself"),
                          ("flush-queue", "a work of bad flushes it"),
                          ("cancel-self", "work cancel_self [test_smp] cancels itself"),
                          ("destroy-own", "a work of bad destroys it"),
                          ("destroy-delayed", "bad ends, and delayed work nothing [test_smp] waits in it")):
            with self.subTest(how):
                self.fault(how, text, "1 warnings", status=1)


if __name__ == "__main__":
    main()
