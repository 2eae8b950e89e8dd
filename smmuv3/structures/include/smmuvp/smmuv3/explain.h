// What a structure in memory says, field by field, in words: for tools and messages, never part of a
// translation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/field_text.h"

namespace smmuvp::smmuv3 {

struct Features;
struct Ste;

enum class StructureKind : std::uint8_t { L1STD, STE, L1CD, CD, command, event, page_request, VMS };
/// In the order of the enumeration.
constexpr unsigned structure_kind_count = 8;

/// How a tool calls a kind, and how large it is.
struct StructureKindInfo {
  const char* word;   ///< "ste"
  const char* title;  ///< "Stream Table Entry"
  unsigned words;     ///< of 64 bits
};
const StructureKindInfo& kind_info(StructureKind kind);
/// The kind that a tool's user calls so.
std::optional<StructureKind> kind_of_word(const std::string& word);

/// What the model says to a structure.
struct Verdict {
  bool legal = false;
  std::string word;    ///< "legal", "ILLEGAL", "invalid" (V is 0) or "CERROR_ILL"
  std::string why;     ///< empty where it is legal
  std::string clause;  ///< where the rules stand
};

struct StructureExplanation {
  std::string title;                   ///< "STE", or the name of the command or event
  std::string clause;                  ///< where it is described
  std::vector<ExplainedField> fields;  ///< from the least significant on; all declared ones
  std::optional<Verdict> verdict;      ///< for STEs, CDs and commands
};

/// Explains any value; the verdict is that of the model with its default features.
/// @param words  kind_info(kind).words of them, the lowest first
StructureExplanation explain(StructureKind kind, const std::uint64_t* words);
/// The same, with the verdict of a model that has other features.
StructureExplanation explain(StructureKind kind, const std::uint64_t* words, const Features& features);
/// @param found_by  of a CD: the STE that leads to it, whose StreamWorld and stage 2 say what it means. Of an
///                  STE: whose origin is its own; of a command: whose origin is the queue's
StructureExplanation explain(StructureKind kind, const std::uint64_t* words, const Features& features,
                             const Ste& found_by);

}  // namespace smmuvp::smmuv3
