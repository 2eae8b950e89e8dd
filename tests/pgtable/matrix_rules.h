// Which combinations of format, granule, input size, output size, stage and start level are legal, and what
// leaves they have: from the specifications (DDI 0487 D8.2, D8.3, D8.7, G5.4, G5.5; IHI 0070 5.2, 5.4),
// written apart from the library so that both can disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/result.h"

namespace smmuvp::pgtable::test {

/// Fields that a specification objects to; empty for a legal combination.
using Objections = std::vector<std::string>;

inline bool architectural_size(int bits) {
  for (const int legal : {32, 36, 40, 42, 44, 48, 52}) {
    if (bits == legal) return true;
  }
  return false;
}

/// IHI 0070 5.4, CD.T0SZ and 5.2, STE.S2T0SZ, where all optional features exist: 48 is the largest value, 47
/// with 64 KiB; 16 the smallest. 12 at stage 1 with 64 KiB, or with DS and another granule; at stage 2 the
/// input may be no larger than the output size that the implementation has, so that 64 KiB needs LPA.
inline bool legal_vmsa64_TxSZ(int TxSZ, Granule granule, bool DS, bool LPA, Stage stage) {
  if (granule == Granule::size_64k) {
    const int smallest = stage == Stage::stage1 || LPA ? 12 : 16;
    return TxSZ >= smallest && TxSZ <= 47;
  }
  return TxSZ >= (DS ? 12 : 16) && TxSZ <= 48;
}

struct StartLevel {
  int level;
  int smallest_input;
  int largest_input;
};
/// Start levels that VTCR_EL2.{SL2, SL0} can name, and the input sizes of each: a first lookup resolves one
/// bit at least; sixteen concatenated tables add four bits to those of one table; level -1 has one table of
/// four bits. DDI 0487 D8.2, tables of initial lookup levels.
inline std::vector<StartLevel> start_levels(Granule granule, bool DS) {
  switch (granule) {
    case Granule::size_4k: {
      std::vector<StartLevel> levels = {{0, 40, 48}, {1, 31, 43}, {2, 22, 34}, {3, 13, 25}};
      if (DS) {
        levels[0].largest_input = 52;
        levels.push_back({-1, 49, 52});
      }
      return levels;
    }
    case Granule::size_16k: {
      std::vector<StartLevel> levels = {{1, 37, 48}, {2, 26, 40}, {3, 15, 29}};
      if (DS) {
        levels[0].largest_input = 51;
        levels.push_back({0, 48, 52});
      }
      return levels;
    }
    case Granule::size_64k:
      return {{1, 43, 52}, {2, 30, 46}, {3, 17, 33}};
  }
  return {};
}

/// IHI 0070 5.2, STE.S2SL0; VMSAv8-32: DDI 0487 G5.5.
inline bool legal_start_level(int level, int input_bits, const std::vector<StartLevel>& levels) {
  for (const StartLevel& l : levels) {
    if (l.level == level) return input_bits >= l.smallest_input && input_bits <= l.largest_input;
  }
  return false;
}
inline std::vector<StartLevel> lpae32_start_levels() { return {{1, 31, 40}, {2, 25, 34}}; }

inline Objections object_to_stage1(const Config& config) {
  Objections fields;
  const Stage1Config& s1 = config.stage1;
  const bool two =
      (config.regime == Regime::el1_0 || config.regime == Regime::el2_0) && s1.format != Format::mali_lpae;
  switch (s1.format) {
    case Format::vmsa64:
      if (!architectural_size(s1.output_size)) fields.push_back("stage1.output_size");
      break;
    case Format::lpae32:
      if (config.regime != Regime::el1_0 && config.regime != Regime::el2) fields.push_back("regime");
      break;
    case Format::v7s:
      if (config.regime != Regime::el1_0) fields.push_back("regime");
      if (s1.v7s.N > 7) fields.push_back("stage1.v7s.N");
      break;
    case Format::mali_lpae:
      break;
  }
  if (s1.format != Format::vmsa64) {
    const bool narrow = s1.format != Format::mali_lpae && (s1.output_size == 32 || s1.output_size == 36);
    if (s1.output_size != 40 && !narrow) fields.push_back("stage1.output_size");
    if (s1.DS) fields.push_back("stage1.DS");
  }
  for (unsigned i = 0; i < (two ? 2U : 1U); ++i) {
    const TableConfig& t = s1.tables[i];
    if (t.EPD) continue;
    const std::string name = "stage1.tables[" + std::to_string(i) + "].";
    bool legal = true;
    switch (s1.format) {
      case Format::vmsa64:
        legal = legal_vmsa64_TxSZ(t.TxSZ, t.granule, s1.DS, s1.LPA, Stage::stage1);
        break;
      case Format::lpae32:
        legal = t.TxSZ < 8;
        break;
      case Format::mali_lpae:  // 48 bits at most, as Linux; smaller than 25 bits is not known to exist
        legal = t.TxSZ >= 16 && t.TxSZ <= 39;
        break;
      case Format::v7s:
        break;
    }
    if (!legal) fields.push_back(name + "TxSZ");
    if (s1.format != Format::vmsa64 && t.granule != Granule::size_4k) fields.push_back(name + "granule");
  }
  return fields;
}

inline Objections object_to_stage2(const Stage2Config& s2) {
  Objections fields;
  switch (s2.format) {
    case Format::vmsa64:
      if (!architectural_size(s2.output_size)) fields.push_back("stage2.output_size");
      if (!legal_vmsa64_TxSZ(s2.T0SZ, s2.granule, s2.DS, s2.LPA, Stage::stage2)) {
        fields.push_back("stage2.T0SZ");
      } else if (!legal_start_level(s2.start_level, 64 - s2.T0SZ, start_levels(s2.granule, s2.DS))) {
        fields.push_back("stage2.start_level");
      }
      break;
    case Format::lpae32:
      if (s2.output_size != 32 && s2.output_size != 36 && s2.output_size != 40) {
        fields.push_back("stage2.output_size");
      }
      if (s2.granule != Granule::size_4k) fields.push_back("stage2.granule");
      if (s2.DS) fields.push_back("stage2.DS");
      if (s2.T0SZ < -8 || s2.T0SZ > 7) {
        fields.push_back("stage2.T0SZ");
      } else if (!legal_start_level(s2.start_level, 32 - s2.T0SZ, lpae32_start_levels())) {
        fields.push_back("stage2.start_level");
      }
      break;
    default:
      fields.push_back("stage2.format");
  }
  return fields;
}

inline Objections object_to(const Config& config) {
  Objections fields;
  if (config.stages != Stages::stage2) fields = object_to_stage1(config);
  if (config.stages != Stages::stage1) {
    for (const std::string& f : object_to_stage2(config.stage2)) fields.push_back(f);
  }
  if (config.stages == Stages::nested) {
    // IHI 0070 5.4, CD.AA64. A Mali has no stage 2.
    const Format s1 = config.stage1.format;
    const bool aarch32 = s1 == Format::lpae32 || s1 == Format::v7s;
    if (s1 == Format::mali_lpae || (config.stage2.format == Format::lpae32 && !aarch32)) {
      fields.push_back("stage1.format");
    }
  }
  return fields;
}

/// A kind of leaf: its level, log2 of its size, and log2 of the run that Mapping::contiguous makes of it
/// (v7s: of the supersection or large page).
struct LeafKind {
  int level;
  unsigned shift;
  unsigned run_shift;
};

/// What one tree of tables looks like.
struct TreeRules {
  unsigned input_bits = 0;
  unsigned output_bits = 0;  ///< that leaves can hold
  unsigned page_shift = 12;
  unsigned levels = 0;  ///< lookups of a page
  std::vector<LeafKind> leaves;
};

/// DDI 0487 D8.3 (blocks), D8.7 (contiguous runs). 52 bits fit 64 KiB descriptors with LPA, others with DS.
inline TreeRules long_rules(unsigned input_bits, int start_level, unsigned output_size, Granule granule,
                            bool DS, bool LPA) {
  TreeRules r;
  r.input_bits = input_bits;
  r.page_shift = static_cast<unsigned>(granule);
  r.levels = static_cast<unsigned>(4 - start_level);
  const bool wide = granule == Granule::size_64k ? LPA : DS;
  r.output_bits = wide || output_size < 48 ? output_size : 48;
  switch (granule) {
    case Granule::size_4k:
      r.leaves = {{3, 12, 16}, {2, 21, 25}, {1, 30, 34}};
      if (DS) r.leaves.push_back({0, 39, 39});
      break;
    case Granule::size_16k:
      r.leaves = {{3, 14, 21}, {2, 25, 30}};
      if (DS) r.leaves.push_back({1, 36, 36});
      break;
    case Granule::size_64k:
      r.leaves = {{3, 16, 21}, {2, 29, 34}};
      if (LPA) r.leaves.push_back({1, 42, 42});
      break;
  }
  while (r.leaves.back().level < start_level) r.leaves.pop_back();
  return r;
}

inline TreeRules rules_of_stage1(const Config& config, unsigned range) {
  const Stage1Config& s1 = config.stage1;
  const TableConfig& t = s1.tables[range];
  if (s1.format == Format::v7s) {
    TreeRules r;
    r.input_bits = 32;  // TTBR1 sees all bits, TTBR0 32-N
    if (range == 0) r.input_bits -= s1.v7s.N;
    r.output_bits = 32;
    r.levels = 2;
    r.leaves = {{2, 12, 16}, {1, 20, 24}};
    return r;
  }
  const bool vmsa64 = s1.format == Format::vmsa64;
  const Granule granule = vmsa64 ? t.granule : Granule::size_4k;
  const unsigned input_bits = (s1.format == Format::lpae32 ? 32U : 64U) - t.TxSZ;
  // The first level at which one table is enough
  const unsigned page = static_cast<unsigned>(granule);
  int start_level = 3;
  for (unsigned resolved = page + page - 3; resolved < input_bits; resolved += page - 3) --start_level;
  if (s1.format == Format::mali_lpae) start_level = 0;
  TreeRules r =
      long_rules(input_bits, start_level, s1.output_size, granule, vmsa64 && s1.DS, vmsa64 && s1.LPA);
  if (s1.format == Format::mali_lpae) {
    for (LeafKind& l : r.leaves) l.run_shift = l.shift;
  }
  return r;
}

inline TreeRules rules_of_stage2(const Stage2Config& s2) {
  const bool aarch32 = s2.format == Format::lpae32;
  return long_rules(static_cast<unsigned>((aarch32 ? 32 : 64) - s2.T0SZ), s2.start_level, s2.output_size,
                    aarch32 ? Granule::size_4k : s2.granule, !aarch32 && s2.DS, !aarch32 && s2.LPA);
}

}  // namespace smmuvp::pgtable::test
