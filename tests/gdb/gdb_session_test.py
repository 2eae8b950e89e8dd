#!/usr/bin/env python3
"""GDB on the bundled kernel, and clients that are none.

usage: gdb_session_test.py SMMU_VP CONFIG KERNEL_ELF CASE
"""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile

GDB = shutil.which("gdb-multiarch")
SKIP_RETURN_CODE = 77
TIMEOUT = 240
PROGRAM, CONFIG, KERNEL = sys.argv[1:4]
GUEST_COMMANDS = pathlib.Path(__file__).resolve().parents[2] / "sw/scripts/vmguest-gdb.py"


class Run:
    """The platform with a GDB server on a socket file."""

    def __init__(self, *options, config=CONFIG):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "gdb")
        self.json = os.path.join(self.folder.name, "run.json")
        self.console = open(os.path.join(self.folder.name, "console"), "wb")
        self.process = subprocess.Popen(
            [PROGRAM, "run", config, "--gdb", "unix:" + self.path, "--json", self.json, *options],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.PIPE, text=True, errors="replace")
        self.errors = ""
        for line in self.process.stderr:
            self.errors += line
            if "waiting for gdb at" in line:
                return
        sys.exit(f"FAILED: the program does not say where it listens\n{self.errors}")

    def end(self):
        """Exit code and digest."""
        self.errors += self.process.communicate(timeout=TIMEOUT)[1]
        self.console.close()
        report = pathlib.Path(self.json)
        digest = json.loads(report.read_text())["digest"] if report.exists() else None
        self.folder.cleanup()
        return self.process.returncode, digest

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(TIMEOUT)
        client.connect(self.path)
        return client

    def gdb(self, *commands):
        """Runs the commands after 'target remote'; the text that they print."""
        command = [GDB, "-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off", "-ex", "set tcp auto-retry off",
                   "-ex", "file " + KERNEL, "-ex", "target remote " + self.path]
        for c in commands:
            command += ["-ex", c]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, errors="replace", timeout=TIMEOUT, check=False)
        return result.stdout


def plain_digest():
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "run.json")
        subprocess.run([PROGRAM, "run", CONFIG, "--quiet", "--json", report], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, timeout=TIMEOUT, check=True)
        return json.loads(pathlib.Path(report).read_text())["digest"]


def check(condition, what, detail):
    if not condition:
        sys.exit(f"FAILED: {what}\n{detail}")


def need_gdb():
    if GDB is None:
        print("skipped: gdb-multiarch is not installed")
        sys.exit(SKIP_RETURN_CODE)


def case_breaks_steps_and_goes_on_to_the_end_without_changing_the_run():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb("print/x $pc", "info registers x0 sp pc cpsr", "info threads", "monitor help",
                   "break *start_kernel", "continue", "print $pc == (long)start_kernel", "stepi", "stepi",
                   "print $pc == (long)start_kernel + 8",
                   "hbreak dma_map_phys_attrs", "continue", "backtrace", "x/2i $pc", "print $v0",
                   "print/x *(unsigned *)$pc", "delete", "continue")
    code, digest = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(code == 0, "the guest passes", detail)
    check(len(re.findall(r"(?m)^\$\d+ = 1$", text)) == 2, "stops at start_kernel and two instructions later", detail)
    check("cpu0" in text, "the processor is a thread with its name", detail)
    check("this text" in text, "monitor help answers", detail)
    check(re.search(r"Breakpoint 2.*dma_map_phys_attrs", text), "stops in a function that modules call", detail)
    check(re.search(r"(?m)^#1 ", text), "has a backtrace", detail)
    check("exited normally" in text, "gdb is told that the guest has ended", detail)
    check(digest == plain_digest(), "breakpoints do not change the run", detail)


