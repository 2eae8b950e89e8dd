// Which formats and sizes of translation tables a configuration may select (IHI 0070 3.4, 5.2, 5.4).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// CD.TG0 or STE.S2TG. Empty: Reserved, or not supported by IDR5.
std::optional<pgtable::Granule> granule_by_tg0(std::uint64_t TG0, const Features& features);
/// CD.TG1, whose encoding is another.
std::optional<pgtable::Granule> granule_by_tg1(std::uint64_t TG1, const Features& features);

/// CD.IPS or STE.S2PS of VMSAv8-64, in bits, capped at OAS.
std::uint8_t output_size(std::uint64_t PS, const Features& features);

/// Whether CD.TxSZ is legal for VMSAv8-64 tables. @param DS  CD.DS, where it is not RES0
bool is_legal_txsz(unsigned TxSZ, pgtable::Granule granule, bool DS, const Features& features);
/// Likewise STE.S2T0SZ, whatever level walks start at.
bool is_legal_s2t0sz(unsigned S2T0SZ, pgtable::Granule granule, bool S2DS, const Features& features);

/// The level that STE.{S2SL0_2, S2SL0} select for VMSAv8-64 tables. Empty: Reserved.
/// @param S2DS  STE.S2DS, where it is not RES0
std::optional<std::int8_t> start_level(unsigned S2SL0_2, unsigned S2SL0, pgtable::Granule granule, bool S2DS,
                                       const Features& features);

/// Whether CD.TTBx or STE.S2TTB is beyond what its tables can address.
/// @param output_size  effective IPS or S2PS. @param DS  as above
bool is_beyond(std::uint64_t base, std::uint8_t output_size, pgtable::Granule granule, bool DS);

/// The bits that CD.TTBx and STE.S2TTB have without VMSAv9-128 tables.
std::uint64_t table_address_bits(const Features& features);

}  // namespace smmuvp::smmuv3
