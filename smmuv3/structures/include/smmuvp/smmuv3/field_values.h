// Encodings that several structures share.
#pragma once

#include "smmuvp/base/fields.h"

namespace smmuvp::smmuv3 {

/// Cacheability of accesses to translation tables.
inline constexpr FieldValue walk_cacheability[] = {
    {0, "Non-cacheable"},
    {1, "Write-Back, Read-Allocate, Write-Allocate"},
    {2, "Write-Through, Read-Allocate"},
    {3, "Write-Back, Read-Allocate, no Write-Allocate"},
};
/// Cacheability of accesses to Context Descriptors.
inline constexpr FieldValue cd_cacheability[] = {
    {0, "Non-cacheable"},
    {1, "Write-Back, Read-Allocate"},
    {2, "Write-Through, Read-Allocate"},
    {3, "Write-Back, no Read-Allocate"},
};
inline constexpr FieldValue shareability_values[] = {
    {0, "Non-shareable"},
    {1, "Reserved, behaves as 0b00", true},
    {2, "Outer Shareable"},
    {3, "Inner Shareable"},
};
/// TG0, S2TG; TG1 is encoded differently.
inline constexpr FieldValue granule_values[] = {
    {0, "4 KiB granule"},
    {1, "64 KiB granule"},
    {2, "16 KiB granule"},
};
/// IPS, S2PS.
inline constexpr FieldValue address_size_values[] = {
    {0, "32 bits"}, {1, "36 bits"}, {2, "40 bits"}, {3, "42 bits"},
    {4, "44 bits"}, {5, "48 bits"}, {6, "52 bits"}, {7, "56 bits; before SMMUv3.4 as 0b110"},
};
inline constexpr FieldValue skip_level_values[] = {
    {0, "skip no level"}, {1, "skip 1 level"}, {2, "skip 2 levels"}, {3, "skip 3 levels"}};
inline constexpr FieldValue endianness_values[] = {{0, "little-endian tables"}, {1, "big-endian tables"}};
inline constexpr FieldValue table_format_values[] = {
    {0, "VMSAv8-32 LPAE tables, or VMSAv9-128 with SMMU_IDR5.D128"}, {1, "VMSAv8-64 tables"}};

}  // namespace smmuvp::smmuv3
