// Values of fields in words: for tools and messages.
#pragma once

#include <cstdint>
#include <string>

#include "smmuvp/base/export.h"
#include "smmuvp/base/fields.h"

namespace smmuvp {

/// One field of a value, or a run of bits that have no field and are not 0.
struct ExplainedField {
  std::string name;
  unsigned high = 0;
  unsigned low = 0;
  std::uint64_t value = 0;  ///< bits [high:low], shifted down
  std::string text;         ///< the value as a reader wants it: an address, a count, a code
  std::string meaning;
  bool wrong = false;    ///< a RES0 bit that is set, or a Reserved value
  bool ignored = false;  ///< IGNORED or UNKNOWN because of another field
};

/// "0x1f".
SMMUVP_EXPORT std::string hex_text(std::uint64_t value);

/// The value as a reader wants it: an address, a count, a code.
SMMUVP_EXPORT std::string value_text(const Field& field, std::uint64_t value);

/// The row that names the value; nullptr: there is none.
SMMUVP_EXPORT const FieldValue* named_value(const Field& field, std::uint64_t value);

/// What the specification says of the value. FieldUse::memory_types reads as any number.
/// @param wrong  becomes true for a Reserved value
SMMUVP_EXPORT std::string meaning_text(const Field& field, std::uint64_t value, bool& wrong);

}  // namespace smmuvp
