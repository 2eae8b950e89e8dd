// SystemC time to and from whole picoseconds, whatever the resolution is.
#pragma once

#include <cmath>
#include <cstdint>
#include <systemc>

namespace smmuvp {

/// Whole picoseconds, rounded down.
inline std::uint64_t to_ps(const sc_core::sc_time& t) {
  // sc_time counts the resolution's units, a power of ten from 1 fs up.
  static const double unit = sc_core::sc_get_time_resolution().to_seconds() * 1e12;
  if (unit >= 1.0) return t.value() * static_cast<std::uint64_t>(std::llround(unit));
  return t.value() / static_cast<std::uint64_t>(std::llround(1.0 / unit));
}

/// Rounded up to the resolution: nothing happens before its time.
inline sc_core::sc_time from_ps(std::uint64_t ps) {
  static const double unit = sc_core::sc_get_time_resolution().to_seconds() * 1e12;
  if (unit >= 1.0) {
    const auto n = static_cast<std::uint64_t>(std::llround(unit));
    return sc_core::sc_time::from_value((ps + n - 1) / n);
  }
  return sc_core::sc_time::from_value(ps * static_cast<std::uint64_t>(std::llround(1.0 / unit)));
}

}  // namespace smmuvp
