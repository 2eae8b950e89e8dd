#!/usr/bin/env python3
"""Counts what a library exports, and names what nobody declared as its interface.

usage: exports_test.py NM KIND LIBRARY    KIND: base, tlm, smmuv2, smmuv3 or plugin
"""
import re
import subprocess
import sys

# What a kind of library may export, and how many symbols at most: a number far above says that something leaks.
CLASS = r"smmuvp::[A-Z]\w*"
OF_CLASS = rf"(vtable for |typeinfo for |typeinfo name for |(non-)?virtual thunk to )?{CLASS}"
EXTENSION = r"(vtable for |typeinfo for |typeinfo name for )?tlm::tlm_extension<smmuvp::\w+>"
FUNCTIONS = {
    "base": r"smmuvp::(to_text|parse_uint|nearest|save_state|load_state|trace_filter_matches|find_ill_formed_utf8|"
            r"to_valid_utf8|printable|notation_of|number_text|hex_text|value_text|named_value|meaning_text|"
            r"decode_tlbi)\b",
    "tlm": r"smmuvp::(compare_abi|default_host|report_error|report_warning)\b",
}
SMMU = (r"(vtable for |typeinfo for |typeinfo name for |non-virtual thunk to )?smmuvp::SmmuV[23]<\d+u>.*|"
        r"(vtable for |typeinfo for |typeinfo name for )smmuvp::[A-Z]\w*|smmuvp_plugin", 340)
RULES = {
    "base": (rf"{OF_CLASS}|{FUNCTIONS['base']}", 150),
    "tlm": (rf"{OF_CLASS}|{EXTENSION}|{FUNCTIONS['tlm']}", 200),
    "smmuv2": SMMU,
    "smmuv3": SMMU,
    "plugin": (r"smmuvp_plugin", 1),
}
# The payload extensions have one type and one id, at home in smmuvp-tlm: no other file may define them again.
ONE_HOME = re.compile(r"tlm::tlm_extension<smmuvp::(Access|CompareSwap|Resume)Extension>::ID$|"
                      r"(vtable|typeinfo) for smmuvp::(Access|CompareSwap|Resume)Extension$")


def symbols(nm, library, *options):
    """Names that `library` defines."""
    out = subprocess.run([nm, "--demangle", "--defined-only", *options, library], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return [line.split(" ", 2)[2] for line in out.splitlines()]


def main():
    nm, kind, library = sys.argv[1:]
    allowed, most = RULES[kind]
    exported = symbols(nm, library, "--dynamic")
    surprises = [name for name in exported if not re.match(rf"({allowed})", name)]
    print(f"{library} exports {len(exported)} symbols, at most {most} are expected")
    for name in surprises:
        print(f"  not expected: {name}")
    homeless = [name for name in symbols(nm, library) if ONE_HOME.match(name)]
    if kind == "tlm":
        wrong = len(homeless) != 9
        print(f"  the payload extensions: {len(homeless)} of 9 symbols")
    else:
        wrong = bool(homeless)
        for name in homeless:
            print(f"  defined once more: {name}")
    return 1 if surprises or wrong or not exported or len(exported) > most else 0


if __name__ == "__main__":
    sys.exit(main())
