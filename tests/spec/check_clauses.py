#!/usr/bin/env python3
"""Every clause of IHI 0062 that is cited exists in its issue D.c. That it is the right one, a reader has to see.

usage: check_clauses.py SPEC.md FOLDER...

In SPEC.md the columns Clause are looked at, in sources of the folders what follows "IHI 0062".
"""
import pathlib
import re
import sys

# Sections of each chapter, and subsections of those that have any.
SECTIONS = {1: 6, 2: 10, 3: 12, 4: 3, 5: 5, 6: 8, 7: 3, 8: 3, 9: 6, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 2, 16: 5, 17: 3}
SUBSECTIONS = {(1, 1): 4, (1, 5): 2, (1, 6): 6, (2, 1): 1, (2, 2): 1, (2, 3): 10, (2, 4): 2, (2, 5): 2, (2, 6): 4, (2, 7): 4,
               (2, 8): 5, (2, 9): 4, (2, 10): 1, (3, 6): 3, (3, 7): 5, (3, 8): 4, (4, 1): 1, (4, 2): 4, (4, 3): 3, (5, 3): 2,
               (5, 4): 2, (6, 7): 3, (7, 3): 3, (8, 1): 2, (8, 2): 1, (9, 6): 36, (10, 2): 3, (12, 2): 17, (14, 1): 2,
               (14, 2): 2, (15, 2): 1, (16, 5): 40, (17, 3): 9}
NUMBER = re.compile(r'(?<![\d.])\d+(?:\.\d+)*(?![\d.]*\d)')
CITED = re.compile(r'IHI 0062 ((?:\d+(?:\.\d+)*)(?:, \d+(?:\.\d+)+)*)')


def exists(clause):
    parts = [int(p) for p in clause.split('.')]
    if len(parts) > 3 or parts[0] not in SECTIONS:
        return False
    if len(parts) > 1 and not 1 <= parts[1] <= SECTIONS[parts[0]]:
        return False
    return len(parts) < 3 or 1 <= parts[2] <= SUBSECTIONS.get((parts[0], parts[1]), 0)


def clauses_of_spec(text):
    """Line number and clause of each row of a table whose first column is Clause. Tables and figures have other numbers."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if not line.startswith('|'):
            inside = False
        elif cells[0] == 'Clause':
            inside = True
        elif inside and not cells[0].startswith('ARM'):
            words = re.sub(r'(Tables?|Figures?) [\d-]+(( to|,) [\d]+-\d+)*', '', cells[0])
            for clause in NUMBER.findall(words):
                yield number, clause


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    cited = []
    spec = pathlib.Path(sys.argv[1])
    cited += [(spec, number, clause) for number, clause in clauses_of_spec(spec.read_text(encoding='utf-8'))]
    for folder in sys.argv[2:]:
        for path in sorted(p for p in pathlib.Path(folder).rglob('*') if p.suffix in ('.h', '.cpp')):
            for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
                for found in CITED.findall(line):
                    cited += [(path, number, clause) for clause in found.split(', ')]
    wrong = [f'{path}:{number}: IHI 0062 has no {clause}' for path, number, clause in cited if not exists(clause)]
    print('\n'.join(wrong + [f'{len(cited)} clauses cited, {len(wrong)} of them do not exist']))
    return 1 if wrong or not cited else 0


if __name__ == '__main__':
    sys.exit(main())
