// Stream table: level 1 descriptors and entries (IHI 0070 5.1, 5.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmuv3/cd_table.h"
#include "smmuvp/smmuv3/features.h"
#include "smmuvp/smmuv3/mpam.h"
#include "smmuvp/smmuv3/ste_fields.h"

namespace smmuvp::smmuv3 {

constexpr unsigned ste_size = STE_structure.bytes;

/// STRTAB_BASE and STRTAB_BASE_CFG, decoded.
struct StreamTable {
  std::uint64_t base = 0;
  std::uint8_t LOG2SIZE = 0;  ///< effective: capped at SIDSIZE or S_SIDSIZE
  bool two_level = false;
  std::uint8_t SPLIT = 6;

  static StreamTable from_registers(std::uint64_t BASE, std::uint32_t CFG, const Features& features,
                                    SecSid sec_sid = SecSid::non_secure);
  /// StreamID >= 2^LOG2SIZE is out of range.
  bool in_range(std::uint32_t stream_id) const { return (std::uint64_t{stream_id} >> LOG2SIZE) == 0; }
  /// Linear: of the STE. Two levels: of the L1STD.
  std::uint64_t address(std::uint32_t stream_id) const;
  /// Fails on what no register describes.
  void visit(Archive& archive);
};

/// L1STD: where the STE of a stream lies. @return false: the StreamID is invalid (C_BAD_STREAMID).
bool ste_address(std::uint64_t l1std, const StreamTable& table, std::uint32_t stream_id,
                 std::uint64_t& address);

/// L1STD: log2 of the STEs that it leads to, where ste_address() finds one.
std::uint8_t level2_bits(std::uint64_t l1std);

/// Overrides of incoming attributes; STE and GBPA have the same fields.
struct Overrides {
  std::uint8_t MemAttr = 0;
  bool MTCFG = false;
  std::uint8_t ALLOCCFG = 0;
  std::uint8_t SHCFG = 1;  ///< 1 uses the incoming shareability
  std::uint8_t PRIVCFG = 0;
  std::uint8_t INSTCFG = 0;
  std::uint8_t NSCFG = 0;        ///< of Secure streams, where stage 1 does not translate
  bool data_privileged = false;  ///< from SMMUv3.4 on: what leaves the SMMU is Data, Privileged (13.1.2)

  static Overrides from_gbpa(std::uint32_t GBPA, const Features& features);
  /// The space that a Secure stream's access asks for.
  smmu::AddressSpace space(smmu::AddressSpace incoming) const {
    const bool secure = NSCFG >= 2 ? NSCFG == 2 : incoming == smmu::AddressSpace::secure;
    return secure ? smmu::AddressSpace::secure : smmu::AddressSpace::non_secure;
  }
  smmu::AttributeRule privileged() const;
  /// Writes and atomics are Data whatever INSTCFG says (13.1.2).
  smmu::AttributeRule instruction() const;
  /// Memory type, shareability and hints after the overrides, made consistent (13.1.7).
  pgtable::Attributes attributes(const pgtable::Attributes& incoming) const;
  /// Whether accesses of default attributes have other hints after the overrides.
  bool changes_hints() const { return MTCFG || (ALLOCCFG & 8U) != 0; }
  /// How an answer judges accesses, and what they are downstream.
  void finish(smmu::FinishedAnswer& answer) const;
  void visit(Archive& archive);
};

/// The attributes of stage 1 with its allocation hints combined with those of the input, the overrides
/// included (13.4.2).
inline pgtable::Attributes with_input_hints(pgtable::Attributes stage1, const pgtable::Attributes& input) {
  stage1.memory = smmu::combine_hints(stage1.memory, input.memory);
  return stage1;
}

/// How an access passes that is not translated.
/// @param space  where to: of a Non-secure stream always Non-secure PA space (13.4.4)
inline smmu::FinishedAnswer bypass_answer(const Overrides& overrides, const pgtable::Attributes& incoming,
                                          smmu::AddressSpace space = smmu::AddressSpace::non_secure) {
  smmu::FinishedAnswer answer;
  answer.space = space;
  answer.translated = false;
  answer.rights.bits = pgtable::Rights::all;
  answer.attributes = overrides.attributes(incoming);
  answer.of_default_attributes = true;
  overrides.finish(answer);
  return answer;
}

void visit(Archive& archive, Origin& origin);

/// A Stream Table Entry.
struct Ste {
  std::array<std::uint64_t, 8> words{};
  bool valid = false;    ///< V, and not ILLEGAL
  const char* why = "";  ///< what makes it invalid, for diagnostics
  Origin origin;         ///< whose Stream table it is of
  std::uint8_t Config = 0;
  std::uint8_t CONT = 0;  ///< log2 of the neighbouring STEs that are the same
  StreamWorld world = StreamWorld::NS_EL1;
  CdTable cds;                        ///< of stage1_enabled()
  pgtable::Attributes cd_attributes;  ///< S1CIR, S1COR, S1CSH
  Overrides overrides;
  /// Of TLB entries: S2VMID, or 0 where it is IGNORED and nothing is tagged by VMID.
  std::uint16_t vmid = 0;
  std::uint8_t EATS = 0;  ///< effective but for CR0.ATSCHK: 0 where it is IGNORED or Reserved
  bool MEV = false;
  bool S2R = false;
  bool S2S = false;
  bool S1MPAM = false;                        ///< of stage1_enabled(): PARTID and PMG come from CDs
  bool has_vms = false;                       ///< their PARTIDs are those of a guest, and a VMS maps them
  std::uint64_t VMSPtr = 0;                   ///< of has_vms
  MpamSpace mpam_space;                       ///< by MPAM_NS
  smmu::MpamLabel mpam;                       ///< PARTID and PMG
  pgtable::Stage2Config stage2;               ///< of stage2_enabled()
  pgtable::SecureStage2Config secure_stage2;  ///< likewise, of a Secure STE
  smmu::TranslationContext translation;       ///< stage 2 alone: of IPAs, and of the addresses of CDs

