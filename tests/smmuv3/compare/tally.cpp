#include "tally.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"

namespace smmuvp::compare {

namespace {

using llu = unsigned long long;

const char* why_never(smmuv3::EventType type) {
  using smmuv3::EventType;
  switch (type) {
    case EventType::E_PAGE_REQUEST:
      return "speculative page requests are not made";
    case EventType::F_TLB_CONFLICT:
    case EventType::F_CFG_CONFLICT:
      return "conflicts are not detected";
    default:
      return nullptr;
  }
}

// A third of all machines have a Secure state, and a half of those Secure EL2.
void add_secure_rows(const Tally& t, const smmuv3::Features& all, std::vector<Row>& rows) {
  rows.push_back({"Secure accesses", t.secure_accesses, 1000, nullptr});
  rows.push_back({"that stall", t.secure_stalled, 1000, nullptr});
  rows.push_back({"that go on to Secure memory", t.secure_to_secure, 1000, nullptr});
  rows.push_back({"to Non-secure memory", t.secure_to_non_secure, 1000, nullptr});
  rows.push_back({"commands for Non-secure", t.for_non_secure, 1000, nullptr});
  rows.push_back({"S_INIT.INV_ALL", t.whole_invalidations, 1000, nullptr});
  for (unsigned i = 0; i < 8; ++i) {
    rows.push_back({"Secure STE.Config " + std::to_string(i), t.secure_configs[i], 50, nullptr});
  }
  smmuv3::for_each_event([&](const smmuv3::EventInfo& info) {
    const char* never = why_never(info.type);
    rows.push_back({std::string("Secure ") + info.name, t.secure_events[static_cast<std::uint8_t>(info.type)],
                    never == nullptr ? 20U : 0U, never});
  });
  smmuv3::Origin queue;
  queue.sec_sid = smmuv3::SecSid::secure;
  for (unsigned i = 0; i < 256; ++i) {
    const smmuv3::CommandInfo* info = smmuv3::command_info(static_cast<std::uint8_t>(i), all, queue);
    if (info == nullptr) continue;
    rows.push_back({std::string("Secure ") + info->name, t.secure_carried_out[i], 50, nullptr});
  }
  for (const auto& [bit, name] : {std::pair{0, "CMDQ_ERR"},
                                  {2, "EVENTQ_ABT_ERR"},
                                  {4, "MSI_CMDQ_ABT_ERR"},
                                  {5, "MSI_EVENTQ_ABT_ERR"},
                                  {7, "MSI_GERROR_ABT_ERR"}}) {
    rows.push_back(
        {std::string("S_GERROR.") + name, t.secure_errors[static_cast<unsigned>(bit)], 50, nullptr});
  }
}

}  // namespace

std::vector<Row> rows_of(const Tally& t) {
  std::vector<Row> rows;
  for (unsigned i = 0; i < 8; ++i) {
    rows.push_back(
        {"STE.Config 0b" + std::string{char('0' + (i >> 2)), char('0' + (i >> 1 & 1)), char('0' + (i & 1))},
         t.configs[i], 1000, nullptr});
  }
  rows.push_back({"STE.CONT, runs of STEs", t.runs, 1000, nullptr});
  smmuv3::for_each_event([&](const smmuv3::EventInfo& info) {
    const char* never = why_never(info.type);
    rows.push_back(
        {info.name, t.events[static_cast<std::uint8_t>(info.type)], never == nullptr ? 1000U : 0U, never});
  });
  smmuv3::Features all;  // as far as commands go
  all.Hyp = true;
  all.STALL_MODEL = 0;
  all.ATS = all.PRI = true;
  all.SECURE_IMPL = all.SEL2 = true;
  all.MPAM = true;
  all.PARTID_MAX = all.S_PARTID_MAX = 1;
  std::uint64_t least_illegal = ~0ULL;
  for (unsigned i = 0; i < 256; ++i) {
    if (const smmuv3::CommandInfo* info = smmuv3::command_info(static_cast<std::uint8_t>(i), all)) {
      rows.push_back({info->name, t.carried_out[i], 1000, nullptr});
    } else {
      least_illegal = std::min(least_illegal, t.opcodes[i]);
    }
  }
  rows.push_back({"each other opcode", least_illegal, 1000, nullptr});
  for (const auto& [bit, name] : {std::pair{0, "CMDQ_ERR"},
                                  {2, "EVENTQ_ABT_ERR"},
                                  {3, "PRIQ_ABT_ERR"},
                                  {4, "MSI_CMDQ_ABT_ERR"},
                                  {5, "MSI_EVENTQ_ABT_ERR"},
                                  {6, "MSI_PRIQ_ABT_ERR"},
                                  {7, "MSI_GERROR_ABT_ERR"},
                                  {9, "CMDQP_ERR"}}) {
    // Queues of pages are aborted less often.
    const std::uint64_t least = bit == 3 ? 50 : bit == 6 ? 400 : 1000;
    rows.push_back({std::string("GERROR.") + name, t.errors[static_cast<unsigned>(bit)], least, nullptr});
  }
  for (const auto& [code, name] :
       {std::pair{1U, "CERROR_ILL"}, {2U, "CERROR_ABT"}, {3U, "CERROR_ATC_INV_SYNC"}}) {
    rows.push_back({name, t.cerrors[code], 1000, nullptr});
  }
  for (const auto& [i, name] :
       {std::pair{0U, "Translation Request: rights"}, {1U, "no rights"}, {2U, "UR"}, {3U, "CA"}}) {
    rows.push_back({name, t.completions[i], 1000, nullptr});
  }
  rows.push_back({"Translated transactions", t.translated_accesses, 1000, nullptr});
  rows.push_back({"that are forwarded", t.translated_forwarded, 1000, nullptr});
  rows.push_back({"Invalidate Requests", t.atc_invalidations, 1000, nullptr});
  rows.push_back({"that time out", t.atc_timeouts, 1000, nullptr});
  rows.push_back({"page requests", t.page_requests, 1000, nullptr});
  rows.push_back({"that are recorded", t.pri_records, 1000, nullptr});
  rows.push_back({"overflows of the PRI queue", t.pri_overflows, 1000, nullptr});
  for (const auto& [code, name] : {std::pair{0U, "Success"}, {1U, "Invalid Request"}, {15U, "Failure"}}) {
    rows.push_back({std::string("PRG response: ") + name, t.responses[code], 1000, nullptr});
  }
  rows.push_back({"commands of ECMDQs", t.ecmdq_commands, 1000, nullptr});
  add_secure_rows(t, all, rows);
  rows.push_back({"PARTIDs of accesses", t.labels, 1000, nullptr});
  rows.push_back({"of the Secure space", t.secure_labels, 1000, nullptr});
  rows.push_back({"of Secure streams, MPAM_NS", t.labels_with_MPAM_NS, 1000, nullptr});
  for (const std::string_view purpose :
       {"L1STD", "STE", "L1CD", "CD", "VMS", "TTD", "command", "event", "page request", "MSI"}) {
    const auto found = t.own_labels.find(purpose);
    rows.push_back({"PARTIDs of own accesses: " + std::string(purpose),
                    found == t.own_labels.end() ? 0 : found->second, 1000, nullptr});
  }
  rows.push_back({"MSI", t.msis, 1000, nullptr});
  rows.push_back({"GATOS", t.atos, 1000, nullptr});
  for (unsigned i = 0; i < 256; ++i) {
    if (t.atos_faults[i] != 0) {
      char name[40];
      std::snprintf(name, sizeof name, "GATOS_PAR.FAULTCODE 0x%02x", i);
      rows.push_back({name, t.atos_faults[i],
                      i == 0xfd   ? 1U
                      : i == 0x25 ? 10U
                                  : 100U,
                      nullptr});  // INTERNAL_ERR: with SMMUEN 0
    }
  }
  rows.push_back({"S_GATOS", t.s_gatos, 1000, nullptr});
  rows.push_back({"S_GATOS of Non-secure streams", t.s_gatos_of_non_secure, 250, nullptr});
  rows.push_back({"those that succeed", t.s_gatos_successes, 200, nullptr});
  rows.push_back({"VATOS", t.vatos, 1000, nullptr});
  rows.push_back({"S_VATOS", t.s_vatos, 100, nullptr});
  rows.push_back({"those of one VM that succeed", t.vatos_successes, 500, nullptr});
  for (const auto& [code, name] : {std::pair{0xffU, "INV_REQ"},
                                   {0xfeU, "INV_STAGE"},
                                   {0x02U, "C_BAD_STREAMID"},
                                   {0x04U, "C_BAD_STE"},
                                   {0x06U, "F_STREAM_DISABLED"},
                                   {0x08U, "C_BAD_SUBSTREAMID"},
                                   {0x09U, "F_CD_FETCH"},
                                   {0x0aU, "C_BAD_CD"},
                                   {0x0bU, "F_WALK_EABT"},
                                   {0x10U, "F_TRANSLATION"},
                                   {0x11U, "F_ADDR_SIZE"},
                                   {0x12U, "F_ACCESS"},
                                   {0x13U, "F_PERMISSION"}}) {
    rows.push_back({std::string("VATOS_PAR.FAULTCODE ") + name, t.vatos_faults[code], 20, nullptr});
  }
  return rows;
}

void print(const Tally& t) {
  std::printf(
      "%llu programs, %llu accesses: %llu forwarded, %llu of them translated, %llu TLB hits; %llu aborted, "
      "%llu RAZ/WI, %llu stalled; %llu address translation operations; %llu abandoned\n",
      llu{t.programs}, llu{t.accesses}, llu{t.forwarded}, llu{t.translated}, llu{t.tlb_hits}, llu{t.aborted},
      llu{t.razwi}, llu{t.stalled}, llu{t.atos}, llu{t.abandoned});
  for (const Row& row : rows_of(t)) {
    std::printf("%-32s %10llu%s%s\n", row.name.c_str(), llu{row.count},
                row.never != nullptr ? "  cannot occur: " : "", row.never != nullptr ? row.never : "");
  }
}

}  // namespace smmuvp::compare
