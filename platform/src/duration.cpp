#include "duration.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace smmuvp::platform {

namespace {
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> units{{{"ps", 1},
                                                                           {"ns", 1000},
                                                                           {"us", 1000'000},
                                                                           {"ms", 1000'000'000},
                                                                           {"s", 1000'000'000'000},
                                                                           {"min", 60'000'000'000'000},
                                                                           {"h", 3600'000'000'000'000}}};
}

bool parse_duration(std::string_view text, std::uint64_t& ps) {
  std::size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) {
    ++digits;
  }
  const std::string_view number = text.substr(0, digits);
  std::string_view unit = text.substr(digits);
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  std::uint64_t scale = 0;
  for (const auto& [name, value] : units) {
    if (name == unit) scale = value;
  }
  if (scale == 0 || number.empty() || number.front() == '.' || number.back() == '.') return false;

  std::uint64_t total = 0;
  bool fraction = false;
  std::uint64_t place = scale;
  for (const char c : number) {
    if (c == '.') {
      if (fraction) return false;
      fraction = true;
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (!fraction) {
      if (__builtin_mul_overflow(total, std::uint64_t{10}, &total) ||
          __builtin_add_overflow(total, digit * scale, &total)) {
        return false;
      }
    } else {
      place /= 10;
      if (__builtin_add_overflow(total, digit * place, &total)) return false;
    }
  }
  ps = total;
  return true;
}

std::string duration_text(std::uint64_t ps) {
  const std::pair<std::string_view, std::uint64_t>* unit = &units[0];
  for (std::size_t i = 1; i < 5; ++i) {
    if (ps >= units[i].second) unit = &units[i];
  }
  std::string text = fmt::format("{}", ps / unit->second);
  // Only as many decimals as the unit has, six at most; no rounding, so that equal times print equally.
  std::string decimals;
  std::uint64_t rest = ps % unit->second;
  std::uint64_t place = unit->second;
  while (decimals.size() < 6 && rest != 0) {
    place /= 10;
    decimals.push_back(static_cast<char>('0' + rest / place));
    rest %= place;
  }
  while (!decimals.empty() && decimals.back() == '0') decimals.pop_back();
  if (!decimals.empty()) text += "." + decimals;
  return fmt::format("{} {}", text, unit->first);
}

}  // namespace smmuvp::platform
