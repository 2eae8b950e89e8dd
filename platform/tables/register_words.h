// Event records of the SMMUv3 and registers of the SMMUv2 in words, for reports.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/dump.h"
#include "smmuvp/base/field_text.h"

namespace smmuvp::tables {

/// What a value says.
struct InWords {
  std::string title;   ///< "F_TRANSLATION"
  std::string clause;  ///< where it is described
  std::vector<ExplainedField> fields;
};

/// @param words  the four of a record of an Event queue (IHI 0070 7.3)
InWords event_in_words(const std::uint64_t* words);

/// The stream mapping groups that are valid, each with its context bank, in words, from the registers of an
/// SMMUv2's contents(): rows of name, offset and value. @return a section without sections for any other
DumpSection stream_mapping_of(const DumpSection& contents);

}  // namespace smmuvp::tables
