// UTF-8 in text that a guest wrote.
#pragma once
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// The text with every ill-formed sequence replaced by U+FFFD, so that JSON, XML and terminals take it.
std::string to_valid_utf8(std::string_view text);

}  // namespace smmuvp::platform
