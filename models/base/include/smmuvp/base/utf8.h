// UTF-8 in text that a guest or a user wrote.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Where the first ill-formed sequence starts; npos if there is none.
SMMUVP_EXPORT std::size_t find_ill_formed_utf8(std::string_view text);

/// The text with every ill-formed sequence replaced by U+FFFD, so that JSON, XML and terminals take it.
SMMUVP_EXPORT std::string to_valid_utf8(std::string_view text);

/// What a message can show of words that somebody else wrote: control characters (C0, DEL and C1) become
/// "\\x1b" or "\\u009b", bytes of ill-formed sequences "\\xff"; all else stays. A terminal obeys none of it.
/// @param keep  control characters that stay, for example the line breaks of a message that has several lines
SMMUVP_EXPORT std::string printable(std::string_view text, std::string_view keep = "");

}  // namespace smmuvp