  static Ste decode(const std::array<std::uint64_t, 8>& words, const Features& features,
                    const Origin& origin = {});
  /// Of a Non-secure STE. @param E2H  CR2.E2H
  static Ste decode(const std::array<std::uint64_t, 8>& words, const Features& features, bool E2H) {
    return decode(words, features, Origin{SecSid::non_secure, E2H, false, false});
  }
  /// The PA space of what it and its stream's Security state own: tables of CDs, and without stage 2 tables
  /// of stage 1 (3.10.2.1).
  smmu::AddressSpace space() const {
    return origin.secure() ? smmu::AddressSpace::secure : smmu::AddressSpace::non_secure;
  }
  /// What stage 2 alone is walked with.
  pgtable::Config stage2_config() const;
  bool aborts() const { return (Config & 4U) == 0; }  ///< 0b0xx: abort, no event
  /// What EATS comes to: 0 none, 1 full ATS, 2 split-stage ATS.
  std::uint8_t ats(bool ATSCHK) const { return EATS == 2 && !ATSCHK ? std::uint8_t{0} : EATS; }
  bool stage1_enabled() const { return (Config & 5U) == 5U; }
  bool stage2_enabled() const { return (Config & 6U) == 6U; }
  /// The VMID that translations are tagged with; none where they have no VMID (5.2, S2VMID).
  std::optional<std::uint16_t> vmid_tag() const {
    const bool tagged = world == StreamWorld::NS_EL1 || world == StreamWorld::Secure;
    if (!tagged || !(stage1_enabled() || stage2_enabled())) return std::nullopt;
    return vmid;
  }
  /// What an access goes on with, if it does not abort.
  ContextChoice choose(bool substream_valid, std::uint32_t substream_id) const;
  /// What it was decoded from only: whoever loads that decodes it again.
  void visit(Archive& archive);
  void decode_again(const Features& features) { *this = decode(words, features, origin); }

 private:
  const char* decode_mpam(const Features& features);
  const char* decode_ats(const Features& features);
  const char* decode_world(const Features& features);
  const char* decode_cds(const Features& features);
  const char* decode_stage2(const Features& features);
  const char* decode_stage2_64(const Features& features);
  const char* decode_stage2_32(const Features& features);
  const char* decode_secure_stage2(const Features& features);
};

}  // namespace smmuvp::smmuv3
