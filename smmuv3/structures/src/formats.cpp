#include "formats.h"

#include <algorithm>

#include "smmuvp/base/fields.h"

namespace smmuvp::smmuv3 {

namespace {

using pgtable::Granule;

std::optional<Granule> if_supported(Granule granule, const Features& f) {
  const bool supported = granule == Granule::size_4k    ? f.GRAN4K
                         : granule == Granule::size_16k ? f.GRAN16K
                                                        : f.GRAN64K;
  return supported ? std::optional(granule) : std::nullopt;
}

// IDR3.STT
unsigned most_txsz(Granule granule, const Features& f) {
  if (!f.STT) return 39;
  return granule == Granule::size_64k ? 47 : 48;
}

}  // namespace

std::optional<Granule> granule_by_tg0(std::uint64_t TG0, const Features& features) {
  switch (TG0) {
    case 0:
      return if_supported(Granule::size_4k, features);
    case 1:
      return if_supported(Granule::size_64k, features);
    case 2:
      return if_supported(Granule::size_16k, features);
    default:
      return std::nullopt;
  }
}

std::optional<Granule> granule_by_tg1(std::uint64_t TG1, const Features& features) {
  switch (TG1) {
    case 1:
      return if_supported(Granule::size_16k, features);
    case 2:
      return if_supported(Granule::size_4k, features);
    case 3:
      return if_supported(Granule::size_64k, features);
    default:
      return std::nullopt;
  }
}

// SMMUv3.1: 0b110 is 52 bits, and before 3.4 0b111 behaves as 0b110. 56 bits are beyond any OAS here.
std::uint8_t output_size(std::uint64_t PS, const Features& features) {
  constexpr std::uint8_t sizes[8] = {32, 36, 40, 42, 44, 48, 52, 52};
  return std::min(sizes[PS & 7], features.OAS);
}

// 5.4.2, CDTxSZInvalid. SMMUv3.0 may treat values that are out of range as ILLEGAL as well.
bool is_legal_txsz(unsigned TxSZ, Granule granule, bool DS, const Features& f) {
  const bool large = f.VAX != 0 && (granule == Granule::size_64k || DS);
  return TxSZ >= (large ? 12U : 16U) && TxSZ <= most_txsz(granule, f);
}

// 5.2.2, STES2T0SZInvalid; likewise.
bool is_legal_s2t0sz(unsigned S2T0SZ, Granule granule, bool S2DS, const Features& f) {
  const unsigned of_ias = 64 - f.ias();
  const unsigned of_granule = granule == Granule::size_64k || S2DS ? 12 : 16;
  const unsigned least = f.version() >= 1 ? std::max(of_granule, of_ias) : of_ias;
  return S2T0SZ >= least && S2T0SZ <= most_txsz(granule, f);
}

// VTCR_EL2.{SL2, SL0} (DDI 0487 D8.2; pseudocode AArch64.S2InvalidSL): the levels that only large inputs need
// are Reserved where physical addresses are smaller.
std::optional<std::int8_t> start_level(unsigned S2SL0_2, unsigned S2SL0, Granule granule, bool S2DS,
                                       const Features& f) {
  const auto level_if = [](bool condition, int level) {
    return condition ? std::optional(static_cast<std::int8_t>(level)) : std::nullopt;
  };
  if (granule != Granule::size_4k) {
    const bool large = granule == Granule::size_64k;
    if (S2SL0 == 3) return level_if(!large && S2DS && f.OAS == 52, 0);
    if (S2SL0 == 2) return level_if(f.OAS >= (large ? 44 : 42), 1);
    return level_if(true, 3 - static_cast<int>(S2SL0));
  }
  if (S2DS && S2SL0_2 != 0) return level_if(S2SL0 == 0 && f.OAS == 52, -1);
  if (S2SL0 == 3) return level_if(f.STT, 3);
  if (S2SL0 == 2) return level_if(f.OAS >= 44, 0);
  return level_if(true, 2 - static_cast<int>(S2SL0));
}

// 5.4.2, CDTTBxOutOfRange; 5.2.2, STES2TTBOutOfRange.
bool is_beyond(std::uint64_t base, std::uint8_t output_size, Granule granule, bool DS) {
  const unsigned of_format = granule == Granule::size_64k || DS ? 52 : 48;
  return base >> std::min<unsigned>(output_size, of_format) != 0;
}

// Bits [51:4] in SMMUv3.1 and [47:4] in 3.0; those above are RES0.
std::uint64_t table_address_bits(const Features& features) {
  return low_bits(features.version() >= 1 ? 52 : 48);
}

}  // namespace smmuvp::smmuv3
