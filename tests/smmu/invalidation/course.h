// Which schedules are run, and how one that fails is made small.
//
//   SMMUVP_SEED=n         the first seed; the ordinary run begins with 1
//   SMMUVP_SCHEDULES=n    how many
//   SMMUVP_SECONDS=n      as many as fit into this time instead
//   SMMUVP_SEED_FILE=path the first seed is read from there, and the next one left there
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace smmuvp::smmu::invalidation {

class Course {
 public:
  /// @param ordinary  how many schedules, if nothing else is asked for
  explicit Course(std::uint64_t ordinary);
  /// Calls run(seed) for each, until one returns false. @return whether none did
  bool run(const std::function<bool(std::uint64_t)>& run) const;

 private:
  std::uint64_t m_first;
  std::uint64_t m_count;
  std::uint64_t m_seconds;
  std::string m_file;
};

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
