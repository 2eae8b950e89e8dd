#include "smmuvp/smmu/attributes.h"

#include "smmuvp/pgtable/attributes.h"

namespace smmuvp::smmu {

using pgtable::is_device;

namespace {

// A nibble of a Normal MAIR byte: 0b00RW Write-Through transient, 0b0100 Non-cacheable, 0b01RW Write-Back
// transient, 0b10RW Write-Through, 0b11RW Write-Back.
constexpr bool cacheable(unsigned nibble) { return nibble != 4; }
constexpr bool transient(unsigned nibble) { return nibble < 8 && nibble != 4; }

std::uint8_t nibble_hints(unsigned nibble) {
  if (!cacheable(nibble)) return 0;
  std::uint8_t hints = 0;
  if ((nibble & 2U) != 0) hints |= hint_read_allocate;
  if ((nibble & 1U) != 0) hints |= hint_write_allocate;
  if (transient(nibble) && hints != 0) hints |= hint_transient;
  return hints;
}

unsigned nibble_with_hints(unsigned nibble, std::uint8_t hints) {
  if (!cacheable(nibble)) return nibble;
  const bool write_back = transient(nibble) ? nibble > 4 : nibble >= 12;
  const unsigned rw = (hints & hint_read_allocate) != 0 ? 2U : 0U;
  const unsigned allocate = rw | ((hints & hint_write_allocate) != 0 ? 1U : 0U);
  // A type without allocation has no transient form (13.1.7), nor an encoding for it.
  if ((hints & hint_transient) != 0 && allocate != 0) return (write_back ? 4U : 0U) | allocate;
  return (write_back ? 12U : 8U) | allocate;
}

}  // namespace

std::uint8_t allocation_hints(std::uint8_t mair) { return is_device(mair) ? 0 : nibble_hints(mair >> 4U); }

std::uint8_t mair_of_mem_attr(std::uint8_t mem_attr) {
  const unsigned outer = (mem_attr >> 2U) & 3U;
  const unsigned inner = mem_attr & 3U;
  if (outer == 0) return static_cast<std::uint8_t>(inner << 2U);  // Device, nGnRnE to GRE
  if (inner == 0) return 0;                                       // Reserved
  constexpr unsigned nibble[4] = {0, 4, 0xb, 0xf};  // -, Non-cacheable, Write-Through, Write-Back
  return static_cast<std::uint8_t>(nibble[outer] << 4U | nibble[inner]);
}

std::uint8_t with_hints(std::uint8_t mair, std::uint8_t hints) {
  if (is_device(mair)) return mair;
  return static_cast<std::uint8_t>(nibble_with_hints(mair >> 4U, hints) << 4U |
                                   nibble_with_hints(mair & 0xfU, hints));
}

std::uint8_t with_hints_of(std::uint8_t mair, std::uint8_t from) {
  if (is_device(mair) || is_device(from)) return mair;
  const auto level = [&](unsigned shift) {
    const unsigned own = (mair >> shift) & 0xfU;
    const unsigned other = (from >> shift) & 0xfU;
    return (cacheable(other) ? nibble_with_hints(own, nibble_hints(other)) : own) << shift;
  };
  return static_cast<std::uint8_t>(level(4) | level(0));
}

std::uint8_t combine_hints(std::uint8_t mair, std::uint8_t input) {
  if (is_device(mair) || is_device(input)) return mair;
  const auto level = [&](unsigned shift) {
    const unsigned own = (mair >> shift) & 0xfU;
    const unsigned other = (input >> shift) & 0xfU;
    if (!cacheable(own) || !cacheable(other)) return own << shift;
    const std::uint8_t a = nibble_hints(own);
    const std::uint8_t b = nibble_hints(other);
    return nibble_with_hints(
               own, static_cast<std::uint8_t>((a & b & ~hint_transient) | ((a | b) & hint_transient)))
           << shift;
  };
  return static_cast<std::uint8_t>(level(4) | level(0));
}

}  // namespace smmuvp::smmu
