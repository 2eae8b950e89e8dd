// Allocation hints of memory attributes, and the overrides that both SMMUs have. What attributes mean is in
// pgtable/attributes.h.
#pragma once

#include <cstdint>

namespace smmuvp::smmu {

/// Allocation hints of a memory type, as AccessExtension::allocation_hints has them.
constexpr std::uint8_t hint_read_allocate = 1;
constexpr std::uint8_t hint_write_allocate = 2;
constexpr std::uint8_t hint_transient = 4;

/// Hints of the outer level; 0 for types that have none.
std::uint8_t allocation_hints(std::uint8_t mair);
/// MemAttr[3:0] as stage 2 and the configuration of a stream have it, to a MAIR byte with Read- and
/// Write-Allocate. Reserved encodings are Device-nGnRnE (IHI 0070 5.2, IHI 0062 9.4).
std::uint8_t mair_of_mem_attr(std::uint8_t mem_attr);
/// Replaces the hints of the cacheable levels. @param hints  the hint_ bits
std::uint8_t with_hints(std::uint8_t mair, std::uint8_t hints);
/// Gives each cacheable level the hints of that level of `from`; it keeps its own where `from` has none there
/// (IHI 0070 13.1.3, IHI 0062 2.4.2).
std::uint8_t with_hints_of(std::uint8_t mair, std::uint8_t from);
/// Combines the hints of each level that is cacheable in both: not to allocate, and transient, are the
/// stronger ones (IHI 0070 13.1.5, 13.4.2; IHI 0062 has no such rule).
std::uint8_t combine_hints(std::uint8_t mair, std::uint8_t input);

}  // namespace smmuvp::smmu
