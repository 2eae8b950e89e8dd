#!/usr/bin/env python3
"""What check_words.py finds, and what it lets pass."""
import pathlib
import tempfile
import unittest

import check_words


def problems(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'engine.h')
        path.write_text(text, encoding='utf-8')
        return [(number, what) for number, what in check_words.problems_of(path)]


class CheckWords(unittest.TestCase):
    def test_finds_words_of_one_smmu_in_code_and_comments(self):
        for text in ['// as in STE.MemAttr', 'struct Cd;', 'case CMD_TLBI_NH_VA:', 'int stream_table;', '// SMMUv3',
                     '#include "smmuvp/smmuv3/ste.h"', 'using namespace smmuvp::smmuv3;', 'smmuv3::Access a;', '// the Event queue',
                     'GBPA_ABORT', 'F_TRANSLATION', '// a context bank', 'ContextBank b;', '// CBAR.TYPE', 'SMMU_CBn_FSR',
                     'S2CR', '// FSYNR0.PLVL', '// TLBIVA', '// a write of RESUME', 'TLBSYNC', 'SMMU_sCR0']:
            self.assertTrue(problems(text), text)

    def test_lets_words_of_both_pass(self):
        for text in ['std::uint32_t stream_id = 0;', '// StreamID', 'bool substream_valid = false;', '// the SubstreamID',
                     '// VMID, ASID, IPA', '// MAIR, TTBR0, TG and TTL', '// DDI 0487 D8.6', 'Step step();', 'resume();', 'CacheKey',
                     '// what a command asks for', 'AccessRequest', 'C_', 'F f;']:
            self.assertEqual(problems(text), [], text)

    def test_wants_clauses_in_pairs_in_one_comment(self):
        self.assertEqual(problems('/// IHI 0070 13.1.3, IHI\n/// 0062 2.4\nint i;'), [])
        self.assertEqual(problems('int i;  ///< IHI 0070 13.1.3, IHI 0062 2.4\n'), [])
        self.assertEqual(problems('int a;\n// IHI 0070 4.4\nint i;  // IHI 0062 5.4'),
                         [(2, 'cites IHI 0070 and not IHI 0062'), (3, 'cites IHI 0062 and not IHI 0070')])


if __name__ == '__main__':
    unittest.main()
