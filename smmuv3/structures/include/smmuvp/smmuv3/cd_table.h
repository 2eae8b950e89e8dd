// Where the CDs of a stream lie, and which of them an access uses (IHI 0070 5.2, 5.3).
#pragma once

#include <cstdint>

namespace smmuvp::smmuv3 {

/// STE.S1ContextPtr with the fields that say what is there: effective values, of an STE that enables stage 1.
struct CdTable {
  std::uint64_t base = 0;      ///< aligned to the size of the table that it points to
  std::uint8_t S1CDMax = 0;    ///< log2 of the CDs; 0: one CD, and no substreams
  std::uint8_t leaf_bits = 0;  ///< SubstreamID bits that index a level 2 table; 0: the table is linear
  std::uint8_t S1DSS = 0;      ///< what becomes of accesses without a SubstreamID, with S1CDMax of 1 or more

  static CdTable from_ste(std::uint64_t S1ContextPtr, std::uint8_t S1CDMax, std::uint8_t S1Fmt,
                          std::uint8_t S1DSS);
  bool two_level() const { return leaf_bits != 0; }
  /// Linear: of the CD. Two levels: of its L1CD.
  std::uint64_t address(std::uint32_t index) const;
};

/// L1CD: where the CD of an index lies, a physical address or an IPA.
/// @param address_bits  of such addresses
/// @return false: it leads nowhere (C_BAD_SUBSTREAMID).
bool cd_address(std::uint64_t l1cd, const CdTable& table, std::uint32_t index, unsigned address_bits,
                std::uint64_t& address);

/// What an access goes on with when its STE is known.
struct ContextChoice {
  enum class Kind : std::uint8_t {
    bypass,         ///< stage 1 bypasses
    cd,             ///< stage 1 translates by the CD of `index`
    bad_substream,  ///< C_BAD_SUBSTREAMID
    disabled,       ///< F_STREAM_DISABLED
  };
  Kind kind = Kind::bypass;
  std::uint32_t index = 0;

  /// Of an STE that enables stage 1.
  static ContextChoice of(const CdTable& table, bool substream_valid, std::uint32_t substream_id);
};

}  // namespace smmuvp::smmuv3
