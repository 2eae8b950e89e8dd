# SPDX-License-Identifier: MIT
"""GDB commands for the guest kernel: source it after kernel.elf, connected or not.

guest-symbols [FOLDER...]   symbols of all modules, those that are loaded now and those that come later; the .ko.debug
                            files are looked for in the folders, and in modules/ and test-modules/ beside kernel.elf
guest-lsmod                 loaded modules and where their sections are
"""
import os

import gdb


def text(value):
    return value.string(errors="replace")


def listed():
    """The struct module of each that is loaded."""
    head = gdb.parse_and_eval("&modules")
    kind = gdb.lookup_type("struct module")
    offset = next(int(f.bitpos) // 8 for f in kind.fields() if f.name == "list")
    node = head["next"]
    while node and node != head:
        yield (node.cast(gdb.lookup_type("unsigned long")) - offset).cast(kind.pointer())
        node = node["next"]


def sections(module):
    """[(name, address)] in the order of the file."""
    return [(text(module["sections"][i]["name"]), int(module["sections"][i]["addr"]))
            for i in range(int(module["num_sections"]))]


def is_running():
    """Whether there is a kernel to read: one that has set up its memory."""
    try:
        return bool(gdb.parse_and_eval("modules.next"))
    except gdb.error:
        return False


class Symbols:
    """Which files gdb has been given, by the name of the module."""

    def __init__(self):
        self.folders = []
        self.loaded = {}

    def find(self, name):
        here = os.path.dirname(gdb.objfiles()[0].filename) if gdb.objfiles() else "."
        for folder in [*self.folders, os.path.join(here, "modules"), os.path.join(here, "test-modules")]:
            for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                if file.endswith(".ko.debug") and file[:-len(".ko.debug")].replace("-", "_") == name:
                    return os.path.join(folder, file)
        return None

    def add(self, module):
        name = text(module["name"])
        self.remove(name)
        file = self.find(name)
        if file is None:
            print(f"{name}: no .ko.debug file of it; name its folder: guest-symbols FOLDER")
            return
        where = dict(sections(module))
        words = [f"-s {section} {address:#x}" for section, address in where.items() if section != ".text"]
        gdb.execute(f"add-symbol-file {file} {where.get('.text', 0):#x} {' '.join(words)}", to_string=True)
        self.loaded[name] = where.get(".text", 0)
        print(f"{name}: {file} at {self.loaded[name]:#x}")

    def remove(self, name):
        address = self.loaded.pop(name, None)
        if address:
            gdb.execute(f"remove-symbol-file -a {address:#x}", to_string=True)

    def refresh(self):
        for name in list(self.loaded):
            self.remove(name)
        if is_running():
            for module in listed():
                self.add(module)


class Change(gdb.Breakpoint):
    """The kernel calls module_debug_change() before a module's first instruction and after its last."""

    def __init__(self, symbols):
        super().__init__("module_debug_change", internal=True)
        self.silent = True
        self.symbols = symbols

    def stop(self):
        frame = gdb.newest_frame()
        module = frame.read_register("x0").cast(gdb.lookup_type("struct module").pointer())
        if int(frame.read_register("x1")) & 1:
            self.symbols.add(module)
        else:
            self.symbols.remove(text(module["name"]))
        return False


class GuestSymbols(gdb.Command):
    """Symbols of the guest's modules, those that are loaded now and those that come later.
guest-symbols [FOLDER...]: where .ko.debug files are, beside those of the kernel's own modules."""

    def __init__(self):
        super().__init__("guest-symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)
        self.symbols = Symbols()
        self.change = None

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        folders = gdb.string_to_argv(argument)
        for folder in folders:
            if not os.path.isdir(folder):
                raise gdb.GdbError(f"guest-symbols: {folder} is no folder")
        self.symbols.folders = folders
        if gdb.lookup_global_symbol("module_debug_change") is None:
            raise gdb.GdbError("guest-symbols: no kernel with modules: file .../kernel.elf comes first")
        self.symbols.refresh()
        if self.change is None or not self.change.is_valid():
            self.change = Change(self.symbols)


class GuestLsmod(gdb.Command):
    """Loaded modules of the guest, and where their sections are."""

    def __init__(self):
        super().__init__("guest-lsmod", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        for module in listed() if is_running() else []:
            print(text(module["name"]))
            for name, address in sections(module):
                print(f"  {address:#x} {name}")


GuestSymbols()
GuestLsmod()
