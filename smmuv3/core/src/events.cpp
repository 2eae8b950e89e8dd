#include "smmuvp/v3/events.h"

namespace smmuvp::v3 {

namespace {

/// Which fields a record of a type has; others are RES0 (7.3).
struct Layout {
  const char* name;
  EventType type;
  bool substream;    // SSV and SubstreamID; C_BAD_SUBSTREAMID has no SSV
  bool access;       // RnW, InD, PnU
  bool input;        // InputAddr
  bool stage;        // S2, CLASS
  bool translation;  // IPA; Stall and STAG are 0: no stall model
  bool fetch;        // FetchAddr
  bool reason;
};

constexpr Layout layouts[] = {
    {"F_UUT", EventType::F_UUT, true, true, true, false, false, false, true},
    {"C_BAD_STREAMID", EventType::C_BAD_STREAMID, true, false, false, false, false, false, false},
    {"F_STE_FETCH", EventType::F_STE_FETCH, true, false, false, false, false, true, true},
    {"C_BAD_STE", EventType::C_BAD_STE, true, false, false, false, false, false, false},
    {"C_BAD_SUBSTREAMID", EventType::C_BAD_SUBSTREAMID, true, false, false, false, false, false, false},
    {"F_CD_FETCH", EventType::F_CD_FETCH, true, false, false, false, false, true, true},
    {"C_BAD_CD", EventType::C_BAD_CD, true, false, false, false, false, false, false},
    {"F_WALK_EABT", EventType::F_WALK_EABT, true, true, true, true, false, true, true},
    {"F_TRANSLATION", EventType::F_TRANSLATION, true, true, true, true, true, false, false},
    {"F_ADDR_SIZE", EventType::F_ADDR_SIZE, true, true, true, true, true, false, false},
    {"F_ACCESS", EventType::F_ACCESS, true, true, true, true, true, false, false},
    {"F_PERMISSION", EventType::F_PERMISSION, true, true, true, true, true, false, false},
};

const Layout& layout_of(EventType type) {
  for (const Layout& l : layouts) {
    if (l.type == type) return l;
  }
  return layouts[0];
}

constexpr std::uint64_t at(std::uint64_t value, unsigned bit) { return value << bit; }

}  // namespace

std::array<std::uint64_t, 4> Event::words() const {
  const Layout& l = layout_of(type);
  std::array<std::uint64_t, 4> w{};
  w[0] = static_cast<std::uint64_t>(type) | at(StreamID, 32);
  if (l.substream && (SSV || type == EventType::C_BAD_SUBSTREAMID)) w[0] |= at(SubstreamID & 0xfffffU, 12);
  if (l.substream && SSV && type != EventType::C_BAD_SUBSTREAMID) w[0] |= at(1, 11);
  if (l.reason) w[1] |= Reason;  // bits [79:64]
  if (l.access) w[1] |= at(PnU, 97 - 64) | at(InD, 98 - 64) | at(RnW, 99 - 64);
  if (l.stage) w[1] |= at(S2, 103 - 64) | at(static_cast<std::uint64_t>(CLASS), 104 - 64);
  if (l.input) w[2] = InputAddr;
  if (l.translation) {
    // IPA[55:12]; UNKNOWN, and 0 here, where the fault is of stage 1. NSIPA belongs to Secure event queues.
    if (S2) w[3] |= IPA & 0x00ff'ffff'ffff'f000ULL;
    if (type == EventType::F_PERMISSION && CLASS == EventClass::TTD) w[1] |= at(TTRnW, 108 - 64);
  }
  if (l.fetch) w[3] |= FetchAddr & 0x00ff'ffff'ffff'fff8ULL;  // [55:3]
  return w;
}

void Event::visit(Archive& archive) {
  archive.value("type", type);
  archive.value("StreamID", StreamID);
  archive.value("SubstreamID", SubstreamID);
  archive.value("SSV", SSV);
  archive.value("RnW", RnW);
  archive.value("InD", InD);
  archive.value("PnU", PnU);
  archive.value("S2", S2);
  archive.value("TTRnW", TTRnW);
  archive.value("CLASS", CLASS);
  archive.value("InputAddr", InputAddr);
  archive.value("IPA", IPA);
  archive.value("FetchAddr", FetchAddr);
  archive.value("Reason", Reason);
  archive.value("time", time);
}

const char* to_string(EventType type) { return layout_of(type).name; }

}  // namespace smmuvp::v3
