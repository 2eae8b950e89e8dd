// SPDX-License-Identifier: MIT
//
// Stream Table Entry: IHI 0070 5.2.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "attributes.h"

namespace naive_smmuv3 {

/// StreamWorld (3.3.3), which with the Security state of the STE is NS-EL1, NS-EL2 and NS-EL2-E2H, or Secure,
/// S-EL2, S-EL2-E2H and EL3.
enum class StreamWorld { el1, el2, el2_e2h, el3 };

/// The fields that matter without permission indirection or D128, as they stand in memory.
struct Ste {
  bool secure = false;  ///< of the Secure Stream table
  bool V = false;
  unsigned Config = 0;
  unsigned S1Fmt = 0;
  uint64_t S1ContextPtr = 0;  ///< as an address
  unsigned S1CDMax = 0;
  unsigned S1DSS = 0;
  bool S2FWB = false;
  bool S1STALLD = false;
  bool PPAR = false;
  unsigned EATS = 0;  ///< 0 where it is IGNORED for want of ATS, or RES0 in a Secure STE
  unsigned STRW = 0;
  unsigned MemAttr = 0;
  bool MTCFG = false;
  unsigned ALLOCCFG = 0;
  unsigned SHCFG = 0;
  unsigned NSCFG = 0;
  unsigned PRIVCFG = 0;
  unsigned INSTCFG = 0;
  unsigned S2VMID = 0;
  unsigned S2T0SZ = 0;
  unsigned S2SL0 = 0;
  unsigned S2SH0 = 0;
  unsigned S2TG = 0;
  unsigned S2PS = 0;
  bool S2AA64 = false;
  bool S2ENDI = false;
  bool S2AFFD = false;
  bool S2PTW = false;
  bool S2HD = false, S2HA = false;
  bool S2S = false, S2R = false;
  bool S2SL0_2 = false;
  bool S2DS = false;
  uint64_t S2TTB = 0;  ///< as an address
  bool S1MPAM = false, MPAM_NS = false;
  unsigned PARTID = 0, PMG = 0;
  uint64_t VMSPtr = 0;  ///< as an address
  // Of a Secure STE: the tables of the Secure IPA space, and where walks and outputs go
  unsigned S_S2T0SZ = 0;
  unsigned S_S2SL0 = 0;
  bool S_S2SL0_2 = false;
  unsigned S_S2TG = 0;
  uint64_t S_S2TTB = 0;  ///< as an address
  bool S2NSW = false, S2NSA = false, S2SW = false, S2SA = false;

  /// `bytes` are the 64 of the structure, from the Stream table of `stream`.
  static Ste decode(const Features& features, const std::vector<uint8_t>& bytes,
                    naive::Space stream = naive::Space::non_secure);

  [[nodiscard]] bool translates() const { return (Config & 0b100) != 0; }
  [[nodiscard]] bool stage1() const { return Config == 0b101 || Config == 0b111; }
  [[nodiscard]] bool stage2() const { return Config == 0b110 || Config == 0b111; }
  [[nodiscard]] Overrides overrides() const;
};

/// IgnoreSTESTRW(), 5.2.2
bool ignores_strw(const Features& features, const Ste& ste);
/// 5.2 STE.STRW
StreamWorld stream_world(const Features& features, const Ste& ste, bool E2H);
/// The VMID that translations of this STE are tagged with (5.2 S2VMID), if they are
std::optional<unsigned> vmid_tag(const Features& features, const Ste& ste);
/// Is the VMS in use? (5.2 VMSPtr)
bool vms_enabled(const Features& features, const Ste& ste);
/// Are there several CDs behind S1ContextPtr? (5.2 S1CDMax)
bool substreams_enabled(const Features& features, const Ste& ste);
/// SteIllegal(), 5.2.2; V == 0 counts as ILLEGAL.
bool ste_illegal(const Features& features, const Choices& choices, const Ste& ste);
/// EATS 0b00, 0b01 or 0b10 (5.2)
unsigned effective_eats(const Ste& ste, bool ATSCHK);
/// What the walker is told of stage 2.
void configure_stage2(const Features& features, const Ste& ste, naive::Configuration& configuration);
/// The parts of the walker's configuration that concern no stage.
naive::Configuration walker(const Features& features, const Choices& choices);

}  // namespace naive_smmuv3
