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
/// Stage 2 MemAttr[3:0], as in STE.MemAttr and GBPA.MemAttr, to a MAIR byte with Read- and Write-Allocate.
/// Reserved encodings are Device-nGnRnE (IHI 0070 5.2, STE.MemAttr).
std::uint8_t mair_of_mem_attr(std::uint8_t mem_attr);
/// Replaces the hints of the cacheable levels. @param hints  the hint_ bits
std::uint8_t with_hints(std::uint8_t mair, std::uint8_t hints);
/// Gives each cacheable level the hints of that level of `from`; it keeps its own where `from` has none there
/// (IHI 0070 13.1.3).
std::uint8_t with_hints_of(std::uint8_t mair, std::uint8_t from);

}  // namespace smmuvp::smmu
