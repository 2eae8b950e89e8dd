#include "smmuvp/smmuv3/events.h"

#include <algorithm>
#include <type_traits>

#include "smmuvp/base/check_fields.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr const Field* stream_only[] = {&EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID};
// Neither SSV nor SubstreamID is drawn (7.3.7).
constexpr const Field* stream_disabled[] = {&EVT_Number, &EVT_StreamID};
// SubstreamID is always valid: there is no SSV (7.3.9).
constexpr const Field* bad_substream[] = {&EVT_Number, &EVT_SubstreamID, &EVT_StreamID};
constexpr const Field* uut[] = {&EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID, &EVT_Reason,
                                &EVT_PnU,    &EVT_InD, &EVT_RnW,         &EVT_InputAddr};
constexpr const Field* fetch[] = {&EVT_Number, &EVT_SSV,  &EVT_SubstreamID, &EVT_StreamID,
                                  &EVT_Reason, &EVT_GPCF, &EVT_FetchAddr};
constexpr const Field* bad_ats_treq[] = {&EVT_Number,           &EVT_SSV,
                                         &EVT_SubstreamID,      &EVT_StreamID,
                                         &EVT_TREQ_unplaced_64, &EVT_TREQ_unplaced_128,
                                         &EVT_InputAddr_page};
constexpr const Field* transl_forbidden[] = {&EVT_Number,   &EVT_SSV, &EVT_SubstreamID,
                                             &EVT_StreamID, &EVT_RnW, &EVT_InputAddr};
constexpr const Field* walk_eabt[] = {
    &EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID, &EVT_Reason,    &EVT_GPCF,     &EVT_PnU,
    &EVT_InD,    &EVT_RnW, &EVT_S2,          &EVT_CLASS,    &EVT_InputAddr, &EVT_FetchAddr};
constexpr const Field* translation[] = {&EVT_Number, &EVT_SSV,   &EVT_SubstreamID, &EVT_StreamID,  &EVT_STAG,
                                        &EVT_Stall,  &EVT_PnU,   &EVT_InD,         &EVT_RnW,       &EVT_NSIPA,
                                        &EVT_S2,     &EVT_CLASS, &EVT_impdef_112,  &EVT_InputAddr, &EVT_IPA};
constexpr const Field* permission[] = {&EVT_Number,
                                       &EVT_SSV,
                                       &EVT_SubstreamID,
                                       &EVT_StreamID,
                                       &EVT_STAG,
                                       &EVT_Stall,
                                       &EVT_PnU,
                                       &EVT_InD,
                                       &EVT_RnW,
                                       &EVT_NSIPA,
                                       &EVT_S2,
                                       &EVT_CLASS,
                                       &EVT_PERMISSION_unplaced_106,
                                       &EVT_TTRnW,
                                       &EVT_PERMISSION_unplaced_109,
                                       &EVT_impdef_112,
                                       &EVT_InputAddr,
                                       &EVT_IPA};
constexpr const Field* tlb_conflict[] = {&EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID,
                                         &EVT_Reason, &EVT_PnU, &EVT_InD,         &EVT_RnW,
                                         &EVT_NSIPA,  &EVT_S2,  &EVT_InputAddr,   &EVT_IPA};
constexpr const Field* cfg_conflict[] = {&EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID, &EVT_Reason};
constexpr const Field* page_request[] = {&EVT_Number, &EVT_SSV, &EVT_SubstreamID, &EVT_StreamID,
                                         &EVT_uX,     &EVT_uW,  &EVT_uR,          &EVT_pX,
                                         &EVT_pW,     &EVT_pR,  &EVT_Span,        &EVT_InputAddr_page};

constexpr EventInfo table[] = {
    {"F_UUT", "IHI 0070 7.3.2", EventType::F_UUT, uut},
    {"C_BAD_STREAMID", "IHI 0070 7.3.3", EventType::C_BAD_STREAMID, stream_only},
    {"F_STE_FETCH", "IHI 0070 7.3.4", EventType::F_STE_FETCH, fetch},
    {"C_BAD_STE", "IHI 0070 7.3.5", EventType::C_BAD_STE, stream_only},
    {"F_BAD_ATS_TREQ", "IHI 0070 7.3.6", EventType::F_BAD_ATS_TREQ, bad_ats_treq},
    {"F_STREAM_DISABLED", "IHI 0070 7.3.7", EventType::F_STREAM_DISABLED, stream_disabled},
    {"F_TRANSL_FORBIDDEN", "IHI 0070 7.3.8", EventType::F_TRANSL_FORBIDDEN, transl_forbidden},
    {"C_BAD_SUBSTREAMID", "IHI 0070 7.3.9", EventType::C_BAD_SUBSTREAMID, bad_substream},
    {"F_CD_FETCH", "IHI 0070 7.3.10", EventType::F_CD_FETCH, fetch},
    {"C_BAD_CD", "IHI 0070 7.3.11", EventType::C_BAD_CD, stream_only},
    {"F_WALK_EABT", "IHI 0070 7.3.12", EventType::F_WALK_EABT, walk_eabt},
    {"F_TRANSLATION", "IHI 0070 7.3.13", EventType::F_TRANSLATION, translation},
    {"F_ADDR_SIZE", "IHI 0070 7.3.14", EventType::F_ADDR_SIZE, translation},
    {"F_ACCESS", "IHI 0070 7.3.15", EventType::F_ACCESS, translation},
    {"F_PERMISSION", "IHI 0070 7.3.16", EventType::F_PERMISSION, permission},
    {"F_TLB_CONFLICT", "IHI 0070 7.3.17", EventType::F_TLB_CONFLICT, tlb_conflict},
    {"F_CFG_CONFLICT", "IHI 0070 7.3.18", EventType::F_CFG_CONFLICT, cfg_conflict},
    {"E_PAGE_REQUEST", "IHI 0070 7.3.19", EventType::E_PAGE_REQUEST, page_request},
    {"F_VMS_FETCH", "IHI 0070 7.3.20", EventType::F_VMS_FETCH, fetch},
};

