// UTF-8 in text that a guest or a user wrote.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// Where the first ill-formed sequence starts; npos if there is none.
std::size_t find_ill_formed_utf8(std::string_view text);

/// The text with every ill-formed sequence replaced by U+FFFD, so that JSON, XML and terminals take it.
std::string to_valid_utf8(std::string_view text);

}  // namespace smmuvp::platform
