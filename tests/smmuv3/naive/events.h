// SPDX-License-Identifier: MIT
//
// Event records: IHI 0070 7.3.
#pragma once

#include <cstdint>
#include <vector>

#include "naive.h"

namespace naive_smmuv3 {

/// Numbers of 7.3.2 to 7.3.16, 7.3.20
enum class EventNumber : unsigned {
  F_UUT = 0x01,
  C_BAD_STREAMID = 0x02,
  F_STE_FETCH = 0x03,
  C_BAD_STE = 0x04,
  F_BAD_ATS_TREQ = 0x05,
  F_STREAM_DISABLED = 0x06,
  F_TRANSL_FORBIDDEN = 0x07,
  C_BAD_SUBSTREAMID = 0x08,
  F_CD_FETCH = 0x09,
  C_BAD_CD = 0x0A,
  F_WALK_EABT = 0x0B,
  F_TRANSLATION = 0x10,
  F_ADDR_SIZE = 0x11,
  F_ACCESS = 0x12,
  F_PERMISSION = 0x13,
  F_VMS_FETCH = 0x25
};

/// CLASS, 7.3
enum class FaultClass : unsigned { CD = 0b00, TT = 0b01, IN = 0b10 };

/// A record before it is encoded; which members count depends on the number.
struct Event {
  EventNumber number = EventNumber::C_BAD_STE;
  naive::Space SEC_SID = naive::Space::non_secure;  ///< whose Event queue it is for; not in the record
  uint32_t StreamID = 0;
  bool SSV = false;
  uint32_t SubstreamID = 0;
  bool RnW = false, InD = false, PnU = false;
  bool S2 = false;
  FaultClass CLASS = FaultClass::IN;
  bool TTRnW = false;
  bool NSIPA = false;  ///< of the IPA
  bool Stall = false;
  uint16_t STAG = 0;
  uint16_t Reason = 0;  ///< of F_UUT
  unsigned Span = 0;    ///< of F_BAD_ATS_TREQ; RnW, InD and PnU are then its NW, X and PRIV
  uint64_t InputAddr = 0;
  uint64_t IPA = 0;  ///< of the page
  uint64_t FetchAddr = 0;

  /// One of the four Translation-related faults (3.12)
  [[nodiscard]] bool translation_related() const {
    return unsigned(number) >= 0x10 && unsigned(number) <= 0x13;
  }
  /// The 32 bytes of the record
  [[nodiscard]] std::vector<uint8_t> encode() const;
};

}  // namespace naive_smmuv3