constexpr bool rows_are_well_formed() {
  for (const EventInfo& a : table) {
    if (!well_formed(a.fields, 32)) return false;
    for (const EventInfo& b : table) {
      if (&a != &b && (a.type == b.type || same_text(a.name, b.name))) return false;
    }
  }
  return true;
}
static_assert(rows_are_well_formed());

// An event that was restored from an archive can have any number.
const EventInfo& info_of(EventType type) {
  const EventInfo* info = find_event(static_cast<std::uint8_t>(type));
  return info != nullptr ? *info : table[0];
}

// Calls visit(field, member) for each member of an event that a record can hold.
template <typename E, typename Visitor>
void for_each_member(E& e, Visitor visit) {
  visit(EVT_Number, e.type);
  visit(EVT_SSV, e.SSV);
  visit(EVT_SubstreamID, e.SubstreamID);
  visit(EVT_StreamID, e.StreamID);
  visit(EVT_Reason, e.Reason);
  visit(EVT_STAG, e.STAG);
  visit(EVT_Stall, e.Stall);
  visit(EVT_PnU, e.PnU);
  visit(EVT_InD, e.InD);
  visit(EVT_RnW, e.RnW);
  visit(EVT_S2, e.S2);
  visit(EVT_NSIPA, e.NSIPA);
  visit(EVT_CLASS, e.CLASS);
  visit(EVT_TTRnW, e.TTRnW);
  visit(EVT_InputAddr, e.InputAddr);
  visit(EVT_InputAddr_page, e.InputAddr);
  visit(EVT_IPA, e.IPA);
  visit(EVT_FetchAddr, e.FetchAddr);
}

bool has(const EventInfo& info, const Field& field) {
  return std::find(info.fields.begin(), info.fields.end(), &field) != info.fields.end();
}

}  // namespace

std::array<std::uint64_t, 4> Event::words() const {
  const EventInfo& info = info_of(type);
  Event e = *this;
  if (!SSV && has(info, EVT_SSV)) e.SubstreamID = 0;
  if (!S2) {
    e.IPA = 0;
    e.NSIPA = false;
  }
  if (CLASS != EventClass::TTD) e.TTRnW = false;
  std::array<std::uint64_t, 4> w{};
  for_each_member(e, [&](const Field& f, const auto& member) {
    if (has(info, f)) set_address(w, f, static_cast<std::uint64_t>(member));
  });
  return w;
}

Event Event::decode(const std::array<std::uint64_t, 4>& words) {
  Event e;
  e.type = get_as<EventType>(words, EVT_Number);
  const EventInfo* info = find_event(static_cast<std::uint8_t>(e.type));
  if (info == nullptr) return e;
  for_each_member(e, [&](const Field& f, auto& member) {
    if (has(*info, f)) member = static_cast<std::decay_t<decltype(member)>>(get_address(words, f));
  });
  return e;
}

const EventInfo* find_event(std::uint8_t number) {
  for (const EventInfo& info : table) {
    if (static_cast<std::uint8_t>(info.type) == number) return &info;
  }
  return nullptr;
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
  archive.value("NSIPA", NSIPA);
  archive.value("TTRnW", TTRnW);
  archive.value("Stall", Stall);
  archive.value("STAG", STAG);
  archive.value("CLASS", CLASS);
  archive.value("InputAddr", InputAddr);
  archive.value("IPA", IPA);
  archive.value("FetchAddr", FetchAddr);
  archive.value("Reason", Reason);
  archive.value("mergeable", mergeable);
  archive.time("time", time);
  archive.value("order", order);
}

const char* to_string(EventType type) { return info_of(type).name; }

}  // namespace smmuvp::smmuv3
