#include "smmuvp/smmuv3testengine/attributes.h"

namespace smmuvp {

namespace {

enum SH : std::uint8_t { non_shareable = 0, outer = 2, inner = 3 };

// A MAIR nibble of Normal memory from an ACACHE value: bit 0 Write-Back, bit 1 cannot be missing, bit 2
// Read-Allocate, bit 3 Write-Allocate. What allocates nothing and is not 0b001x is no encoding.
std::optional<unsigned> normal_nibble(unsigned acache, bool transient) {
  if (acache == 2 || acache == 3) return 0b0100;  // a MAIR byte does not tell Bufferable from not
  if ((acache & 0b0010) == 0 || (acache & 0b1100) == 0) return std::nullopt;
  const unsigned allocate = (acache >> 1 & 2U) | acache >> 3;  // MAIR: bit 1 read, bit 0 write
  const bool write_back = (acache & 1U) != 0;
  if (transient) return (write_back ? 0b0100U : 0U) | allocate;
  return (write_back ? 0b1100U : 0b1000U) | allocate;
}

// Device memory as MAIR's dd: nGnRnE, nGnRE, nGRE, GRE. Gathering without Reordering is none of them; not to
// gather is always allowed.
std::uint8_t device_type(unsigned outer_acache, unsigned inner) {
  if (outer_acache == 0) return 0x00;
  const bool gathering = (inner & 8U) != 0;
  const bool reordering = (inner & 4U) != 0;
  if (!reordering) return 0x04;
  return gathering ? 0x0c : 0x08;
}

}  // namespace

std::optional<TestEngineAttributes> decode_test_engine_attributes(std::uint16_t half_word) {
  TestEngineAttributes a;
  a.instruction = (half_word & 1U << 10) != 0;
  a.non_secure = (half_word & 1U << 9) != 0;
  a.privileged = (half_word & 1U << 8) != 0;
  const unsigned outer_acache = half_word >> 4 & 0xfU;
  const unsigned inner_acache = half_word & 0xfU;
  if (outer_acache <= 1) {
    a.memory_type = device_type(outer_acache, inner_acache);
    a.shareability = SH::outer;  // whatever the field says
    return a;
  }
  const auto outer_nibble = normal_nibble(outer_acache, (half_word & 1U << 13) != 0);
  const auto inner_nibble = normal_nibble(inner_acache, (half_word & 1U << 12) != 0);
  if (!outer_nibble || !inner_nibble) return std::nullopt;
  a.memory_type = static_cast<std::uint8_t>(*outer_nibble << 4 | *inner_nibble);
  switch (half_word >> 14) {
    case 0:
      a.shareability = SH::non_shareable;
      return a;
    case 1:
      a.shareability = SH::inner;
      return a;
    case 2:
      a.shareability = SH::outer;
      return a;
    default:
      return std::nullopt;
  }
}

}  // namespace smmuvp
