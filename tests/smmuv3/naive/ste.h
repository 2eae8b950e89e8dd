// SPDX-License-Identifier: MIT
//
// Stream Table Entry: IHI 0070 5.2.
#pragma once

#include <cstdint>
#include <vector>

#include "attributes.h"

namespace naive_smmuv3 {

/// StreamWorld of a Non-secure STE (3.3.3).
enum class StreamWorld { el1, el2, el2_e2h };

/// The fields that matter to a Non-secure stream without ATS, MPAM, permission indirection or D128, as they
/// stand in memory.
struct Ste {
  bool V = false;
  unsigned Config = 0;
  unsigned S1Fmt = 0;
  uint64_t S1ContextPtr = 0;  ///< as an address
  unsigned S1CDMax = 0;
  unsigned S1DSS = 0;
  bool S2FWB = false;
  bool S1STALLD = false;
  unsigned STRW = 0;
  unsigned MemAttr = 0;
  bool MTCFG = false;
  unsigned ALLOCCFG = 0;
  unsigned SHCFG = 0;
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

  /// `bytes` are the 64 of the structure.
  static Ste decode(const Features& features, const std::vector<uint8_t>& bytes);

  [[nodiscard]] bool translates() const { return (Config & 0b100) != 0; }
  [[nodiscard]] bool stage1() const { return Config == 0b101 || Config == 0b111; }
  [[nodiscard]] bool stage2() const { return Config == 0b110 || Config == 0b111; }
  [[nodiscard]] Overrides overrides() const;
};

/// IgnoreSTESTRW(), 5.2.2
bool ignores_strw(const Features& features, const Ste& ste);
/// 5.2 STE.STRW
StreamWorld stream_world(const Features& features, const Ste& ste, bool E2H);
/// Are there several CDs behind S1ContextPtr? (5.2 S1CDMax)
bool substreams_enabled(const Features& features, const Ste& ste);
/// SteIllegal(), 5.2.2; V == 0 counts as ILLEGAL.
bool ste_illegal(const Features& features, const Choices& choices, const Ste& ste);
/// What the walker is told of stage 2.
void configure_stage2(const Features& features, const Ste& ste, naive::Configuration& configuration);
/// The parts of the walker's configuration that concern no stage.
naive::Configuration walker(const Features& features, const Choices& choices);

}  // namespace naive_smmuv3
