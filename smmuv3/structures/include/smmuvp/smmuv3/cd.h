// Context descriptors (IHI 0070 5.4).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/features.h"
#include "smmuvp/smmuv3/ste.h"

namespace smmuvp::smmuv3 {

constexpr unsigned cd_size = CD_structure.bytes;

/// A Context Descriptor, decoded for the StreamWorld of the STE through which it was found.
struct Cd {
  std::array<std::uint64_t, 8> words{};
  std::array<std::uint64_t, 8> ste_words{};
  Origin ste_origin;     ///< Ste::origin
  bool valid = false;    ///< V, and not ILLEGAL
  const char* why = "";  ///< what makes it invalid, for diagnostics
  bool A = false;
  bool R = false;
  bool S = false;
  std::uint8_t ASET = 0;
  std::uint16_t ASID = 0;
  /// Of accesses that it translates; with Ste::has_vms, PARTID is still to be looked up there.
  smmu::MpamLabel mpam;
  std::uint8_t virtual_PARTID = 0;  ///< its index in the VMS, then
  std::array<bool, 2> TBI{};
  pgtable::Config config;
  smmu::TranslationContext translation;

  /// @param ste  through which it was found: its StreamWorld is the CD's, its stage 2 takes part in
  ///             translations
  static Cd decode(const std::array<std::uint64_t, 8>& words, const Features& features, const Ste& ste = {});
  /// What it and its STE were decoded from only: whoever loads that decodes it again.
  void visit(Archive& archive);
  void decode_again(const Features& features) {
    *this = decode(words, features, Ste::decode(ste_words, features, ste_origin));
  }
};

}  // namespace smmuvp::smmuv3
