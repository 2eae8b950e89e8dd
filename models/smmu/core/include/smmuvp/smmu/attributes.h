// Memory attributes: encodings and the replacements that both SMMUs make.
#pragma once

#include <cstdint>

#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Allocation hints of a memory type, as AccessExtension::allocation_hints has them.
constexpr std::uint8_t hint_read_allocate = 1;
constexpr std::uint8_t hint_write_allocate = 2;
constexpr std::uint8_t hint_transient = 4;

/// A MAIR byte whose reserved encodings are replaced by what they behave as (IHI 0070 5.4, MAIR0).
std::uint8_t normalised_mair(std::uint8_t mair);
bool is_device(std::uint8_t mair);
/// Normal, Non-cacheable at both levels.
bool is_non_cacheable(std::uint8_t mair);
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
/// IHI 0070 13.1.7: Device and Non-cacheable are Outer Shareable; reserved shareability is Non-shareable;
/// no-allocate types are not transient.
MemoryAttributes consistent(MemoryAttributes attributes);
/// Attributes of an SMMU-originated access, from cacheability fields as in CR1, STE.S1CIR and CD.IR0.
/// @param inner, outer  0 Non-cacheable, 1 Write-Back, 2 Write-Through, 3 what `three` says
/// @param three  MAIR nibble of code 3: Write-Back without Read-Allocate in an STE, without Write-Allocate in
/// a CD
MemoryAttributes structure_attributes(std::uint8_t inner, std::uint8_t outer, std::uint8_t sh,
                                      std::uint8_t three = 4);

}  // namespace smmuvp::smmu
