#include "finding_words.h"

#include "smmuvp/base/fields.h"

namespace smmuvp::checker {

std::string name_of(Look::Kind kind) {
  switch (kind) {
    case Look::Kind::L1STD:
      return "L1STD";
    case Look::Kind::STE:
      return "STE";
    case Look::Kind::L1CD:
      return "L1CD";
    default:
      return "CD";
  }
}

std::string words_of(const smmuv3::Command& command) {
  std::string text = smmuv3::opcode_name(command.opcode);
  const smmuv3::CommandInfo* info = smmuv3::find_command(command.opcode);
  if (info == nullptr) return text;
  for (const Field* f : info->fields) {
    if (f == &smmuv3::CMD_Opcode) continue;
    const std::uint64_t value = get(command.words, *f);
    // Addresses and identifiers are always said, hints where there are some.
    const bool names = f == &smmuv3::CMD_VMID || f == &smmuv3::CMD_ASID || f == &smmuv3::CMD_StreamID;
    if (f == &smmuv3::CMD_Address) {
      text += " Address " + number(command.Address);
    } else if (names || value != 0) {
      text += std::string(" ") + f->name + " " + number(value);
    }
  }
  return text;
}

std::string words_of(const Invalidation& invalidation) {
  return invalidation.words.empty() ? words_of(invalidation.command) : invalidation.words;
}

std::string command_words(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::nothing:
      return "";
    case Answer::Kind::near:
      return "; " + words_of(answer.invalidation) + " does not reach it";
    case Answer::Kind::unsynced:
      return "; no CMD_SYNC follows " + words_of(answer.invalidation);
    case Answer::Kind::syncing:
      return "; the CMD_SYNC behind " + words_of(answer.invalidation) + " is not complete";
    default:
      return "";
  }
}

std::optional<RuleId> problem_of(const Answer& answer, RuleId nothing) {
  switch (answer.kind) {
    case Answer::Kind::nothing:
      return nothing;
    case Answer::Kind::near:
      return answer.rule;
    case Answer::Kind::unsynced:
      return RuleId::sync_missing;
    case Answer::Kind::syncing:
      return RuleId::sync_not_awaited;
    default:
      return std::nullopt;
  }
}

}  // namespace smmuvp::checker
