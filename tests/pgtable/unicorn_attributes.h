// What Unicorn makes of the memory attributes of two stages: as the architecture, but for three deviations.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/attributes.h"

namespace smmuvp::pgtable::test {

/// How often the deviations showed.
struct CombinationDeviations {
  std::uint64_t device_combination = 0;
  std::uint64_t transience_lost = 0;
  std::uint64_t reserved_MemAttr = 0;
};

/// The MAIR byte that Unicorn answers for stage 1's `s1` and the attributes of a stage 2 leaf, without FWB.
inline std::uint8_t unicorn_combination(std::uint8_t s1, Stage2Attributes stage2,
                                        CombinationDeviations& deviations) {
  const Attributes expected = combine({s1, Shareability::non_shareable}, stage2, false);
  const unsigned outer = stage2.MemAttr >> 2;
  const unsigned inner = stage2.MemAttr & 3;
  if ((s1 >> 4) == 0 || outer == 0) {
    // It compares the low nibbles, also where one of them is not a Device type.
    const unsigned low1 = s1 & 0xfU;
    const unsigned low2 = outer == 0 ? inner << 2 : (inner == 1 ? 0b0100U : inner << 2 | 3);
    unsigned device = 0xc;
    for (const unsigned type : {0x8U, 0x4U, 0x0U}) {
      if (low1 == type || low2 == type) device = type;
    }
    // A Device type of stage 1 that is reserved stays as it is in the architecture's result.
    if (expected.memory != device) ++deviations.device_combination;
    return static_cast<std::uint8_t>(device);
  }
  const unsigned combined = expected.memory;
  const unsigned first = s1;
  unsigned nibbles[2] = {combined >> 4, combined & 0xf};
  const unsigned stage1_nibbles[2] = {first >> 4, first & 0xf};
  const unsigned stage2_fields[2] = {outer, inner};
  for (unsigned i = 0; i < 2; ++i) {
    if (stage2_fields[i] == 0) {  // reserved: taken as Write-Back, not Non-cacheable
      if (nibbles[i] != stage1_nibbles[i]) ++deviations.reserved_MemAttr;
      nibbles[i] = stage1_nibbles[i];
    } else if (stage2_fields[i] == 2 && (stage1_nibbles[i] & 0xc) == 4 && stage1_nibbles[i] != 4) {
      ++deviations.transience_lost;  // transient Write-Back
      nibbles[i] = 0b1000 | (stage1_nibbles[i] & 3);
    }
  }
  return static_cast<std::uint8_t>(nibbles[0] << 4 | nibbles[1]);
}

}  // namespace smmuvp::pgtable::test
