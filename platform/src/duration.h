// Times on the command line and in configurations: "10s", "500ms", "20us", "3ns", "7ps".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace smmuvp::platform {

/// @param ps  the time in picoseconds. @return false if the text is no such time or does not fit.
/// Whole numbers and decimal fractions ("1.5s") are taken; the unit is required.
bool parse_duration(std::string_view text, std::uint64_t& ps);

/// "1.234567 s", "12.5 ms": at most six decimals, the largest unit that leaves a whole part.
std::string duration_text(std::uint64_t ps);

}  // namespace smmuvp::platform
