// SPDX-License-Identifier: MIT
//
// Context Descriptor: IHI 0070 5.4.
#pragma once

#include "ste.h"

namespace naive_smmuv3 {

struct Cd {
  /// The fields of one half of the address space
  struct Half {
    unsigned TSZ = 0;
    unsigned TG = 0;  ///< TG0 or TG1, which differ in their encodings
    unsigned log2_granule = 0;
    unsigned SH = 0;
    bool EPD = false;
    bool TBI = false;
    bool HAD = false;
    bool E0PD = false;
    bool NSCFG = false;  ///< counts in Secure streams only
    uint64_t TTB = 0;    ///< as an address
    bool operator==(const Half&) const = default;
  };
  Half half[2];
  bool ENDI = false;
  bool V = false;
  unsigned IPS = 0;
  bool AFFD = false;
  bool WXN = false, UWXN = false, PAN = false, EPAN = false;
  bool AA64 = false;
  bool HD = false, HA = false;
  bool S = false, R = false, A = false;
  unsigned ASID = 0;
  bool DS = false;
  uint64_t MAIR = 0;
  unsigned PARTID = 0, PMG = 0;

  bool operator==(const Cd&) const = default;

  static Cd decode(const Features& features, const std::vector<uint8_t>& bytes);
};

/// CdIllegal(), 5.4.2; V == 0 counts as ILLEGAL.
bool cd_illegal(const Features& features, const Choices& choices, const Ste& ste, StreamWorld world,
                const Cd& cd);
/// log2 of the largest aligned part of a block of 2^shift bytes around the address that lies in the range of
/// one TTB. With VMSAv8-32 a block of TTB1 can begin in the range of TTB0, or the other way round.
unsigned within_range(const Cd& cd, StreamWorld world, uint64_t address, unsigned shift);
/// What the walker is told of stage 1. SIF is that of S_CR0, for a Secure stream.
void configure_stage1(const Features& features, StreamWorld world, const Cd& cd, naive::Space stream,
                      bool SIF, naive::Configuration& configuration);

}  // namespace naive_smmuv3
