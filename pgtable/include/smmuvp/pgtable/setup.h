// A Config, checked and digested once: what walks start from.
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/pgtable/config.h"

namespace smmuvp::pgtable {
namespace detail {

/// How the descriptors of one table tree are looked up. All Long-descriptor formats and both stages differ in
/// this data only.
struct Lookup {
  std::uint64_t base = 0;          // first table, aligned
  std::uint64_t address_mask = 0;  // descriptor bits that are address bits where they stand
  std::uint64_t high_mask = 0;     // descriptor bits that are address bits high_shift places up
  std::uint64_t kinds = 0;  // see make_kinds(); two bits for each level and value of descriptor bits [1:0]
  std::uint8_t high_shift = 0;
  std::uint8_t granule_shift = 12;
  std::uint8_t stride = 9;  // input bits resolved by a table
  std::uint8_t input_bits = 0;
  std::uint8_t first_index_bits = 0;  // input bits resolved by the first table
  std::uint8_t output_size = 0;
  std::int8_t start_level = 0;
  std::int8_t input_fault_level = 0;  // of a fault of the input address
  std::array<std::uint8_t, 4> contiguous =
      {};  // by level: log2 of the entries of a contiguous range; 0: none
  Format format = Format::vmsa64;
  WalkAttributes walk_attributes;
  Attributes memory;  // of the table accesses: walk_attributes as a MAIR byte
  bool base_beyond_output = false;
  bool big_endian = false;
  bool AFFD = false;
  bool HA = false;
  bool HD = false;
  bool DS = false;
  // stage 1
  bool EPD = true;
  bool TBI = false;
  bool HPD = false;
  bool E0PD = false;
  bool NS = false;
  // stage 2
  bool PTW = false;
  bool PTWNNC = false;
  bool FWB = false;
  bool XNX = false;
  bool SMMUv2 = false;
  AddressSpace table_space = AddressSpace::non_secure;   // of its tables
  AddressSpace output_space = AddressSpace::non_secure;  // of what it gives
};

/// What both ranges of stage 1 share.
struct Stage1Rules {
  std::uint64_t mair = 0;  // values that are not Reserved
  AddressSpace space = AddressSpace::non_secure;
  bool unprivileged = true;  // the regime has unprivileged accesses
  bool wxn = false;
  bool uwxn = false;
  bool pan = false;
  bool epan = false;
  bool sif = false;
};

}  // namespace detail

/// What walks of one Config start from: validate() and all that can be computed without an address are done.
/// For whoever walks with a Config more than once. Default constructed it refuses every walk.
class WalkSetup {
 public:
  WalkSetup() = default;
  explicit WalkSetup(const Config& config);

  /// Whether is_walkable() was true.
  bool ok() const { return m_ok; }

  /// Whether walks of both go the same way, for any address.
  friend bool operator==(const WalkSetup& a, const WalkSetup& b);

  /// Saves or restores it, to be compared: not for walks. Defined in walk_visit.h.
  template <class Archive>
  void visit(Archive& archive);

 private:
  friend class Walk;
  friend class Builder;

  bool m_ok = false;
  Stages m_stages = Stages::stage1;
  bool m_two_ranges = true;
  detail::Stage1Rules m_rules;
  V7sConfig m_v7s;
  std::array<std::uint8_t, 2> m_txsz = {};  // lpae32: both take part in choosing the range
  std::array<detail::Lookup, 2> m_stage1;
  detail::Lookup m_stage2;         // of Non-secure IPAs
  detail::Lookup m_secure_stage2;  // of Secure IPAs
};

}  // namespace smmuvp::pgtable
