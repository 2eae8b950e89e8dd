#!/usr/bin/env python3
"""Breaks a library in one place at a time, and demands that a test notices.

usage: mutations.py --check ROOT LISTS MINIMUM   each mutation applies to the present sources, and there are enough
       mutations.py ROOT SETTINGS [NAME...]      each (or each named) mutation is built and caught
       mutations.py ROOT SETTINGS --part N OF    likewise those of the Nth of OF equal parts of the lists

The lists, *.txt in the folder LISTS, hold a block a mutation: name, file, lines to take out (each after -, together
they stand in the file once), lines to put in (each after +). Only the mutated file is compiled anew; of a header,
which has to lie below a folder called include, the sources that `with` names, by the C++ level `std` where that of
SETTINGS does not fit. SETTINGS is written by CMake: the folder of the lists, compiler and flags, objects of the
library, and a line a test program, in the order in which they are tried. One may be `of` a folder: it is linked with
that part of the library, and is for mutations there. One that is `named` is for mutations whose `test` names one of
its tests, for that alone.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TIMEOUT = 300  # seconds a test program may take: a walk that never ends is caught, too
KEYS = ('name ', 'file ', 'with ', 'std ', 'test ')


def mutations(lists):
    for path in sorted(set(lists.glob('*.txt')) - {lists / 'CMakeLists.txt'}):
        for block in re.split(r'\n\s*\n', path.read_text(encoding='utf-8')):
            lines = [line for line in block.splitlines() if line and not line.startswith('#')]
            if not lines:
                continue
            fields = dict(line.split(' ', 1) for line in lines if line.startswith(KEYS))
            yield {'name': fields['name'], 'file': fields['file'],
                   'with': fields.get('with', fields['file']).split(), 'std': fields.get('std'),
                   'test': fields.get('test'),
                   'old': ''.join(line[1:] + '\n' for line in lines if line.startswith('-')),
                   'new': ''.join(line[1:] + '\n' for line in lines if line.startswith('+'))}


def mutated(root, mutation):
    """The file's text after the mutation, or None where it does not apply."""
    text = (root / mutation['file']).read_text(encoding='utf-8')
    if not all('/src/' in name and (root / name).is_file() for name in mutation['with']):
        return None
    if text.count(mutation['old']) != 1 or mutation['old'] == mutation['new']:
        return None
    return text.replace(mutation['old'], mutation['new'])


def check(root, lists, minimum):
    bad = 0
    names = set()
    for mutation in mutations(lists):
        if mutation['name'] in names or mutated(root, mutation) is None:
            print(f"{mutation['name']}: {mutation['file']} does not hold these lines once, `with` is no source, "
                  'or the name is not unique')
            bad += 1
        names.add(mutation['name'])
    print(f'{len(names)} mutations, {bad} do not apply')
    return 1 if bad or len(names) < minimum else 0


def root_of(name):
    """The folder of a source's target, as objects are named by it."""
    return '/' + name[:name.rindex('/src/')] + '/'


def first_failure(output):
    """The program of a comparison that differed, or the test that failed."""
    found = re.search(r'^(machine \d+, program \d+)', output, re.M) or re.search(r'\[  FAILED  \] ([\w./]+)', output)
    return found.group(1) if found else 'it ended early'


def run(root, settings, mutation):
    text = mutation['text'] if 'text' in mutation else mutated(root, mutation)
    if text is None:
        return 'does not apply'
    with tempfile.TemporaryDirectory(prefix='mutation-') as folder:
        folder = pathlib.Path(folder)
        original = root / mutation['file']
        is_header = original.suffix == '.h'
        source = folder / original.name
        if is_header:
            source = folder / mutation['file'][mutation['file'].index('include/'):]
            source.parent.mkdir(parents=True)
        source.write_text(text, encoding='utf-8')
        library = list(settings['library'])
        compiled = []
        for name in mutation['with']:
            unit = root / name if is_header else source
            compiled.append(folder / (unit.name + '.o'))
            command = settings['compile'][:1] + [f'-I{folder}/include'] + settings['compile'][1:]
            command += [f"-std={mutation['std']}"] if mutation.get('std') else []
            command += [f'-I{(root / name).parent}', '-c', str(unit), '-o', str(compiled[-1])]
            built = subprocess.run(command, capture_output=True, text=True, check=False)
            if built.returncode != 0:
                return 'does not compile: ' + built.stderr[:2000]
            replaced = [o for o in library if o.endswith(name[name.rindex('/src/') + 1:] + '.o') and root_of(name) in o]
            if len(replaced) != 1:
                return f'no object of {name} in the library'
            library.remove(replaced[0])
        for test in settings['tests']:
            part = test.get('of', '')
            if not mutation['file'].startswith(part) or (test.get('named') and not mutation.get('test')):
                continue
            program = folder / test['name']
            objects = [o for o in library if '/' + part in o]
            command = settings['link'] + test['objects'] + objects + [str(o) for o in compiled] + test['libraries']
            linked = subprocess.run(command + ['-o', str(program)], capture_output=True, text=True, check=False)
            if linked.returncode != 0:
                return 'does not link: ' + linked.stderr[:2000]
            called = test.get('called', test['name'])
            command = [str(program), '--gtest_fail_fast', '--gtest_brief=1']
            if test.get('named'):
                command.append(f"--gtest_filter={mutation['test']}")
            try:
                ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT,
                                       errors='replace', env={**os.environ, **test.get('environment', {})})
            except subprocess.TimeoutExpired:
                return f'caught by {called}: it does not end'
            program.unlink()
            if ended.returncode != 0:
                return f'caught by {called}: {first_failure(ended.stdout)}'
    return 'SURVIVED'


def main():
    arguments = sys.argv[1:]
    if len(arguments) == 4 and arguments[0] == '--check':
        return check(pathlib.Path(arguments[1]), pathlib.Path(arguments[2]), int(arguments[3]))
    if len(arguments) < 2 or arguments[0].startswith('-'):
        sys.exit(__doc__)
    root = pathlib.Path(arguments[0])
    settings = json.loads(pathlib.Path(arguments[1]).read_text(encoding='utf-8'))
    settings['compile'] = [a for a in settings['compile'] if a]
    every = list(mutations(pathlib.Path(settings['lists'])))
    if len(arguments) == 5 and arguments[2] == '--part':
        part, of = int(arguments[3]), int(arguments[4])
        wanted = every[len(every) * (part - 1) // of:len(every) * part // of]
    else:
        wanted = [m for m in every if len(arguments) == 2 or m['name'] in arguments[2:]]
    # A catch means something only if the sources as they are pass.
    file = next(m['file'] for m in every if m['file'].endswith('.cpp') and not m['std'])
    plain = {'file': file, 'with': [file], 'text': (root / file).read_text(encoding='utf-8')}
    outcome = run(root, settings, plain)
    if outcome != 'SURVIVED':
        sys.exit(f'without any mutation: {outcome}')
    missed = 0
    width = max((len(m['name']) for m in wanted), default=0)
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for mutation, outcome in zip(wanted, pool.map(lambda m: run(root, settings, m), wanted)):
            print(f"{mutation['name']:{width}} | {outcome}", flush=True)
            missed += not outcome.startswith('caught')
    print(f'{len(wanted)} mutations, {missed} survived')
    return 1 if missed or not wanted else 0


if __name__ == '__main__':
    sys.exit(main())
