#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Work of the module loader by the number of symbols, in instructions: QEMU counts them, and the guest's clock shows them."""
import pathlib
import re
import subprocess
import tempfile

from guest_support import Elf, GuestTest, main, module

SYMBOLS = 100_000
# Of one instruction a nanosecond. A way that is quadratic anywhere takes a hundred times as many.
INSTRUCTIONS = 2_500_000_000
COUNT = ("-icount", "shift=0,sleep=off")


def assembled(name, lines):
    """A module of these lines, beside what every module has."""
    like = Elf(module("test-export"))
    this = like.section(".gnu.linkonce.this_module")
    magic = re.search(rb"vermagic=([^\0]*)", bytes(like.data)).group(1).decode()
    layout = like.data.index(b"module_layout\0") - 8
    text = [f'.section .modinfo,"a"\n.asciz "name={name}"\n.asciz "license=Dual MIT/GPL"\n.asciz "vermagic={magic}"',
            f'.section .gnu.linkonce.this_module,"aw"\n.balign 8\n.zero {like.size(this)}',
            f'.section __versions,"a"\n.quad {int.from_bytes(like.data[layout:layout + 8], "little"):#x}\n'
            '.asciz "module_layout"\n.zero 42', *lines]
    with tempfile.TemporaryDirectory() as folder:
        source, out = pathlib.Path(folder) / "m.S", pathlib.Path(folder) / "m.o"
        source.write_text("\n".join(text) + "\n")
        subprocess.run(["aarch64-linux-gnu-gcc", "-c", "-o", out, source], check=True)
        return out.read_bytes()


def exporter():
    """Exports 100,000 functions, in the worst order for an insertion."""
    lines = [".text"]
    lines += [f".globl many_{i:06}\n.type many_{i:06},%function\nmany_{i:06}: ret" for i in reversed(range(SYMBOLS))]
    lines.append('.section __ksymtab,"a"\n.balign 4')
    lines += [f".long many_{i:06} - .\n.long s{i} - .\n.long s{i} - ." for i in reversed(range(SYMBOLS))]
    lines.append('.section __kcrctab,"a"\n.balign 4')
    lines += [".long 5"] * SYMBOLS
    lines.append('.section __ksymtab_strings,"a"')
    lines += [f's{i}: .asciz "many_{i:06}"' for i in range(SYMBOLS)]
    return assembled("many", lines)


def importer():
    """Calls them all, from out of a branch's reach."""
    lines = ['.section __versions,"a"']
    lines += [f'.quad 5\n.asciz "many_{i:06}"\n.zero 44' for i in reversed(range(SYMBOLS))]
    lines += [".text"] + [f"bl many_{i:06}" for i in range(SYMBOLS)]
    return assembled("user", lines)


class Scale(GuestTest):
    def test_a_hundred_thousand_symbols_load_and_link_in_a_bounded_number_of_instructions(self):
        files = {"many.ko": exporter(), "user.ko": importer()}
        script = "uptime\ninsmod /many.ko\nuptime\ninsmod /user.ko\nuptime\nlsmod\npoweroff\n"
        run = self.run_script(script, files=files, append="module_far", extra=COUNT)
        times = [int(s) * 10 ** 9 + int(us) * 1000 for s, us in re.findall(r"up (\d+)\.(\d+) s", run.console)]
        self.assertRegex(run.console, r"(?m)^many +\d+  1 user$")
        for start, end in zip(times, times[1:]):
            print(f"{end - start:,} instructions", flush=True)
            self.assertLess(end - start, INSTRUCTIONS)


if __name__ == "__main__":
    main()
