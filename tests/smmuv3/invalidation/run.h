// Runs a schedule on an SMMU, and asks the reference about every answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "invalidation/run.h"
#include "schedule.h"

namespace smmuvp::smmuv3::invalidation {

struct Tallies : smmu::invalidation::Tallies {
  std::uint64_t waited_overtaken = 0;   ///< waited for another's walk, and walked after an invalidation
  std::uint64_t speculative_reads = 0;  ///< with Schedule::adverse
  std::uint64_t waited_in_vain = 0;     ///< likewise without: it had found a fault, or what denied them
  /// How often an invalidation was carried out while an access waited for what it read there.
  std::array<std::uint64_t, step_kinds> overtaken{};
};
using smmu::invalidation::Disagreement;

/// @param log  takes what happens, in sentences, if given
std::optional<Disagreement> run(const Schedule& schedule, Tallies& tallies,
                                std::vector<std::string>* log = nullptr);

/// The schedule with as few operations as still disagree.
Schedule shrink(Schedule schedule);
/// The schedule, what happens in it, and the clause that is broken.
std::string report(const Schedule& schedule);

}  // namespace smmuvp::smmuv3::invalidation
