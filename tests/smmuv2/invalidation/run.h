// Runs a schedule on an SMMU, and asks the reference about every answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schedule.h"

namespace smmuvp::smmuv2::invalidation {

/// What answers were, over any number of schedules.
struct Tallies {
  std::uint64_t schedules = 0;
  std::uint64_t operations = 0;
  std::uint64_t answers_new = 0;  ///< outputs as memory has them at the end
  std::uint64_t answers_old = 0;  ///< other outputs that are allowed
  std::uint64_t faults = 0;
  std::uint64_t hits = 0;           ///< of the TLB
  std::uint64_t hits_required = 0;  ///< that no operation had named
  std::uint64_t merged = 0;         ///< accesses that went by the walk of another
  std::uint64_t syncs_waited = 0;   ///< synchronisations that an access kept from completing
  std::uint64_t peak = 0;           ///< accesses under way at the same time
  /// How often an operation was carried out while an access waited for what it read there.
  std::array<std::uint64_t, step_kinds> overtaken{};
  /// By operation, those after which a synchronisation was complete.
  std::array<std::uint64_t, static_cast<std::size_t>(Operation::count)> completed{};
};

struct Disagreement {
  std::size_t operation = 0;  ///< index; the number of operations: while all was brought to its end
  std::string what;
  std::string clause;
};

/// @param log  takes what happens, in sentences, if given
std::optional<Disagreement> run(const Schedule& schedule, Tallies& tallies,
                                std::vector<std::string>* log = nullptr);

/// The schedule with as few operations as still disagree, what happens in it, and the clause that is broken.
std::string report(const Schedule& schedule);

}  // namespace smmuvp::smmuv2::invalidation
