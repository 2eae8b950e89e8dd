// SystemC time to and from whole picoseconds, whatever the resolution is.
#pragma once

#include <cmath>
#include <cstdint>
#include <systemc>

namespace smmuvp {
namespace detail {

/// sc_time counts units of the resolution, a power of ten from 1 fs up.
struct TimeUnit {
  TimeUnit() {
    const double ps = sc_core::sc_get_time_resolution().to_seconds() * 1e12;
    if (ps >= 1.0) {
      ps_per_unit = static_cast<std::uint64_t>(std::llround(ps));
    } else {
      units_per_ps = static_cast<std::uint64_t>(std::llround(1.0 / ps));
    }
    is_ps = ps_per_unit == 1 && units_per_ps == 1;
  }
  std::uint64_t to_ps(const sc_core::sc_time& t) const {
    if (__builtin_expect(is_ps, 1)) return t.value();
    return t.value() / units_per_ps * ps_per_unit;  // one of them is 1
  }
  std::uint64_t ps_per_unit = 1;
  std::uint64_t units_per_ps = 1;
  bool is_ps = true;  ///< the resolution is 1 ps: nothing is lost on the way to and fro
};

inline const TimeUnit& time_unit() {
  static const TimeUnit unit;
  return unit;
}

}  // namespace detail

/// Whole picoseconds, rounded down.
inline std::uint64_t to_ps(const sc_core::sc_time& t) { return detail::time_unit().to_ps(t); }

/// Rounded up to the resolution: nothing happens before its time.
inline sc_core::sc_time from_ps(std::uint64_t ps) {
  const detail::TimeUnit& unit = detail::time_unit();
  if (unit.ps_per_unit != 1) {
    return sc_core::sc_time::from_value((ps + unit.ps_per_unit - 1) / unit.ps_per_unit);
  }
  return sc_core::sc_time::from_value(ps * unit.units_per_ps);
}

}  // namespace smmuvp
