#!/usr/bin/env python3
"""Keeps what both SMMUs share free of either: no file in FOLDER may speak of one SMMU's structures, registers,
queues or commands. Clauses of their specifications are cited in pairs, in one comment, IHI 0070 and IHI 0062: a
rule that stands in one of them only is that SMMU's, and belongs to its own folder. What comes in with an access
(StreamID, substream, address space) is a word of both, and so are the terms of DDI 0487.

usage: check_words.py FOLDER...
"""
import pathlib
import re
import sys

# Pattern, and whose word it is.
WORDS = [(re.compile(pattern), owner) for pattern, owner in [
    (r'SMMU_?[vV][123]|smmuv[123]|smmuvp[:/]+v[123]\b|\bv[123]::', 'an SMMU by its version'),
    (r'\b(STE|Ste|CD|Cd|L1STD|L1CD|VMS)s?\b|\b(STE|CD)_\w*', "SMMUv3's structures"),
    (r'\b[Ss]tream_?\s?[Tt]able|\b[Cc]ontext_?\s?[Dd]escriptor|\bStreamWorld', "SMMUv3's structures"),
    (r'\b(CMD|CFGI|CMDQ|ECMDQ|EVENTQ|PRIQ)\w*|\b(Command|Event|PRI) ?[Qq]ueue', "SMMUv3's queues and commands"),
    (r'\bGBPA\w*|\bGERRORN?\w*|\bASET\b|\bSTAG\b|\b[FCE]_[A-Z]{2,}\w*', "SMMUv3's registers and events"),
    (r'\b(S2CR|SMR|CBA2?R|SSDR)n?\b|\bSMMU_[sC]\w*|\bs?CR[0-2]\b', "an SMMU's registers"),
    (r'\b[Cc]ontext_?\s?[Bb]anks?|\b[Ss]tream[ _][Mm](apping|atch)\w*', "SMMUv2's banks and stream mapping"),
    (r'\bs?G?FSR\b|\bs?G?FSYNR\d?\b|\bIPAFAR\b|\bSCTLR\b|\bRESUME\b|\bHUPCF\b|\bCF(CFG|RE|IE)\b', "SMMUv2's registers"),
    (r'\bTLBI[A-Z]+\w*|\bs?TLBG?S(YNC|TATUS)\b', "SMMUv2's registers"),
]]
CITED = re.compile(r'IHI\s+00(70|62)')
COMMENT = re.compile(r'\s*//+[/<]?\s?(.*)|.*?\s//+<?\s?(.*)')


def comments_of(lines):
    """(first line, text) of each run of comment lines; one behind code stands alone."""
    number, text = 0, ''
    for i, line in enumerate(lines, 1):
        match = COMMENT.fullmatch(line)
        whole = bool(match) and match.group(1) is not None
        if text and not whole:
            yield number, text
            text = ''
        if whole:
            number = number if text else i
            text += ' ' + match.group(1)
        elif match:
            yield i, match.group(2)
    if text:
        yield number, text


def problems_of(path):
    lines = path.read_text(encoding='utf-8').splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, owner in WORDS:
            for match in pattern.finditer(line):
                yield number, f'"{match.group(0)}" is one of {owner}'
    for number, text in comments_of(lines):
        cited = {'IHI 00' + which for which in CITED.findall(text)}
        if len(cited) == 1:
            other = 'IHI 0062' if 'IHI 0070' in cited else 'IHI 0070'
            yield number, f'cites {cited.pop()} and not {other}'


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    files = sorted(path for folder in sys.argv[1:] for path in pathlib.Path(folder).rglob('*')
                   if path.suffix in ('.h', '.cpp') or path.name == 'CMakeLists.txt')
    if not files:
        sys.exit(f'no sources in {sys.argv[1:]}')
    found = [(path, number, what) for path in files for number, what in problems_of(path)]
    for path, number, what in found:
        print(f'{path}:{number}: {what}')
    if found:
        print(f'''
Both SMMUs use these files. Say what the engine does in words of its own (an entry, an owner, a part), or move what
only one SMMU does into that SMMU. A clause is cited together with that of the other specification where the rule
stands in both, and not at all otherwise. The words are in {__file__}.''')
    print(f'{len(files)} files, {len(found)} words of one SMMU')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
