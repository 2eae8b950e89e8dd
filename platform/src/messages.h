// What the program says to people.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>

namespace smmuvp::platform {

/// To standard error. A terminal that hung up or a full disk loses the message and nothing else; fmt::print()
/// would throw, and a run would end without its reports.
template <typename... Args>
void tell(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace smmuvp::platform
