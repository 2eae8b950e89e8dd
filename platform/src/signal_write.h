// Output that a signal handler may make.
#pragma once
#include <string_view>

namespace smmuvp::platform {

/// Writes as much as the other end takes now. A reader that is stuck cannot keep a handler, whose own signal
/// is blocked, from ending the program; what it has no room for is lost.
void write_what_fits(int descriptor, std::string_view text);

}  // namespace smmuvp::platform
