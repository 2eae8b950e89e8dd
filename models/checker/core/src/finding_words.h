// Parts of what findings say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "smmuvp/base/number_text.h"
#include "smmuvp/checker/command_log.h"
#include "smmuvp/checker/look.h"

namespace smmuvp::checker {

inline std::string number(std::uint64_t n) { return number_text(n, Notation::Hexadecimal); }
std::string name_of(Look::Kind kind);
/// "CMD_TLBI_NH_VA VMID 0x1 ASID 0x3 Address 0x1000"
std::string words_of(const smmuv3::Command& command);
std::string words_of(const Invalidation& invalidation);
/// "; CMD_TLBI_NH_VA ... misses it", or whatever the command of an answer does; empty: there is none.
std::string command_words(const Answer& answer);

/// What is wrong where a change has got no further than this; none: nothing is.
std::optional<RuleId> problem_of(const Answer& answer, RuleId nothing);

}  // namespace smmuvp::checker
