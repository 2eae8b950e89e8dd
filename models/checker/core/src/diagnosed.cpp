#include "smmuvp/checker/diagnosed.h"

namespace smmuvp::checker {

namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

}  // namespace

std::optional<RuleId> rule_of_diagnostic(std::string_view site) {
  // What devices and memory do.
  for (const std::string_view other : {"CMD_ATC_INV.timeout", "HTTU.atomic", "HAFDBS.atomic",
                                       "StreamID.SIDSIZE", "broadcast.supply", "TBU.identity"}) {
    if (site == other) return std::nullopt;
  }
  if (site == "CMD_RESUME.STAG") return RuleId::stall_resumed;
  // The address does not fit the level that TTL names.
  if (starts_with(site, "CMD_TLBI_") && ends_with(site, ".Address")) return RuleId::tlbi_level;
  if (site == "CMDQ.CERROR_ILL" || starts_with(site, "CMD_") || site == "TLBI.ASID")
    return RuleId::command_illegal;
  if (ends_with(site, ".inconsistent")) return RuleId::queue_indexes;
  if (ends_with(site, ".abort")) return RuleId::queue_memory;
  if (ends_with(site, ".ILLEGAL") || ends_with(site, ".PARTID")) return RuleId::structure_illegal;
  if (ends_with(site, ".guard") || ends_with(site, ".Update")) return RuleId::register_guarded;
  return RuleId::register_misused;
}

}  // namespace smmuvp::checker
