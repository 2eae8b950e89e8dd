#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every file of the guest kernel begins alike: with its licence, and headers with a guard of their name."""
import pathlib
import re
import unittest

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "sw"
LICENCE = "SPDX-License-Identifier: MIT"
# As kernel style has it: sources by line comments, which assemblers and headers that they include may not know.
FORM = {".c": f"// {LICENCE}", ".h": f"/* {LICENCE} */", ".S": f"/* {LICENCE} */", ".lds": f"/* {LICENCE} */"}


def files():
    """All but build folders, and what a script writes: sw/kmi has no comments."""
    for path in sorted(SOURCES.rglob("*")):
        place = path.relative_to(SOURCES)
        if path.is_file() and place.parts[0] not in ("build", "kmi") and "__pycache__" not in place.parts:
            yield path, place


class Style(unittest.TestCase):
    def test_every_file_begins_with_its_licence(self):
        for path, place in files():
            lines = path.read_text().splitlines()[:2] + [""]
            first = lines[1 if lines[0].startswith("#!") else 0]
            self.assertEqual(first, FORM.get(path.suffix, f"# {LICENCE}"), f"first line of sw/{place}")

    def test_the_guard_of_a_header_is_its_name(self):
        for path, place in files():
            if path.suffix != ".h":
                continue
            name = re.sub(r"\W", "_", path.name).upper()
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S).strip()
            match = re.match(r"#ifndef (\w+)\n#define (\w+)\n", code)
            self.assertTrue(match and match[1] == match[2] and code.endswith("#endif"),
                            f"sw/{place}: expected #ifndef {name}, #define {name}, ..., #endif")
            # A name that two folders have, or the folder's own, says the folder as well: MODULE_INTERNAL_H.
            self.assertTrue(re.fullmatch(rf"([A-Z]\w*_)?{name}", match[1]),
                            f"sw/{place}: its guard is {match[1]}, expected {name}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