def case_each_processor_is_a_thread():
    """Processor 0 starts processor 1, which comes to the breakpoint and switches the machine off."""
    need_gdb()
    base, second = 0x40000000, 8
    code = [0xd2800060, 0xf2b88000, 0xd2800021, 0x100000a2, 0xd2800ee3, 0xd4000002,  # CPU_ON of 1, there, with 0x77
            0xd503207f, 0x17ffffff,                                                  # WFI; B .-4
            0xd503201f, 0xd503201f,                                                  # there: NOP; NOP; SYSTEM_OFF
            0xd2800100, 0xf2b08000, 0xd4000002]
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "program.elf")
        pathlib.Path(program).write_bytes(
            struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 183, 1, base, 64, 0, 0, 64, 56, 1, 0, 0, 0) +
            struct.pack("<IIQQQQQQ", 1, 7, 120, base, base, 4 * len(code), 4 * len(code), 8) +
            struct.pack("<%dI" % len(code), *code))
        config = os.path.join(os.path.dirname(CONFIG), "gki-smmuv3-smp.toml")
        run = Run("--gdb-wait", "--kernel", program, config=config)
        text = run.gdb("hbreak *%#x" % (base + 4 * second + 4), "continue", "info threads", "print/x $x0", "stepi",
                       "print/x $pc", "thread 1", "print/x $pc", "monitor cpus", "thread 2", "continue")
        exit_code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {exit_code}"
    check(exit_code == 0, "the program switches the machine off", detail)
    check(re.search(r"(?m)^\* 2 .*cpu1", text), "processor 1 is the thread that stopped", detail)
    check(re.search(r"(?m)^  1 .*cpu0", text), "processor 0 is a thread", detail)
    check("= 0x77" in text and "= 0x40000028" in text, "registers and steps are those of processor 1", detail)
    check(re.search(r"(?m)= 0x400000(18|1c)$", text), "registers of processor 0 can be read", detail)
    check(re.search(r"1 cpu0 0x400000(18|1c)\n2 cpu1 0x40000028", text), "monitor cpus", detail)
    check("exited normally" in text, "gdb is told that the guest has ended", detail)


def case_finds_modules_as_they_come_and_breaks_in_them():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb(f"source {GUEST_COMMANDS}", "guest-symbols", "set breakpoint pending on", "break arm_smmu_probe", "continue",
                   "backtrace 2", "print pdev != 0", "print arm_smmu_driver.driver.name", "guest-lsmod",
                   "info symbol &arm_smmu_driver", "delete", "continue")
    code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(code == 0, "the guest passes", detail)
    check(re.search(r"Breakpoint 1, arm_smmu_probe \(pdev=0x[0-9a-f]+\) at \S*arm-smmu-v3\.c:\d+", text), "stops in the module", detail)
    check(re.search(r"(?m)^#1 .* in platform_probe ", text), "the kernel called it", detail)
    check("$1 = 1" in text, "an argument is read", detail)
    check(re.search(r'\$2 = 0x[0-9a-f]+ \S*"arm-smmu-v3"', text), "a static variable is read", detail)
    check(re.search(r"(?m)^io_pgtable_arm\n(  0x[0-9a-f]+ [._]\S+\n)+arm_smmu_v3\n  0x[0-9a-f]+ \.text\n", text), "modules are listed", detail)
    check(re.search(r"arm_smmu_driver in section \.data of \S*arm-smmu-v3\.ko\.debug", text), "data has its place", detail)


def case_finds_the_modules_that_are_there_already_and_drops_those_that_go():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb(f"source {GUEST_COMMANDS}", "break ktap_plan", "continue", "guest-symbols", "print td_driver.driver.name",
                   "delete", "break td_exit", "continue", "backtrace 1", "delete", "break machine_power_off", "continue", "guest-lsmod",
                   "print td_driver.driver.name", "delete", "continue")
    code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(code == 0, "the guest passes", detail)
    check(re.search(r'\$1 = 0x[0-9a-f]+ \S*"testdev-dma"', text), "a static variable is read", detail)
    check(re.search(r"Breakpoint 2, td_exit \(\) at \S*testdev-dma\.c:\d+", text), "stops in the module", detail)
    check('No symbol "td_driver" in current context' in text, "symbols of a module that is gone are gone", detail)


def case_watches_a_variable_by_single_steps():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb("set can-use-hw-watchpoints 0", "break start_kernel", "continue", "watch kernel_phys", "continue", "kill")
    code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(re.search(r"Old value = 0\nNew value = \d+\nstart_kernel ", text), "the store is seen", detail)
    check(code == 130, "kill ends the run as interrupted", detail)


