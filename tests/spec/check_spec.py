#!/usr/bin/env python3
"""Holds a SPEC.md against the tests beside it, both ways: each test that it names exists, each rule that it calls
built names a test, and each test is named by some rule.

usage: check_spec.py SPEC.md TESTS_FOLDER...
"""
import pathlib
import re
import sys

TEST = re.compile(r'^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP)\(\s*(\w+)\s*,\s*(\w+)', re.M)
NAME = re.compile(r'\b([A-Z]\w*)\.(\*|[A-Za-z]\w*\*?)')


def tests_in(folders):
    found = {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).glob('*.cpp')):
            for suite, name in TEST.findall(path.read_text(encoding='utf-8')):
                found[f'{suite}.{name}'] = path
    return found


def rows_of(spec):
    """(line number, cells) of each row of a table with a Status and a Test column, and the text between tables."""
    columns = None
    for number, line in enumerate(spec.read_text(encoding='utf-8').splitlines(), 1):
        if not line.startswith('|'):
            columns = None
            yield number, None, line
            continue
        cells = [cell.strip() for cell in line.strip().strip('|').split('|')]
        if 'Status' in cells and 'Test' in cells:
            columns = cells
        elif columns and not set(line) <= set('|-: '):
            if len(cells) != len(columns):
                sys.exit(f'{spec}:{number}: {len(cells)} cells under {len(columns)} headings')
            yield number, dict(zip(columns, cells)), line
        elif not columns:
            yield number, None, line


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    spec = pathlib.Path(sys.argv[1])
    tests = tests_in(sys.argv[2:])
    if not tests:
        sys.exit(f'no tests in {sys.argv[2:]}')
    problems = []
    named = set()
    suites = {test.split('.')[0] for test in tests}
    # A word in backquotes that the text before the tables introduces, such as `oracle`, stands for its tests.
    aliases = {}
    for number, row, line in rows_of(spec):
        for alias, test in re.findall(r'"([\w ]+)" is\s+`([\w.]+)`', line):
            aliases[alias] = test
        matched = False
        cell = row['Test'] if row else line
        for suite, name in NAME.findall(cell):
            if suite not in suites:
                if row:
                    problems.append(f'{spec}:{number}: no test suite {suite}')
                continue
            pattern = re.compile(re.escape(f'{suite}.{name}').replace(r'\*', '.*'))
            hits = [test for test in tests if pattern.fullmatch(test)]
            named.update(hits)
            matched = matched or bool(hits)
            if not hits:
                problems.append(f'{spec}:{number}: no test {suite}.{name}')
        if row and row['Status'].startswith(('built', 'refused', 'enforced')):
            if not matched and not any(alias in cell for alias in aliases):
                problems.append(f'{spec}:{number}: "{row["Rule"]}" is called {row["Status"]} and names no test')
    for test, path in tests.items():
        if test not in named:
            problems.append(f'{path}: {test} is named by no rule of {spec}')
    for problem in problems:
        print(problem)
    print(f'{spec}: {len(tests)} tests, {len(named)} named, {len(problems)} problems')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
