#include "descriptor_words.h"

namespace smmuvp::checker {

namespace {

// Stage 1: AttrIndx [4:2], SH [9:8]. Stage 2: MemAttr [5:2], SH.
constexpr std::uint64_t attributes_of_stage1 = 0x31c;
constexpr std::uint64_t attributes_of_stage2 = 0x33c;

}  // namespace

std::optional<RuleId> needs_break(std::uint64_t before, std::uint64_t after, unsigned stage, unsigned level,
                                  unsigned bbml) {
  const bool table = is_table(before, level);
  if (table != is_table(after, level)) return bbml == 0 ? std::optional(RuleId::bbm_size) : std::nullopt;
  if (address_of(before) != address_of(after)) return RuleId::bbm_address;
  if (table) return std::nullopt;
  const std::uint64_t differs = before ^ after;
  if ((differs & contiguous_bit) != 0 && bbml == 0) return RuleId::bbm_contiguous;
  if ((differs & (stage == 1 ? attributes_of_stage1 : attributes_of_stage2)) != 0)
    return RuleId::bbm_attributes;
  return std::nullopt;
}

}  // namespace smmuvp::checker