def case_shows_flags_and_every_view_of_a_vector_register():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb("break *start_kernel", "continue", "print $cpsr", "set var $v7.d.f[1] = 1.5", "print $v7.d.f", "print/x $v7.d.u",
                   "print/x $v7.b.u", "print $v7.s.f", "set var $v7.h.f[0] = 0.5", "print/x $v7.h.s", "print/x $v7.q.u", "print $fpcr",
                   "set var $fpcr = 0x400000", "print $fpcr", "set var $fpcr = 0", "ptype $cpsr", "kill")
    code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(re.search(r"(?m)^\$1 = \[ SP EL=1 F I A D ", text), "PSTATE has names", detail)
    for shown in (r"\$2 = \{\S+, 1\.5\}", r"\$3 = \{0x\w+, 0x3ff8000000000000\}", r"\$4 = \{.*0xf8, 0x3f\}", r"\$5 = \{.*, 1\.9375\}",
                  r"\$6 = \{0x3800, .*0x3ff8\}", r"\$7 = \{0x3ff8000000000000\w*3800\}", r"\$9 = \[ RMode=1 \]"):
        check(re.search("(?m)^" + shown, text), shown, detail)
    check("warning" not in text, "gdb takes the description", detail)


def case_attaches_to_a_running_guest_and_detaches_without_changing_it():
    need_gdb()
    run = Run()
    text = run.gdb("print/x $pc", "detach")
    code, digest = run.end()
    check(code == 0, "the guest passes", f"{text}\n{run.errors}")
    check(digest == plain_digest(), "the run is the same", f"{text}\n{run.errors}")


def case_an_smmu_is_looked_at_without_changing_the_run():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb("monitor smmu why", "break dma_map_phys_attrs", "continue", "delete", "monitor help", "monitor smmu ste 0x100", "monitor smmu cd 0x100",
                   "monitor smmu walk 0x100 0xfffff010 read", "monitor smmu tlb", "monitor smmu queues", "monitor smmu stalls",
                   "monitor smmu walk nonsense", "continue")
    code, digest = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check(code == 0, "the guest passes", detail)
    for part in ("no access was denied so far", "smmu queues [SMMU]", "STE at 0x", "stream 0x100, address 0xfffff010: read",
                 "Command queue", "Event queue", "stalled accesses", "expected: smmu walk"):
        check(part in text, f"'{part}' is shown", detail)
    check(digest == plain_digest(), "looking changes nothing", detail)


def case_changes_registers_and_memory():
    need_gdb()
    run = Run("--gdb-wait")
    text = run.gdb("break *start_kernel", "continue", "set var $x19 = 0x1234567890", "print/x $x19",
                   "set var *(unsigned long *)($sp - 64) = 0x55aa", "print/x *(unsigned long *)($sp - 64)",
                   "print/x *(unsigned *)0x1000", "set var $x19 = 0", "kill")
    code, _ = run.end()
    detail = f"{text}\n{run.errors}\nexit code {code}"
    check("= 0x1234567890" in text and "= 0x55aa" in text, "what is written is read", detail)
    check("Cannot access memory at address 0x1000" in text, "what is not RAM is refused", detail)
    check(code == 130, "kill ends the run as interrupted", detail)


def packet(text):
    data = text.encode("latin-1")
    return b"$" + data + b"#%02x" % (sum(data) % 256)


def answer(client):
    """The next packet's payload."""
    data = b""
    while not re.search(rb"\$[^#]*#..", data):
        part = client.recv(4096)
        check(part, "the server keeps the connection", data)
        data += part
    return re.search(rb"\$([^#]*)#..", data).group(1).decode("latin-1")


def case_an_interrupt_stops_a_guest_that_runs():
    run = Run("--gdb-wait", "--append", "shell=1")
    client = run.connect()
    client.sendall(packet("?"))
    check(answer(client) == "T02thread:1;", "stands before the first instruction", "")
    client.sendall(packet("vCont;c") + b"\x03")
    check(answer(client) == "T02thread:1;", "stops", "")
    client.sendall(packet("k"))
    code, _ = run.end()
    check(code == 130, "kill ends the run", run.errors)


WFI = 0xd503207f


def ask(client, text):
    client.sendall(packet(text))
    return answer(client)


def register(client, number):
    return int.from_bytes(bytes.fromhex(ask(client, f"p{number:x}")), "little")


def word(client, address):
    text = ask(client, f"m{address:x},4")
    return int.from_bytes(bytes.fromhex(text), "little") if len(text) == 8 else None


def stop_in_wfi(client):
    """Interrupts a guest at its prompt, where it waits for a character that never comes. The PC behind WFI."""
    while True:
        client.sendall(packet("vCont;c") + b"\x03")
        got = answer(client)
        check(got == "T02thread:1;", "the interrupt stops the guest", got)
        pc = register(client, 32)
        if word(client, pc - 4) == WFI:
            return pc


