// Event records (IHI 0070 7.3).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"

namespace smmuvp::v3 {

/// Event numbers. Those of features that are not built are not here.
enum class EventType : std::uint8_t {
  F_UUT = 0x01,
  C_BAD_STREAMID = 0x02,
  F_STE_FETCH = 0x03,
  C_BAD_STE = 0x04,
  C_BAD_SUBSTREAMID = 0x08,
  F_CD_FETCH = 0x09,
  C_BAD_CD = 0x0a,
  F_WALK_EABT = 0x0b,
  F_TRANSLATION = 0x10,
  F_ADDR_SIZE = 0x11,
  F_ACCESS = 0x12,
  F_PERMISSION = 0x13,
};

/// What was being accessed (field CLASS).
enum class EventClass : std::uint8_t { CD = 0, TTD = 1, IN = 2 };

/// All facts of an event, made once; words() renders those that its type has.
struct Event {
  EventType type = EventType::F_UUT;
  std::uint32_t StreamID = 0;
  std::uint32_t SubstreamID = 0;
  bool SSV = false;
  bool RnW = false;
  bool InD = false;
  bool PnU = false;
  bool S2 = false;
  bool TTRnW = false;
  EventClass CLASS = EventClass::IN;
  std::uint64_t InputAddr = 0;
  std::uint64_t IPA = 0;
  std::uint64_t FetchAddr = 0;
  std::uint16_t Reason = 0;  ///< IMPLEMENTATION DEFINED
  std::uint64_t time = 0;    ///< picoseconds; not part of the record

  /// The 32-byte record as four little-endian words.
  std::array<std::uint64_t, 4> words() const;
  void visit(Archive& archive);
};

const char* to_string(EventType type);

// Reasons of F_UUT.
constexpr std::uint16_t reason_malformed = 1;  ///< zero length, or beyond the end of the address space
constexpr std::uint16_t reason_ats = 2;        ///< ATS request or Translated transaction, with IDR0.ATS == 0

}  // namespace smmuvp::v3
