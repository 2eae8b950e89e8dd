// How a schedule that fails is made small.
#pragma once

#include <cstddef>
#include <utility>

namespace smmuvp::smmu::invalidation {

/// The schedule with as few operations as still fail. Schedule::operations is a vector.
template <class Schedule, class Fails>
Schedule shrink(Schedule schedule, Fails fails) {
  // Whole parts first, then one operation at a time, until nothing can go.
  for (std::size_t part = schedule.operations.size() / 2; part > 0;) {
    bool smaller = false;
    for (std::size_t at = 0; at + part <= schedule.operations.size();) {
      Schedule without = schedule;
      const auto first = without.operations.begin() + static_cast<std::ptrdiff_t>(at);
      without.operations.erase(first, first + static_cast<std::ptrdiff_t>(part));
      if (fails(without)) {
        schedule = std::move(without);
        smaller = true;
      } else {
        ++at;
      }
    }
    if (!smaller || part > 1) part /= 2;
  }
  return schedule;
}

}  // namespace smmuvp::smmu::invalidation
