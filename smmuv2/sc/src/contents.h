// What an SMMUv2 holds, in words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/dump.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

/// Registers by the specification's names, "SMMU_CB3_SCTLR", as Non-secure software reads them. Of arrays,
/// those elements that are not 0.
std::vector<std::pair<std::string, std::uint64_t>> register_values(const ProgrammingInterface& interface);

/// Registers, caches, and stalled accesses.
DumpSection contents_of(const Smmu& smmu, const std::string& title);

}  // namespace smmuvp::smmuv2