def case_an_interrupted_guest_that_idles_steps_and_jumps():
    run = Run("--gdb-wait", "--append", "shell=1")
    client = run.connect()
    pc = stop_in_wfi(client)
    check(ask(client, "vCont;s:1") == "T05thread:1;", "the step ends", "")
    check(register(client, 32) == pc + 4, "one instruction later", f"{register(client, 32):#x} after {pc:#x}")
    pc = stop_in_wfi(client)
    at = pc - 4
    check(ask(client, f"Z1,{at:x},4") == "OK", "a breakpoint at WFI", "")
    check(ask(client, f"P20={at.to_bytes(8, 'little').hex()}") == "OK", "PC is set", "")
    check(ask(client, "vCont;c") == "T05thread:1;" and register(client, 32) == at, "stops at the breakpoint", "")
    client.sendall(packet("k"))
    check(run.end()[0] == 130, "kill ends the run", run.errors)


def case_a_guest_that_nothing_will_ever_wake_can_be_interrupted():
    run = Run("--gdb-wait", "--append", "shell=1")
    client = run.connect()
    stop_in_wfi(client)
    client.sendall(packet("vCont;c"))
    check(client.recv(1) == b"+", "the packet is taken", "")
    # From here on the program runs until it waits for the client, or has ended.
    while pathlib.Path(f"/proc/{run.process.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "SZ":
        pass
    client.sendall(b"\x03")
    got = answer(client)
    check(got == "T02thread:1;", "the interrupt stops the guest", got)
    client.close()
    code, _ = run.end()
    check(code == 1, "without a client the guest has come to a standstill", f"{code}\n{run.errors}")


def case_garbage_and_broken_connections_leave_the_run_alone():
    run = Run("--gdb-wait")
    generator = random.Random(1)
    starts = ["", "m", "M40080000,4:", "Z0,", "P", "G", "vCont", "qXfer:features:read:target.xml:", "X", "H", "z1,"]
    client = run.connect()
    for text in ("m0,ffffffffffffffff", "mffffffffffffffff,ffffffffffffffff", "m9000000,4", "Z0,ffffffffffffffff,4",
                 "Z0,fffffffffffffffc,4", "P20=ffffffffffffffff", "P21=ffffffff", "Hg-2", "p" * 10000):
        client.sendall(packet(text))
        answer(client)
    # Half a packet, and the end.
    client.sendall(b"$m40080000,")
    client.close()
    for _ in range(30):
        try:
            client = run.connect()
        except OSError:
            break  # the guest was quicker
        for _ in range(20):
            text = generator.choice(starts) + "".join(chr(generator.randrange(256)) for _ in range(generator.randrange(40)))
            # What would change the guest is another test's.
            if text[:1] in ("c", "s", "C", "S", "k", "G", "P", "M", "X"):
                text = "m" + text[1:]
            data = packet(text.translate({ord(c): "_" for c in "$#}"}))
            if generator.randrange(3) == 0:
                data = data[:generator.randrange(len(data))] + bytes([generator.randrange(256)])
            try:
                client.sendall(data)
            except OSError:
                break
        # The next one only when the server has seen the end of this one.
        try:
            client.shutdown(socket.SHUT_WR)
            while client.recv(4096):
                pass
        except OSError:
            pass
        client.close()
    code, digest = run.end()
    check(code == 0, "the guest passes", run.errors)
    check(digest == plain_digest(), "the run is the same", run.errors)


def case_wrong_places_to_listen_are_refused_before_the_run():
    for where in ("", "x", "70000", "-1", "unix:", "unix:/nonexistent/folder/s", "unix:" + "x" * 200):
        result = subprocess.run([PROGRAM, "run", CONFIG, "--gdb", where], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
        check(result.returncode == 64 and "--gdb" in result.stderr and not result.stdout, f"'{where}' is refused",
              f"{result.returncode} {result.stderr}")
    result = subprocess.run([PROGRAM, "run", CONFIG, "--gdb-wait"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=False)
    check(result.returncode == 64, "--gdb-wait alone is refused", result.stderr)


def case_the_user_ends_a_run_that_waits_for_gdb():
    run = Run("--gdb-wait")
    client = run.connect()
    client.sendall(packet("?"))
    answer(client)
    run.process.send_signal(signal.SIGINT)
    code, _ = run.end()
    check(code == 130, "the run is interrupted", f"{code} {run.errors}")


if __name__ == "__main__":
    globals()["case_" + sys.argv[4]]()
