#include "structure_rules.h"

#include "smmuvp/base/fields.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/ste_fields.h"

namespace smmuvp::checker {

namespace {

const StructureInfo& info_of(Look::Kind kind) {
  switch (kind) {
    case Look::Kind::L1STD:
      return smmuv3::L1STD_structure;
    case Look::Kind::STE:
      return smmuv3::STE_structure;
    case Look::Kind::L1CD:
      return smmuv3::L1CD_structure;
    default:
      return smmuv3::CD_structure;
  }
}

StructureWords fields_mask(const StructureInfo& info) {
  StructureWords mask{};
  for (const Field* f : info.fields) {
    for (unsigned bit = f->low; bit <= f->high; ++bit) mask[bit / 64] |= std::uint64_t{1} << (bit % 64);
  }
  return mask;
}

}  // namespace

bool is_valid(Look::Kind kind, std::uint64_t word0) {
  if (kind == Look::Kind::CD) return (word0 >> smmuv3::CD_V.low & 1) != 0;
  if (kind == Look::Kind::L1STD) return get(word0, smmuv3::L1STD_Span) != 0;
  return (word0 & 1) != 0;
}

std::uint64_t used_bits(Look::Kind kind, const StructureWords& words, unsigned word) {
  constexpr std::uint64_t all = ~std::uint64_t{0};
  if (!is_valid(kind, words[0])) return word == 0 ? std::uint64_t{1} << (kind == Look::Kind::CD ? 31 : 0) : 0;
  if (kind == Look::Kind::CD) {
    if (word == 1) return is_set(words, smmuv3::CD_EPD0) ? 0 : all;
    if (word == 2) return is_set(words, smmuv3::CD_EPD1) ? 0 : all;
    return all;
  }
  if (kind != Look::Kind::STE) return all;
  const std::uint64_t config = get(words, smmuv3::STE_Config);
  const bool stage1 = (config & 5) == 5;
  const bool stage2 = (config & 6) == 6;
  if (word == 0) return stage1 ? all : low_bits(4);  // V and Config
  if ((config & 4) == 0) return 0;                   // abort
  if (word == 1) return all;
  if (word == 2) return stage2 ? all : stage1 ? low_bits(16) : 0;  // S2VMID tags stage 1, too
  return stage2 ? all : 0;
}

ReservedBits reserved_bits(Look::Kind kind, const StructureWords& words, unsigned count) {
  const StructureWords mask = fields_mask(info_of(kind));
  for (unsigned i = 0; i < count; ++i) {
    if ((words[i] & ~mask[i]) != 0) return {i, words[i] & ~mask[i]};
  }
  return {};
}

}  // namespace smmuvp::checker
