// How numbers appear in messages and tables: as the user or the declaration wrote them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "smmuvp/base/export.h"

namespace smmuvp {

enum class Notation : std::uint8_t {
  Decimal,
  Hexadecimal,
  Size,  ///< GiB, MiB or KiB, the largest that is exact; decimal if none is
};

/// The notation that a number is written in, for example a parameter's default.
SMMUVP_EXPORT Notation notation_of(std::string_view text);
SMMUVP_EXPORT std::string number_text(std::uint64_t value, Notation notation);

}  // namespace smmuvp
