// Runs a schedule on an SMMU, and asks the reference about every answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "invalidation/run.h"
#include "schedule.h"

namespace smmuvp::smmuv2::invalidation {

struct Tallies : smmu::invalidation::Tallies {
  /// How often an operation was carried out while an access waited for what it read there.
  std::array<std::uint64_t, step_kinds> overtaken{};
  /// By operation, those after which a synchronisation was complete.
  std::array<std::uint64_t, static_cast<std::size_t>(Operation::count)> completed{};
};
using smmu::invalidation::Disagreement;

/// @param log  takes what happens, in sentences, if given
std::optional<Disagreement> run(const Schedule& schedule, Tallies& tallies,
                                std::vector<std::string>* log = nullptr);

/// The schedule with as few operations as still disagree, what happens in it, and the clause that is broken.
std::string report(const Schedule& schedule);

}  // namespace smmuvp::smmuv2::invalidation
