#include "smmuvp/pgtable/attributes.h"

#include <algorithm>

namespace smmuvp::pgtable {
namespace {

// One nibble of a MAIR byte of Normal memory: 0b0100 is Non-cacheable, 0b00RW and 0b10RW are Write-Through
// (transient, non-transient), 0b01RW and 0b11RW Write-Back.
constexpr unsigned non_cacheable = 0b0100;
constexpr unsigned write_back_rw_allocate = 0b1111;

enum class Cacheability { non_cacheable, write_through, write_back };  // from the weakest

constexpr Cacheability cacheability(unsigned nibble) {
  if (nibble == non_cacheable) return Cacheability::non_cacheable;
  return (nibble & 0b0100) != 0 ? Cacheability::write_back : Cacheability::write_through;
}

// MemAttr[3:2] and MemAttr[1:0] of Normal memory without FWB: 0b01 Non-cacheable, 0b10 Write-Through, 0b11
// Write-Back; 0b00 is reserved for the inner one, and taken as Non-cacheable.
constexpr Cacheability stage2_cacheability(unsigned field) {
  if (field == 0b11) return Cacheability::write_back;
  return field == 0b10 ? Cacheability::write_through : Cacheability::non_cacheable;
}

// The weaker of both; allocation and transience are those of stage 1 (pseudocode S2CombineS1AttrHints).
constexpr unsigned weaker(unsigned stage1, Cacheability stage2) {
  const Cacheability c = std::min(cacheability(stage1), stage2);
  if (c == Cacheability::non_cacheable) return non_cacheable;
  return c == Cacheability::write_through ? stage1 & ~0b0100U : stage1 | 0b0100U;
}

// Device types in MAIR and MemAttr alike: 0 nGnRnE, 1 nGnRE, 2 nGRE, 3 GRE; the lower is the stricter.
constexpr std::uint8_t device(unsigned type) { return static_cast<std::uint8_t>(type << 2); }
constexpr unsigned device_type(std::uint8_t memory) { return (memory >> 2) & 3U; }

constexpr std::uint8_t normal(unsigned outer, unsigned inner) {
  return static_cast<std::uint8_t>(outer << 4 | inner);
}

std::uint8_t combine_weaker(std::uint8_t stage1, unsigned MemAttr) {
  const bool stage2_device = (MemAttr & 0b1100) == 0;
  if (stage2_device) {
    return device(is_device(stage1) ? std::min(device_type(stage1), MemAttr & 3) : MemAttr & 3);
  }
  if (is_device(stage1)) return stage1;
  return normal(weaker(stage1 >> 4U, stage2_cacheability(MemAttr >> 2)),
                weaker(stage1 & 0xfU, stage2_cacheability(MemAttr & 3)));
}

unsigned forced_write_back(unsigned stage1) {
  return cacheability(stage1) == Cacheability::non_cacheable ? write_back_rw_allocate : stage1 | 0b0100U;
}

// MemAttr[3] is RES0 with FWB.
std::uint8_t combine_fwb(std::uint8_t stage1, unsigned MemAttr) {
  if ((MemAttr & 0b0100) == 0) {
    return device(is_device(stage1) ? std::min(device_type(stage1), MemAttr & 3) : MemAttr & 3);
  }
  switch (MemAttr & 3) {
    case 0b11:  // as stage 1 says
      return stage1;
    case 0b10: {  // Write-Back, whatever stage 1 says
      if (is_device(stage1)) return normal(write_back_rw_allocate, write_back_rw_allocate);
      return normal(forced_write_back(stage1 >> 4U), forced_write_back(stage1 & 0xfU));
    }
    default:  // Non-cacheable, Device stays Device; 0b00 is reserved
      return is_device(stage1) ? stage1 : normal(non_cacheable, non_cacheable);
  }
}

// Pseudocode S2CombineS1Shareability: the wider of both.
Shareability wider(Shareability a, Shareability b) {
  if (a == Shareability::outer || b == Shareability::outer) return Shareability::outer;
  if (a == Shareability::inner || b == Shareability::inner) return Shareability::inner;
  return Shareability::non_shareable;
}

}  // namespace

Attributes combine(Attributes stage1, Stage2Attributes stage2, bool FWB) {
  Attributes result;
  result.memory =
      FWB ? combine_fwb(stage1.memory, stage2.MemAttr) : combine_weaker(stage1.memory, stage2.MemAttr);
  // What stage 1 says, not what takes effect: with FWB, Non-cacheable memory can become cacheable.
  result.SH = wider(stage1.SH, stage2.SH);
  return effective(result);
}

Attributes combine_for_table(Attributes stage1, Stage2Attributes stage2, bool FWB, bool PTWNNC) {
  constexpr std::uint8_t non_cacheable_memory = 0x44;
  const Attributes combined = combine(stage1, stage2, FWB);
  if (!PTWNNC || !is_device(combined.memory)) return combined;
  return effective({non_cacheable_memory, combined.SH});
}

Attributes with_allocation(Attributes attributes, std::uint8_t allocation) {
  if (is_device(attributes.memory)) return attributes;
  const unsigned fields[2] = {allocation & 3U, allocation >> 2U & 3U};  // RACFG, WACFG
  unsigned memory = attributes.memory;
  for (const unsigned level : {0U, 4U}) {
    if ((memory >> level & 0xfU) == non_cacheable) continue;
    for (const unsigned write : {0U, 1U}) {
      const unsigned hint = (write != 0 ? 0b0001U : 0b0010U) << level;
      if ((fields[write] & 2U) != 0) memory = fields[write] == 2U ? memory | hint : memory & ~hint;
    }
    // What does not allocate has no encoding as transient.
    if ((memory >> level & 0b0011U) == 0) memory |= 0b1000U << level;
  }
  attributes.memory = static_cast<std::uint8_t>(memory);
  return attributes;
}

}  // namespace smmuvp::pgtable
