// Event records (IHI 0070 7.3).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/event_fields.h"

namespace smmuvp::smmuv3 {

/// Event numbers, also of events that are not built.
enum class EventType : std::uint8_t {
  F_UUT = 0x01,
  C_BAD_STREAMID = 0x02,
  F_STE_FETCH = 0x03,
  C_BAD_STE = 0x04,
  F_BAD_ATS_TREQ = 0x05,
  F_STREAM_DISABLED = 0x06,
  F_TRANSL_FORBIDDEN = 0x07,
  C_BAD_SUBSTREAMID = 0x08,
  F_CD_FETCH = 0x09,
  C_BAD_CD = 0x0a,
  F_WALK_EABT = 0x0b,
  F_TRANSLATION = 0x10,
  F_ADDR_SIZE = 0x11,
  F_ACCESS = 0x12,
  F_PERMISSION = 0x13,
  F_TLB_CONFLICT = 0x20,
  F_CFG_CONFLICT = 0x21,
  E_PAGE_REQUEST = 0x24,
  F_VMS_FETCH = 0x25,
};

/// One row a type of event record: which fields it has. The others are RES0.
struct EventInfo {
  const char* name;
  const char* clause;
  EventType type;
  FieldList fields;
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
  bool NSIPA = false;  ///< of a Secure stream, with S2
  bool TTRnW = false;
  bool Stall = false;
  std::uint16_t STAG = 0;  ///< with Stall
  EventClass CLASS = EventClass::IN;
  std::uint64_t InputAddr = 0;
  std::uint64_t IPA = 0;
  std::uint64_t FetchAddr = 0;
  std::uint16_t Reason = 0;  ///< IMPLEMENTATION DEFINED
  bool mergeable = false;    ///< STE.MEV, or found before there is an STE (7.3.1); not part of the record
  std::uint64_t time = 0;    ///< picoseconds; not part of the record
  std::uint64_t order = 0;   ///< among events of one time; not part of the record

  /// The 32-byte record as four little-endian words. What is UNKNOWN is 0: the SubstreamID without SSV, the
  /// IPA of a fault of stage 1, TTRnW without a table walk.
  std::array<std::uint64_t, 4> words() const;
  /// The facts that a record holds, and that this structure has a place for.
  static Event decode(const std::array<std::uint64_t, 4>& words);
  void visit(Archive& archive);
  bool before(const Event& other) const {
    return time != other.time ? time < other.time : order < other.order;
  }
};

const char* to_string(EventType type);

/// The row of an event number, or nullptr where it is Reserved or IMPLEMENTATION DEFINED.
const EventInfo* find_event(std::uint8_t number);

/// Calls visit(row) for each event of the specification.
template <typename Visitor>
void for_each_event(Visitor visit) {
  for (unsigned number = 0; number < 256; ++number) {
    if (const EventInfo* info = find_event(static_cast<std::uint8_t>(number))) visit(*info);
  }
}

// Reasons of F_UUT.
constexpr std::uint16_t reason_malformed = 1;  ///< zero length, or beyond the end of the address space
constexpr std::uint16_t reason_ats = 2;        ///< ATS request or Translated transaction, with IDR0.ATS == 0
constexpr std::uint16_t reason_identity = 3;   ///< not of the identity that its TBU is fixed to

}  // namespace smmuvp::smmuv3
