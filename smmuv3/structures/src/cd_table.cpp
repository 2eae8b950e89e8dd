#include "smmuvp/smmuv3/cd_table.h"

#include <algorithm>

#include "smmuvp/smmuv3/cd_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr unsigned log2_cd = 6;
constexpr unsigned log2_l1cd = 3;
static_assert(CD_structure.bytes == 1U << log2_cd && L1CD_structure.bytes == 1U << log2_l1cd);

}  // namespace

CdTable CdTable::from_ste(std::uint64_t S1ContextPtr, std::uint8_t S1CDMax, std::uint8_t S1Fmt,
                          std::uint8_t S1DSS) {
  CdTable t;
  t.S1CDMax = S1CDMax;
  t.S1DSS = S1DSS;
  if (S1CDMax != 0) t.leaf_bits = S1Fmt == 1 ? 6 : S1Fmt == 2 ? 10 : 0;  // 0b11 behaves as 0b00
  // IHI 0070 5.2, STE.S1Fmt: bits below the size of the table are RES0; they are treated as zero, one of the
  // choices for those that are not.
  unsigned zero = S1CDMax + log2_cd;
  if (t.two_level()) {
    const unsigned indexes = S1CDMax > t.leaf_bits ? S1CDMax - t.leaf_bits : 0U;
    zero = std::max(6U, indexes + log2_l1cd);
  }
  t.base = S1ContextPtr & ~low_bits(zero);
  return t;
}

std::uint64_t CdTable::address(std::uint32_t index) const {
  if (two_level()) return base + (std::uint64_t{index >> leaf_bits} << log2_l1cd);
  return base + (std::uint64_t{index} << log2_cd);
}

bool cd_address(std::uint64_t l1cd, const CdTable& table, std::uint32_t index, unsigned address_bits,
                std::uint64_t& address) {
  if (!is_set(l1cd, L1CD_V)) return false;  // 5.3.1
  // 5.2, STE.S1Fmt: L2Ptr[15:12] are RES0 where level 2 tables have 64 KiB.
  const std::uint64_t table_at = get_address(l1cd, L1CD_L2Ptr) & ~low_bits(table.leaf_bits + log2_cd);
  // 3.4.3, for a physical address and an IPA alike; SMMUv3.0 may do so as well.
  if (table_at >> address_bits != 0) return false;
  address = table_at + ((index & low_bits(table.leaf_bits)) << log2_cd);
  return true;
}

ContextChoice ContextChoice::of(const CdTable& table, bool substream_valid, std::uint32_t substream_id) {
  // 5.2, STE.S1CDMax and S1DSS; the order is that of 7.3.22.
  if (substream_valid) {
    if (table.S1CDMax == 0 || substream_id >> table.S1CDMax != 0) return {Kind::bad_substream, 0};
    if (table.S1DSS == 2 && substream_id == 0) return {Kind::disabled, 0};
    return {Kind::cd, substream_id};
  }
  if (table.S1CDMax == 0 || table.S1DSS == 2) return {Kind::cd, 0};
  return {table.S1DSS == 1 ? Kind::bypass : Kind::disabled, 0};  // 0b11 behaves as 0b00
}

}  // namespace smmuvp::smmuv3
